import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  CfnBucket,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { evidencePaths, predictionPaths } from '../../functions/platform/keys.ts';
import { acknowledge } from './findings.ts';
import { EVIDENCE_PREFIXES, WORK_PREFIX } from './object-grants.ts';

const PROTECTED = {
  versioned: true,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
} as const satisfies BucketProps;

/** Evidence and predictions: versioned, encrypted, TLS only, never public, and written once where that matters. */
export class Buckets extends Construct {
  readonly evidence: Bucket;
  readonly predictions: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...PROTECTED,
      // As long as the logs of functions; a bucket of versions keeps what expired until it is told not to.
      lifecycleRules: [{ expiration: Duration.days(365), noncurrentVersionExpiration: Duration.days(30) }],
    });
    acknowledge(accessLogs, 'AwsSolutions-S1', 'It holds the access logs; a log of its own would feed itself.');
    this.evidence = new Bucket(this, 'Evidence', {
      ...PROTECTED,
      // No default retention: pipelines must be able to replace and remove what they put under incoming/.
      objectLockEnabled: true,
      // Parts of a large backtest are of no use once they are summed, and as large as the backtest itself.
      lifecycleRules: [
        { ...expiring(WORK_PREFIX, 7), abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // A change log is made anew after each entry; what it said before is in the ledger.
        { prefix: evidencePaths.changeLogsPrefix, noncurrentVersionExpiration: Duration.days(30) },
      ],
    });
    this.predictions = new Bucket(this, 'Predictions', {
      ...PROTECTED,
      // Predictions are never deleted; the stages that read them have ended by then, and a recall reads little.
      lifecycleRules: [
        {
          prefix: 'predictions/',
          transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(180) }],
        },
        // Forecast again with the same answer, for as long as a stage lasts; what came of it is in predictions/.
        expiring(predictionPaths.requestsPrefix, 90),
        // Lambda is through with an event after hours, and operators with an alarm after days.
        expiring(predictionPaths.handedOverPrefix, 7),
        { abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
    });
    logAccess(this.evidence, accessLogs, 'evidence/');
    logAccess(this.predictions, accessLogs, 'predictions/');
    this.#keepEvidence();
    this.#keepPredictions();
  }

  #keepEvidence(): void {
    const locked = EVIDENCE_PREFIXES.map((prefix) => this.evidence.arnForObjects(`${prefix}*`));
    this.evidence.addToResourcePolicy(
      denyToAll('EvidenceIsLocked', ['s3:PutObject'], locked, { Null: { 's3:object-lock-mode': 'true' } }),
    );
    // A copy cannot carry If-None-Match, so that candidates/, where inputs are copied to, is left out.
    const written = locked.filter((_, index) => EVIDENCE_PREFIXES[index] !== 'candidates/');
    this.evidence.addToResourcePolicy(denyToAll('EvidenceIsWrittenOnce', ['s3:PutObject'], written, WITHOUT_CONDITION));
    this.evidence.addToResourcePolicy(denyToAll('EvidenceIsKept', ['s3:DeleteObject'], locked));
  }

  #keepPredictions(): void {
    const predictions = [predictionPaths.predictionsPrefix, predictionPaths.recallsPrefix].map((prefix) =>
      this.predictions.arnForObjects(`${prefix}*`),
    );
    this.predictions.addToResourcePolicy(
      denyToAll('PredictionsAreWrittenOnce', ['s3:PutObject'], predictions, WITHOUT_CONDITION),
    );
    this.predictions.addToResourcePolicy(
      denyToAll('PredictionsAreKept', ['s3:DeleteObject', 's3:DeleteObjectVersion'], predictions),
    );
  }
}

/** What lies under a prefix goes after so many days, and what was written over at once. */
function expiring(prefix: string, days: number) {
  return { prefix, expiration: Duration.days(days), noncurrentVersionExpiration: Duration.days(1) };
}

/** A put that creates an object without If-None-Match. Parts of a multipart upload are not such a put; its end is. */
const WITHOUT_CONDITION = {
  Null: { 's3:if-none-match': 'true' },
  Bool: { 's3:ObjectCreationOperation': 'true' },
} as const;

function denyToAll(
  sid: string,
  actions: string[],
  resources: string[],
  conditions?: Record<string, Record<string, string>>,
): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions,
    resources,
    ...(conditions === undefined ? {} : { conditions }),
  });
}

function logAccess(bucket: Bucket, accessLogs: Bucket, prefix: string): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new Error('The bucket has no resource of its own.');
  resource.loggingConfiguration = { destinationBucketName: accessLogs.bucketName, logFilePrefix: prefix };
  accessLogs.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [accessLogs.arnForObjects(`${prefix}*`)],
      conditions: {
        ArnLike: { 'aws:SourceArn': bucket.bucketArn },
        StringEquals: { 'aws:SourceAccount': Stack.of(bucket).account },
      },
    }),
  );
}
