import { xml } from '../gateway/protocol.ts';
import type { Bucket, ObjectVersion } from './objects.ts';

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

export function xmlDocument(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} ${NAMESPACE}>${content}</${root}>`;
}

export function element(name: string, value: string | number | boolean): string {
  return `<${name}>${xml(String(value))}</${name}>`;
}

interface Row {
  readonly key: string;
  readonly versionId: string;
  readonly content: string;
}

/** The answer of ListObjectsV2: current objects, in key order, with common prefixes. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString('utf8');
  const rows = sortedKeys(bucket, query).flatMap(([key, versions]) => {
    const newest = versions.at(-1);
    if (newest === undefined || newest.deleteMarker || key <= after) return [];
    return [{ key, versionId: '', content: `<Contents>${objectOf(newest, query)}</Contents>` }];
  });
  const { shown, next } = page(rows, query);
  return xmlDocument(
    'ListBucketResult',
    common(bucket, query, next !== undefined) +
      element('KeyCount', shown.length) +
      (next === undefined ? '' : element('NextContinuationToken', Buffer.from(next.key).toString('base64url'))) +
      shown.map(({ content }) => content).join(''),
  );
}

/** The answer of ListObjectVersions: every version and delete marker, newest first within a key. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const keyMarker = query.get('key-marker') ?? '';
  const versionMarker = query.get('version-id-marker') ?? '';
  const rows = sortedKeys(bucket, query).flatMap(([key, versions]) => {
    if (key < keyMarker || (key === keyMarker && versionMarker === '')) return [];
    const newestFirst = versions.toReversed();
    const seen = key === keyMarker ? newestFirst.findIndex(({ versionId }) => versionId === versionMarker) + 1 : 0;
    return newestFirst.slice(seen).map((version) => ({
      key,
      versionId: version.versionId,
      content: versionOf(version, version === versions.at(-1), query),
    }));
  });
  const { shown, next } = page(rows, query);
  const markers =
    next === undefined
      ? ''
      : element('NextKeyMarker', name(next.key, query)) + element('NextVersionIdMarker', next.versionId);
  const content = shown.map((row) => row.content).join('');
  return xmlDocument('ListVersionsResult', common(bucket, query, next !== undefined) + markers + content);
}

function sortedKeys(bucket: Bucket, query: URLSearchParams): readonly (readonly [string, readonly ObjectVersion[]])[] {
  const prefix = query.get('prefix') ?? '';
  return [...bucket.keys].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Rows of one page, rows under one delimiter folded into their common prefix; `next` is the last row when more follow. */
function page(rows: readonly Row[], query: URLSearchParams): { readonly shown: readonly Row[]; readonly next?: Row } {
  const delimiter = query.get('delimiter') ?? '';
  const start = (query.get('prefix') ?? '').length;
  const folded = new Map<string, Row>();
  for (const row of rows) {
    const cut = delimiter === '' ? -1 : row.key.indexOf(delimiter, start);
    if (cut < 0) {
      folded.set(`${row.key}\n${row.versionId}`, row);
      continue;
    }
    const common = row.key.slice(0, cut + delimiter.length);
    const content = `<CommonPrefixes>${element('Prefix', name(common, query))}</CommonPrefixes>`;
    // Sorts after every key of the group, so that the next page starts behind it.
    folded.set(common, { key: `${common}\uffff`, versionId: row.versionId, content });
  }
  const limit = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000);
  const all = [...folded.values()];
  const shown = all.slice(0, limit);
  const last = shown.at(-1);
  return all.length > shown.length && last !== undefined ? { shown, next: last } : { shown };
}

function common(bucket: Bucket, query: URLSearchParams, truncated: boolean): string {
  const given = [
    ['Prefix', 'prefix'],
    ['Delimiter', 'delimiter'],
    ['EncodingType', 'encoding-type'],
  ] as const;
  const echoed = given.map(([tag, parameter]) => {
    const value = query.get(parameter) ?? '';
    return value === '' && tag !== 'Prefix' ? '' : element(tag, tag === 'EncodingType' ? value : name(value, query));
  });
  const limit = element('MaxKeys', Number(query.get('max-keys') ?? 1_000));
  return element('Name', bucket.name) + limit + element('IsTruncated', truncated) + echoed.join('');
}

function objectOf(version: ObjectVersion, query: URLSearchParams): string {
  return (
    element('Key', name(version.key, query)) +
    element('LastModified', version.lastModified) +
    (version.deleteMarker ? '' : element('ETag', `"${version.etag}"`) + element('Size', version.bytes)) +
    element('StorageClass', 'STANDARD')
  );
}

function versionOf(version: ObjectVersion, latest: boolean, query: URLSearchParams): string {
  const tag = version.deleteMarker ? 'DeleteMarker' : 'Version';
  const id = element('VersionId', version.versionId) + element('IsLatest', latest);
  return `<${tag}>${objectOf(version, query)}${id}</${tag}>`;
}

function name(key: string, query: URLSearchParams): string {
  return query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : key;
}
