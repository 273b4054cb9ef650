import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { Match } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARMS, type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { PredictionLogStore } from '../../functions/inference/log/prediction-log-store.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { PREDICTION_COLUMNS } from '../../infra/constructs/prediction-table.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';
import { synthesized } from './synthesized.ts';

const stack = synthesized();
const fields = Object.keys(predictionRecord.shape);
/** In the order of the path. */
const PARTITIONS = ['model', 'date', 'arm'] as const;

describe('The table of predictions', () => {
  it('lies over the log, as gzipped JSON lines', () => {
    stack.template.hasResourceProperties('AWS::Glue::Table', {
      DatabaseName: 'modelrelease',
      TableInput: {
        Name: 'predictions',
        TableType: 'EXTERNAL_TABLE',
        StorageDescriptor: {
          Location: {
            'Fn::Join': ['', ['s3://', { Ref: Match.stringLikeRegexp('^BucketsPredictions') }, '/predictions/']],
          },
          InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          SerdeInfo: { SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
        },
      },
    });
    stack.template.hasResourceProperties('AWS::Glue::Database', { DatabaseInput: { Name: 'modelrelease' } });
  });

  it('has every member of a record once: as a column, or as a part of the path', () => {
    const columns = Object.keys(PREDICTION_COLUMNS);
    expect([...columns, 'model', 'arm'].toSorted()).toEqual(fields.map((field) => field.toLowerCase()).toSorted());
  });

  it('projects its partitions from the path of the log, in their order', () => {
    const of = { model: 'm', asOf: '2026-03-01', arm: 'shadow', version: 'v', requestId: 'r', revision: 1 };
    const path = predictionPaths.prediction(of);
    expect([...path.matchAll(/\/(\w+)=/g)].map(([, name]) => name)).toEqual([...PARTITIONS, 'version']);
    stack.template.hasResourceProperties('AWS::Glue::Table', {
      TableInput: {
        PartitionKeys: PARTITIONS.map((Name) => ({ Name, Type: 'string' })),
        Parameters: {
          ...{ classification: 'json', compressionType: 'gzip', 'projection.enabled': 'true' },
          'projection.model.type': 'injected',
          ...{ 'projection.date.type': 'date', 'projection.date.format': 'yyyy-MM-dd' },
          'projection.date.range': '2020-01-01,NOW+1DAYS',
          ...{ 'projection.date.interval': '1', 'projection.date.interval.unit': 'DAYS' },
          ...{ 'projection.arm.type': 'enum', 'projection.arm.values': ARMS.join(',') },
        },
      },
    });
  });
});

const QUERIES = join(import.meta.dirname, '..', '..', 'infra', 'queries');

const record = (members: Partial<PredictionRecord>): PredictionRecord => ({
  ...{ at: '2026-03-02T06:00:00.000Z', model: 'demand', version: '1.1.0', arm: 'production', sku: 'milk' },
  ...{ store: 'harbour', region: 'north', category: 'fresh', segments: ['tier:a'], targetDate: '2026-03-02' },
  ...{ horizonDays: 1, units: 10, revision: 3, promotionId: 'demand_2-0-0_1', requestId: 'day-60', ...members },
});
const shadow = (members: Partial<PredictionRecord>) => record({ arm: 'shadow', version: '2.0.0', ...members });

/** Types of DuckDB for those of the table: it reads numbers from text, and from names of no number, as the SerDe does. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ string: 'VARCHAR', double: 'DOUBLE', int: 'INTEGER', bigint: 'BIGINT', 'array<string>': 'VARCHAR[]' },
};
const columns: Readonly<Record<string, string>> = PREDICTION_COLUMNS;

describe('The queries of the log', () => {
  it('stand in the README as they are in their files', () => {
    const readme = readFileSync(join(QUERIES, '..', '..', 'README.md'), 'utf8');
    const missing = readdirSync(QUERIES).filter((file) => {
      return !readme.includes(`\`\`\`sql\n${readFileSync(join(QUERIES, file), 'utf8')}\`\`\`\n`);
    });
    expect(missing).toEqual([]);
  });

  const directory = mkdtempSync(join(tmpdir(), 'prediction-log-'));
  let served: Served;
  let client: S3Client;
  let run: (sql: string) => Promise<readonly unknown[]>;

  beforeAll(async () => {
    const s3 = createS3();
    s3.createBucket('predictions', {});
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
    const log = new PredictionLogStore(client, 'predictions');
    const write = async (asOf: string, requestId: string, records: readonly PredictionRecord[]) => {
      const named = records.map((one) => ({ ...one, requestId }));
      const { model = '', revision = 0 } = records[0] ?? {};
      expect(await log.log({ model, asOf, requestId, revision, records: named })).toMatchObject({ failed: 0 });
    };
    await write('2026-03-01', 'day-60', [
      ...[record({}), record({ targetDate: '2026-03-03', horizonDays: 2, units: 12 })],
      ...[shadow({ units: 13 }), shadow({ targetDate: '2026-03-03', horizonDays: 2, units: 'NaN' })],
      ...[record({ sku: 'bread', units: 30 }), shadow({ sku: 'bread', units: 27 })],
      ...[record({ sku: 'salt', units: 5 }), shadow({ sku: 'salt', units: null })],
    ]);
    const later = { at: '2026-03-03T06:00:00.000Z', targetDate: '2026-03-03', revision: 4 };
    await write('2026-03-02', 'day-61', [
      record({ ...later, arm: 'canary', version: '2.0.0', units: 14 }),
      record({ ...later, arm: 'canary', version: '2.0.0', targetDate: '2026-03-04', horizonDays: 2, units: 15 }),
      record({ ...later, sku: 'bread', units: 31 }),
      shadow({ ...later, sku: 'bread', units: 'Infinity' }),
    ]);
    const last = { at: '2026-03-04T06:00:00.000Z', targetDate: '2026-03-04', revision: 5 };
    await write('2026-03-03', 'day-62', [
      record({ ...last, units: 9 }),
      record({ ...last, model: 'demand', sku: 'salt' }),
    ]);
    await write('2026-03-01', 'other', [record({ model: 'other', units: 99 })]);

    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'predictions' }));
    for (const { Key = '' } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'predictions', Key }));
      mkdirSync(join(directory, dirname(Key)), { recursive: true });
      writeFileSync(join(directory, Key), (await Body?.transformToByteArray()) ?? '');
    }
    const connection = await (await DuckDBInstance.create()).connect();
    const inFiles = fields.filter((field) => field.toLowerCase() in columns);
    const typed = inFiles.map((field) => `"${field}": '${TYPES[columns[field.toLowerCase()] ?? '']}'`);
    const picked = inFiles.map((field) => `files."${field}" AS ${field === 'at' ? '"at"' : field.toLowerCase()}`);
    await connection.run(`CREATE VIEW predictions AS SELECT ${[...PARTITIONS.map((name) => `"${name}"`), ...picked].join(', ')}
      FROM read_json('${directory}/predictions/*/*/*/*/*.ndjson.gz', format = 'newline_delimited', columns = {${typed.join(', ')}},
        hive_partitioning = true, hive_types = {model: VARCHAR, date: VARCHAR, arm: VARCHAR}) AS files`);
    run = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    client.destroy();
    await served.stop();
  });
  const query = (name: string) => run(readFileSync(join(QUERIES, `${name}.sql`), 'utf8'));

  it('name the model, without which Athena refuses to look, and bound the dates', () => {
    for (const file of readdirSync(QUERIES)) {
      const sql = readFileSync(join(QUERIES, file), 'utf8');
      expect(sql).toMatch(/model = '/);
      expect(sql).toMatch(/"date" (=|>=|BETWEEN) '/);
    }
  });

  it('tell which version served a unit on a date', async () => {
    const common = { ...{ version: '1.1.0', arm: 'production', at: '2026-03-02T06:00:00.000Z' }, revision: 3n };
    const rest = { ...common, promotionid: 'demand_2-0-0_1', requestid: 'day-60' };
    expect(await query('served-on-a-date')).toEqual([
      { targetdate: '2026-03-02', units: 10, ...rest },
      { targetdate: '2026-03-03', units: 12, ...rest },
    ]);
  });

  it('tell what of a version would be recalled: what was served, and not replaced since', async () => {
    expect(await query('recalled')).toEqual([
      { store: 'harbour', sku: 'milk', targetdate: '2026-03-03', units: 14, at: '2026-03-03T06:00:00.000Z' },
    ]);
  });

  it('tell how far a shadow is from what was served, by day', async () => {
    expect(await query('shadow-against-served')).toEqual([
      // Milk by 3 and bread by 3 of 10 and 30; one is no number, one was not told.
      { date: '2026-03-01', version: '2.0.0', forecasts: 4n, unusable: 2n, bias: 0, distance: 6 / 40 },
      { date: '2026-03-02', version: '2.0.0', forecasts: 1n, unusable: 1n, bias: null, distance: null },
    ]);
  });
});
