import * as z from 'zod';
import { sha256 } from '../../platform/ids.ts';
import { sha256Hex } from '../../platform/json.ts';
import { normalEmail } from '../../platform/people.ts';
import { CAUSES } from '../input.ts';

/** Something that may be a reason to go back, as it is told to whoever can. */
export const alertSchema = z.object({
  /** The same alert has the same id, however often it is sent. */
  id: z.string().min(1),
  model: z.string(),
  /** The version to withdraw; empty: none is at fault. */
  version: z.string(),
  cause: z.enum(CAUSES),
  /** `system:<what>` */
  trigger: z.string(),
  /** One sentence. */
  headline: z.string(),
  detail: z.string(),
  /** A rollback was started already. */
  rolledBack: z.boolean(),
});
export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** One person's link of one alert. The secret is known to the person alone; only digests are stored. */
export const alertLink = z.object({
  linkId: z.string(),
  alert: alertSchema,
  person: z.object({ name: z.string(), email: z.string() }),
  /** One digest per email that was tried: a repeated step sends a new secret, and the first email's link still works. */
  secretSha256s: z.array(sha256).min(1),
  createdAt: z.string(),
  expiresAt: z.string(),
  sentAt: z.string().optional(),
});
export type AlertLink = Readonly<z.infer<typeof alertLink>>;

/** How long a link starts a rollback: afterwards what it was about is looked at anew. */
export const LINK_EXPIRY = 'P7D';

/** One link per person and alert. The id is public, in the link's path; it proves nothing. */
export function linkIdOf(alertId: string, email: string): string {
  return sha256Hex(`${alertId}\n${normalEmail(email)}`).slice(0, 32);
}

/** Address of one person's page. It holds the secret: it goes into that person's email and nowhere else. */
export function rollbackLink(baseUrl: string, linkId: string, secret: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/rollbacks/${linkId}?k=${secret}`;
}
