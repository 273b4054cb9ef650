import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** Puts one form of a model's change log in the place of the one before; the bucket keeps that as a version. */
export type PutChangeLog = (key: string, text: string, contentType: string) => Promise<void>;

export function changeLogPutter(client: S3Client, bucket: string): PutChangeLog {
  return async (key, text, contentType) => {
    await client.send(
      new PutObjectCommand({
        ...{ Bucket: bucket, Key: key, Body: text, ContentType: contentType },
        ChecksumAlgorithm: 'SHA256',
      }),
    );
  };
}
