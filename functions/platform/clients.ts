import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * AWS clients, one per process, made on first use. Endpoint, region and credentials come from the environment
 * (AWS_ENDPOINT_URL points them all at the local platform), so this file holds no setting of its own.
 */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const dynamo = once(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } }),
);
export const s3 = once(() => new S3Client({}));
export const kms = once(() => new KMSClient({}));
export const appConfig = once(() => new AppConfigClient({}));
export const stepFunctions = once(() => new SFNClient({}));
export const ses = once(() => new SESv2Client({}));
export const sns = once(() => new SNSClient({}));
