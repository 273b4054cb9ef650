import { GetObjectCommand, ListObjectVersionsCommand, type ObjectVersion, type S3Client } from '@aws-sdk/client-s3';
import { anchorSchema } from '../anchor.ts';
import type { FoundAnchor } from './anchor-cursor.ts';

const AT_ONCE = 16;

/**
 * All anchors of a model by ascending position. Every version of every object counts, also behind a delete marker:
 * Object Lock keeps versions, not names, so the newest one proves nothing.
 */
export async function* readAnchors(client: S3Client, bucket: string, model: string): AsyncIterable<FoundAnchor> {
  for await (const page of versionPages(client, bucket, `anchors/${model}/`)) {
    for (let first = 0; first < page.length; first += AT_ONCE) {
      yield* await Promise.all(
        page.slice(first, first + AT_ONCE).map((version) => readAnchor(client, bucket, version)),
      );
    }
  }
}

interface AnchorVersion {
  readonly seq: number;
  readonly key: string;
  readonly versionId: string;
}

async function* versionPages(
  client: S3Client,
  bucket: string,
  prefix: string,
): AsyncIterable<readonly AnchorVersion[]> {
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (marker !== undefined) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(client, {
      Bucket: bucket,
      Prefix: prefix,
      ...marker,
    });
    yield (page.Versions ?? []).flatMap((version) => anchorVersion(version, prefix));
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    marker =
      IsTruncated && NextKeyMarker
        ? { KeyMarker: NextKeyMarker, ...(NextVersionIdMarker ? { VersionIdMarker: NextVersionIdMarker } : {}) }
        : undefined;
  }
}

function listPage(client: S3Client, input: ConstructorParameters<typeof ListObjectVersionsCommand>[0]) {
  return client.send(new ListObjectVersionsCommand(input));
}

/** Objects of other names are none of ours and say nothing about the chain. */
function anchorVersion({ Key = '', VersionId = 'null' }: ObjectVersion, prefix: string): readonly AnchorVersion[] {
  const digits = /^(\d{12,})\.json$/.exec(Key.slice(prefix.length))?.[1];
  return digits === undefined ? [] : [{ seq: Number(digits), key: Key, versionId: VersionId }];
}

async function readAnchor(
  client: S3Client,
  bucket: string,
  { seq, key, versionId }: AnchorVersion,
): Promise<FoundAnchor> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
  const text = (await Body?.transformToString('utf8')) ?? '';
  return { seq, name: `${key} version ${versionId}`, anchor: parseAnchor(text) };
}

function parseAnchor(text: string): FoundAnchor['anchor'] {
  try {
    return anchorSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
