import * as z from 'zod';
import type { Reason } from '../platform/errors.ts';
import type { JsonObject } from '../platform/json.ts';
import { reason } from '../registry/items.ts';
import { CAUSES } from './input.ts';

const asked = {
  model: z.string(),
  executionName: z.string(),
  executionArn: z.string(),
  /** When the execution started, UTC: the seconds of a rollback are counted from it. */
  startedAt: z.string(),
};
const jsonObject = z.custom<JsonObject>((value) => z.record(z.string(), z.json()).safeParse(value).success);
const requestedBy = z.strictObject({ name: z.string(), email: z.string().exactOptional() });

/** A rollback that moved the pointer: everything that the later steps need, since the registry may not answer. */
export const deployedRollback = z.object({
  ...asked,
  outcome: z.literal('deployed'),
  cause: z.enum(CAUSES),
  requestedBy,
  detail: z.string().exactOptional(),
  /** The withdrawn version; empty when none was. */
  from: z.string(),
  /** The version that serves now; empty: the safe forecast. */
  to: z.string(),
  hostedVersion: z.int(),
  documentSha256: z.string(),
  deploymentNumber: z.int(),
  /** The document that serves now and when it went out, as the ledger records them. */
  wentOut: jsonObject.exactOptional(),
  how: z.enum(['deployed', 'reverted']),
  reasons: z.array(reason).readonly(),
});
export type DeployedRollback = z.infer<typeof deployedRollback>;

/** A rollback that moved nothing. */
export interface RefusedRollback {
  readonly model: string;
  readonly executionName: string;
  readonly executionArn: string;
  readonly startedAt: string;
  readonly outcome: 'already-withdrawn' | 'rejected';
  readonly reasons: readonly Reason[];
}
export type RollbackAnswer = DeployedRollback | RefusedRollback;
