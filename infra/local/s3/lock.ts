import { AwsError } from '../service.ts';
import { type ObjectVersion, type Retention, retentionModes } from './objects.ts';

/** @throws AwsError InvalidArgument when only one of mode and date is there, or the date has passed */
export function retentionFromHeaders(headers: Readonly<Record<string, string>>, now: Date): Retention | undefined {
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  return mode === undefined && until === undefined ? undefined : retention(mode, until, now);
}

/** @throws AwsError InvalidArgument */
export function retentionFromBody(document: string, now: Date): Retention {
  const [, mode] = /<Mode>(.*?)<\/Mode>/s.exec(document) ?? [];
  const [, until] = /<RetainUntilDate>(.*?)<\/RetainUntilDate>/s.exec(document) ?? [];
  return retention(mode, until, now);
}

/**
 * Refuses to delete a version under retention: under COMPLIANCE to everyone, under GOVERNANCE to whoever does not bypass.
 * @throws AwsError AccessDenied
 */
export function demandDeletable(version: ObjectVersion, now: Date, bypasses: () => boolean): void {
  const { retention: held } = version;
  if (held === undefined || new Date(held.until) <= now) return;
  if (held.mode === 'GOVERNANCE' && bypasses()) return;
  throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', 403);
}

/**
 * Retention may be set where there is none and made longer; any other change is a deletion in disguise.
 * @throws AwsError AccessDenied
 */
export function demandRetainable(version: ObjectVersion, wanted: Retention, now: Date, bypasses: () => boolean): void {
  const { retention: held } = version;
  const longer = held?.mode === wanted.mode && new Date(wanted.until) >= new Date(held.until);
  if (!longer) demandDeletable(version, now, bypasses);
}

function retention(mode: string | undefined, until: string | undefined, now: Date): Retention {
  const known = retentionModes.safeParse(mode);
  const date = new Date(until ?? '');
  if (!known.success || Number.isNaN(date.getTime())) {
    throw new AwsError(
      'InvalidArgument',
      'Object Lock takes a mode (GOVERNANCE or COMPLIANCE) and a retain until date.',
    );
  }
  if (date <= now) throw new AwsError('InvalidArgument', 'The retain until date must be in the future!');
  return { mode: known.data, until: date.toISOString() };
}
