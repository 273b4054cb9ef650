import type { Reason } from '../../platform/errors.ts';
import type { Settings } from './settings.ts';
import type { Verification } from './verify-chain.ts';

/** The answer for a person; `anchored` false: the anchors were left out. */
export function reportText(verification: Verification, anchored: boolean): string {
  const { model, entries, anchors, head, lastAnchor, fault } = verification;
  if (fault !== undefined) {
    const lines = [
      `BAD  ${model}: position ${fault.position} is ${fault.kind}`,
      `     ${fault.message}`,
      ...(fault.got === undefined ? [] : [`     got       ${fault.got}`]),
      ...(fault.expected === undefined ? [] : [`     expected  ${fault.expected}`]),
      `     ${entries} entries before it hold.`,
    ];
    return lines.join('\n');
  }
  const last = lastAnchor === null ? 'none yet' : `position ${lastAnchor.seq} of ${lastAnchor.at}`;
  const lines = [
    `OK   ${model}: ${entries} entries; digests, order and signatures hold`,
    `     head         position ${head?.seq} ${head?.entryHash}`,
    `     last anchor  ${anchored ? `${last} (${anchors} compared)` : 'not compared: a chain cut short is not found'}`,
  ];
  return lines.join('\n');
}

/** The answer for a program, on one line. */
export function reportJson(verification: Verification, anchored: boolean): string {
  return JSON.stringify({ ok: verification.fault === undefined, anchored, ...verification });
}

/** Why nothing was verified, for a person. */
export function refusalText(reasons: readonly Reason[]): string {
  return reasons
    .map(({ path, message, got, next }) => {
      const first = `${path === undefined ? '' : `${path}: `}${message}${got === undefined ? '' : ` Got: ${got}`}`;
      return next === undefined ? first : `${first}\n  ${next}`;
    })
    .join('\n');
}

/** What to do when a part of the ledger cannot be read. */
export function unreadable(error: unknown, settings: Settings): Reason {
  const { name, message, code } = describe(error);
  const where = settings.endpoint ?? 'AWS';
  const next =
    NEXT.find(([names]) => names.includes(code) || names.includes(name))?.[1](settings, where) ??
    'Nothing was verified; repeat the call.';
  return { code: 'UNREADABLE', message: `${name}: ${message || code}`, next };
}

const NEXT: readonly (readonly [readonly string[], (settings: Settings, where: string) => string])[] = [
  [
    ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'TimeoutError', 'EHOSTUNREACH'],
    (_, where) => `Nothing answers at ${where}: start it with \`npm start\`, or name another one with --endpoint.`,
  ],
  [['ResourceNotFoundException'], ({ table }, where) => `There is no table ${table} at ${where}: pass --table.`],
  [['NoSuchBucket'], ({ bucket }, where) => `There is no bucket ${bucket} at ${where}: pass --bucket or --no-anchors.`],
  [['NotFoundException'], () => 'There is no such KMS key: pass --key, or --public-key with a file.'],
  [
    ['AccessDenied', 'AccessDeniedException'],
    () => 'The verifier needs dynamodb:Query, s3:ListBucketVersions, s3:GetObjectVersion and kms:GetPublicKey.',
  ],
  [
    ['CredentialsProviderError', 'ExpiredToken', 'ExpiredTokenException', 'UnrecognizedClientException'],
    () => 'Sign in to the account of the stack, or name the local platform with --endpoint.',
  ],
  [['ENOENT', 'EACCES', 'EISDIR'], () => 'Pass --public-key with a file that can be read.'],
  [['ERR_OSSL_UNSUPPORTED'], () => 'Pass --public-key with a public key in PEM form (BEGIN PUBLIC KEY).'],
];

function describe(error: unknown): { readonly name: string; readonly message: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { name: error.name, message: error.message, code };
}
