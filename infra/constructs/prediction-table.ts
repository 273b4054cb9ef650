import { Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ARMS } from '../../functions/inference/log/prediction.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';

export interface PredictionTableProps {
  readonly bucket: Bucket;
}

/**
 * Columns of a record, without `model` and `arm`, which its path has. The SerDe finds `targetDate` under a name in lower
 * case. It parses numbers from text, so that `units` takes NaN and Infinity from their names.
 */
export const PREDICTION_COLUMNS = {
  at: 'string',
  version: 'string',
  sku: 'string',
  store: 'string',
  region: 'string',
  category: 'string',
  segments: 'array<string>',
  targetdate: 'string',
  horizondays: 'int',
  units: 'double',
  revision: 'bigint',
  promotionid: 'string',
  requestid: 'string',
} as const;

/**
 * Partitions in the order of the path, which is Athena's own for `column=value`. They are projected, not listed: nothing
 * has to crawl. A query names its model; versions lie below, as Athena reads all that a partition's path begins.
 */
const PARTITIONS = {
  model: { type: 'injected' },
  // Business dates of requests; those of a shop east of UTC are a day ahead.
  date: { type: 'date', format: 'yyyy-MM-dd', range: '2020-01-01,NOW+1DAYS', interval: '1', 'interval.unit': 'DAYS' },
  arm: { type: 'enum', values: ARMS.join(',') },
} as const;

/** The prediction log as a table for Athena: gzipped JSON lines under `predictions/`. */
export class PredictionTable extends Construct {
  readonly databaseName: string;
  readonly tableName = 'predictions';

  constructor(scope: Construct, id: string, { bucket }: PredictionTableProps) {
    super(scope, id);
    const { stackName, account } = Stack.of(this);
    // Athena takes names in lower case alone.
    this.databaseName = stackName.toLowerCase().replaceAll('-', '_');
    const database = new CfnDatabase(this, 'Database', {
      catalogId: account,
      databaseInput: { name: this.databaseName, description: 'What the model release leaves for analysts.' },
    });
    const table = new CfnTable(this, 'Table', {
      catalogId: account,
      databaseName: this.databaseName,
      tableInput: {
        name: this.tableName,
        description: 'Every forecast of every version that ran, served or not; written once.',
        tableType: 'EXTERNAL_TABLE',
        parameters: { classification: 'json', compressionType: 'gzip', 'projection.enabled': 'true', ...projections() },
        partitionKeys: Object.keys(PARTITIONS).map((name) => ({ name, type: 'string' })),
        storageDescriptor: {
          columns: Object.entries(PREDICTION_COLUMNS).map(([name, type]) => ({ name, type })),
          location: bucket.s3UrlForObject(predictionPaths.predictionsPrefix),
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
        },
      },
    });
    table.addResourceDependency(database);
  }
}

function projections(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PARTITIONS).flatMap(([column, properties]) =>
      Object.entries(properties).map(([name, value]) => [`projection.${column}.${name}`, value]),
    ),
  );
}
