import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { anchorSchema } from '../../ledger/anchor.ts';
import { evidencePaths } from '../../platform/keys.ts';
import type { SeenAnchor } from './console-ports.ts';

/** So many of the anchors that are found are read: those of the highest positions. */
const READ = 8;

/**
 * The anchors of a model from a position on, as the bucket lists them now, of the highest positions; the verifier reads
 * all versions of all of them.
 */
export async function readNewestAnchors(
  client: S3Client,
  { bucket, model, fromSeq }: { readonly bucket: string; readonly model: string; readonly fromSeq: number },
): Promise<readonly SeenAnchor[]> {
  const Prefix = evidencePaths.anchorPrefix(model);
  const StartAfter = evidencePaths.anchor(model, fromSeq - 1);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, StartAfter }));
  const found = Contents.flatMap(({ Key = '', LastModified }) => {
    const digits = /^(\d{12,})\.json$/.exec(Key.slice(Prefix.length))?.[1];
    return digits === undefined
      ? []
      : [{ key: Key, seq: Number(digits), writtenAt: LastModified?.toISOString() ?? '' }];
  });
  return Promise.all(
    found.slice(-READ).map(async ({ key, seq, writtenAt }) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return { seq, writtenAt, anchor: anchorOf((await Body?.transformToString('utf8')) ?? '') };
    }),
  );
}

function anchorOf(text: string): SeenAnchor['anchor'] {
  try {
    return anchorSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
