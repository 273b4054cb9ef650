import * as z from 'zod';
import type { Reason } from '../platform/errors.ts';
import { sha256 } from '../platform/ids.ts';

const s3Uri = z
  .string()
  .max(1024)
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.*[^/]$/, 'Expected s3://BUCKET/KEY.')
  // A key such as incoming/../manifests/x is legal in S3 and would read as lying under an allowed prefix.
  .refine(
    (uri) => !uri.split('/').some((part) => part === '..' || part === '.'),
    'The path must not contain . or .. parts.',
  );

/** An object handed in by the pipeline: where it lies and the SHA-256 of its bytes. */
export const handedIn = z.strictObject({ uri: s3Uri, sha256 });
export type HandedInObject = z.infer<typeof handedIn>;

/** Bucket and key of an S3 URI that the schema accepted. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly key: string } {
  const rest = uri.slice('s3://'.length);
  const slash = rest.indexOf('/');
  return { bucket: rest.slice(0, slash), key: rest.slice(slash + 1) };
}

export function isAllowedPlace(uri: string, allowedPrefixes: readonly string[]): boolean {
  return allowedPrefixes.some((prefix) => uri.startsWith(prefix));
}

/** The reason for an object that lies elsewhere than it may; `path` is its place in the input. */
export function placeFaults(
  path: string,
  { uri }: HandedInObject,
  allowedPrefixes: readonly string[],
): readonly Reason[] {
  if (isAllowedPlace(uri, allowedPrefixes)) return [];
  return [
    {
      code: 'URI_NOT_ALLOWED',
      path: `${path}.uri`,
      message: 'Candidates are taken from the configured places only.',
      got: uri,
      allowed: allowedPrefixes.join(' or '),
      next: 'Upload the object there and name it by its new URI.',
    },
  ];
}

/** What lies at the URI of a handed-in object; null when nothing does. */
export type Found = { readonly sha256: string } | null;

/** The reason for an object that is missing, or whose bytes are not those that the input names. */
export function contentFaults(path: string, object: HandedInObject, found: Found): readonly Reason[] {
  const name = path.split('.').at(-1) ?? path;
  if (found === null) {
    return [
      {
        code: 'OBJECT_MISSING',
        path: `${path}.uri`,
        message: `There is no ${name} at this URI.`,
        got: object.uri,
        next: 'Upload it, then start a new attempt.',
      },
    ];
  }
  if (found.sha256 === object.sha256) return [];
  return [
    {
      code: 'DIGEST_MISMATCH',
      path: `${path}.sha256`,
      message: `The ${name} at ${parseS3Uri(object.uri).key} does not have the digest that the input names.`,
      got: found.sha256,
      allowed: object.sha256,
      next: 'Upload the right object or name its digest, then start a new attempt.',
    },
  ];
}
