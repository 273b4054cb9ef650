import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * AWS clients, one per process, made on first use. Endpoint, region and credentials come from the environment
 * (AWS_ENDPOINT_URL points them all at the local platform), so this file holds no setting of its own.
 * The PURE marks let the bundler leave out the clients that a function does not use: a third of each bundle.
 */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const dynamo = /* @__PURE__ */ once(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } }),
);
export const s3 = /* @__PURE__ */ once(() => new S3Client({}));
/**
 * For inference: a connection that says nothing is given up and its request sent again, where the SDK would wait without end,
 * and with it whatever else needs one of its fifty connections. Nothing that inference reads or writes at once takes seconds.
 */
export const inferenceS3 = /* @__PURE__ */ once(
  () => new S3Client({ requestHandler: { connectionTimeout: 2_000, socketTimeout: 5_000 } }),
);
export const kms = /* @__PURE__ */ once(() => new KMSClient({}));
export const appConfig = /* @__PURE__ */ once(() => new AppConfigClient({}));
/** The data plane: what an inference-side reader asks. */
export const appConfigData = /* @__PURE__ */ once(() => new AppConfigDataClient({}));
export const stepFunctions = /* @__PURE__ */ once(() => new SFNClient({}));
export const cloudWatch = /* @__PURE__ */ once(() => new CloudWatchClient({}));
export const ses = /* @__PURE__ */ once(() => new SESv2Client({}));
export const eventBridge = /* @__PURE__ */ once(() => new EventBridgeClient({}));
export const sns = /* @__PURE__ */ once(() => new SNSClient({}));
/** The function that completes the prediction log: an answer waits for it, so that it is not tried for long. */
export const completeLogLambda = /* @__PURE__ */ once(() => new LambdaClient({ maxAttempts: 2 }));
/** Functions of the stack that another one asks, and waits for. */
export const lambda = /* @__PURE__ */ once(() => new LambdaClient({}));
/** CloudTrail answers two lookups a second: the client slows down by itself when it is told to. */
export const cloudTrail = /* @__PURE__ */ once(() => new CloudTrailClient({ retryMode: 'adaptive', maxAttempts: 12 }));
/** Of the region that keeps the events of global services such as IAM: one in each partition of AWS. */
export const globalCloudTrail = /* @__PURE__ */ once(
  () => new CloudTrailClient({ retryMode: 'adaptive', maxAttempts: 12, region: globalRegion() }),
);

function globalRegion(): string {
  const region = process.env['AWS_REGION'] ?? '';
  if (region.startsWith('cn-')) return 'cn-north-1';
  return region.startsWith('us-gov-') ? 'us-gov-west-1' : 'us-east-1';
}
