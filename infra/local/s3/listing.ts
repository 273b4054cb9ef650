import { element, xmlDocument } from './call.ts';
import type { Bucket, ObjectVersion } from './objects.ts';

/** The answer of ListObjectsV2: all current objects in one page, in key order, with common prefixes. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const rows = sortedKeys(bucket, query).flatMap(([key, versions]) => {
    const newest = versions.at(-1);
    if (newest === undefined || newest.deleteMarker) return [];
    return [{ key, content: element('Contents', objectOf(newest), true) }];
  });
  return page('ListBucketResult', rows, { bucket, query });
}

/** The answer of ListObjectVersions: every version and delete marker in one page, newest first within a key. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const rows = sortedKeys(bucket, query).flatMap(([key, versions]) =>
    versions.toReversed().map((version) => {
      const isLatest = element('IsLatest', String(version === versions.at(-1)));
      const content = objectOf(version) + element('VersionId', version.versionId) + isLatest;
      return { key, content: element(version.deleteMarker ? 'DeleteMarker' : 'Version', content, true) };
    }),
  );
  return page('ListVersionsResult', rows, { bucket, query });
}

function sortedKeys(bucket: Bucket, query: URLSearchParams): readonly (readonly [string, readonly ObjectVersion[]])[] {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('start-after') ?? '';
  return [...bucket.keys].filter(([key]) => key.startsWith(prefix) && key > after).sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Row {
  readonly key: string;
  readonly content: string;
}

function page(
  root: string,
  rows: readonly Row[],
  { bucket, query }: { readonly bucket: Bucket; readonly query: URLSearchParams },
): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const shown = rows.map(({ key, content }) => {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    return cut < 0 ? content : element('CommonPrefixes', element('Prefix', key.slice(0, cut + delimiter.length)), true);
  });
  const unique = [...new Set(shown)];
  const head = element('Name', bucket.name) + element('Prefix', prefix) + element('Delimiter', delimiter);
  const count = element('KeyCount', unique.length) + element('MaxKeys', 1_000) + element('IsTruncated', 'false');
  return xmlDocument(root, head + count + unique.join(''));
}

function objectOf(version: ObjectVersion): string {
  return (
    element('Key', version.key) +
    element('LastModified', version.lastModified) +
    (version.deleteMarker ? '' : element('ETag', `"${version.etag}"`) + element('Size', version.bytes)) +
    element('StorageClass', 'STANDARD')
  );
}
