import { AwsError } from '../service.ts';
import { element, xmlDocument } from './call.ts';
import type { Bucket, ObjectVersion } from './objects.ts';

const MAX_KEYS = 1_000;

/** What a listing shows of a key: itself, or the common prefix that it is rolled up into. */
interface Row {
  readonly name: string;
  readonly content: string;
}

/**
 * The answer of ListObjectsV2: current objects and common prefixes in key order, at most `max-keys` of them; the
 * continuation token says after which name the next page starts.
 * @throws AwsError InvalidArgument
 */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const limit = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
  if (!Number.isInteger(limit) || limit < 0) throw new AwsError('InvalidArgument', 'Provided max-keys not an integer');
  const given = query.get('continuation-token');
  const after = given === null ? '' : tokenName(given);
  const rows = shown(bucket, query, (key, versions) => {
    const newest = versions.at(-1);
    if (newest === undefined || newest.deleteMarker) return [];
    return [{ name: key, content: element('Contents', objectOf(newest), true) }];
  }).filter(({ name }) => given === null || name > after);
  const page = rows.slice(0, limit);
  const next = page.length < rows.length ? page.at(-1)?.name : undefined;
  return xmlDocument(
    'ListBucketResult',
    headOf(bucket, query) +
      (given === null ? '' : element('ContinuationToken', given)) +
      (next === undefined ? '' : element('NextContinuationToken', Buffer.from(next).toString('base64'))) +
      element('KeyCount', page.length) +
      element('MaxKeys', limit) +
      element('IsTruncated', String(next !== undefined)) +
      page.map(({ content }) => content).join(''),
  );
}

/** The answer of ListObjectVersions: every version and delete marker in one page, newest first within a key. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const rows = shown(bucket, query, (name, versions) =>
    versions.toReversed().map((version) => {
      const isLatest = element('IsLatest', String(version === versions.at(-1)));
      const content = objectOf(version) + element('VersionId', version.versionId) + isLatest;
      return { name, content: element(version.deleteMarker ? 'DeleteMarker' : 'Version', content, true) };
    }),
  );
  const content = rows.map((row) => row.content).join('');
  return xmlDocument('ListVersionsResult', headOf(bucket, query) + element('IsTruncated', 'false') + content);
}

/** The rows of all keys that the query asks for, in key order, each common prefix once. */
function shown(
  bucket: Bucket,
  query: URLSearchParams,
  rowsOf: (key: string, versions: readonly ObjectVersion[]) => readonly Row[],
): readonly Row[] {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('start-after') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keys = [...bucket.keys].filter(([key]) => key.startsWith(prefix) && key > after);
  const rows = keys.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, versions]) => rowsOf(key, versions));
  if (delimiter === '') return rows;
  const rolledUp = rows.map((row) => {
    const cut = row.name.indexOf(delimiter, prefix.length);
    if (cut < 0) return row;
    const name = row.name.slice(0, cut + delimiter.length);
    return { name, content: element('CommonPrefixes', element('Prefix', name), true) };
  });
  return rolledUp.filter(({ content }, index) => content !== rolledUp[index - 1]?.content);
}

function headOf(bucket: Bucket, query: URLSearchParams): string {
  const echoed = [
    ['Prefix', 'prefix'],
    ['Delimiter', 'delimiter'],
    ['StartAfter', 'start-after'],
  ] as const;
  return element('Name', bucket.name) + echoed.map(([name, from]) => element(name, query.get(from) ?? '')).join('');
}

function tokenName(token: string): string {
  const name = Buffer.from(token, 'base64').toString('utf8');
  if (Buffer.from(name).toString('base64') === token && name !== '') return name;
  throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
}

function objectOf(version: ObjectVersion): string {
  return (
    element('Key', version.key) +
    element('LastModified', version.lastModified) +
    (version.deleteMarker ? '' : element('ETag', `"${version.etag}"`) + element('Size', version.bytes)) +
    element('StorageClass', 'STANDARD')
  );
}
