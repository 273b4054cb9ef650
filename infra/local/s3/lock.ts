import { AwsError } from '../service.ts';
import type { ObjectVersion, Retention } from './objects.ts';

/** @throws AwsError InvalidArgument when only one of mode and date is there, or the date has passed */
export function retentionOf(headers: Readonly<Record<string, string>>, now: Date): Retention | undefined {
  const { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-retain-until-date': until } = headers;
  if (mode === undefined && until === undefined) return undefined;
  const date = new Date(until ?? '');
  if ((mode === 'GOVERNANCE' || mode === 'COMPLIANCE') && date > now) return { mode, until: date.toISOString() };
  const message = 'Object Lock takes a mode (GOVERNANCE or COMPLIANCE) and a retain until date in the future.';
  throw new AwsError('InvalidArgument', message);
}

/**
 * Refuses to delete a version under retention: under COMPLIANCE to everyone, under GOVERNANCE to whoever does not bypass.
 * @throws AwsError AccessDenied
 */
export function demandDeletable({ retention }: ObjectVersion, now: Date, bypasses: () => boolean): void {
  if (retention === undefined || new Date(retention.until) <= now) return;
  if (retention.mode === 'GOVERNANCE' && bypasses()) return;
  throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', 403);
}
