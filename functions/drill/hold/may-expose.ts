import * as z from 'zod';
import type { Armed } from '../../kill-switch/armed.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { durationSeconds } from '../../platform/duration.ts';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { parsePromotionId } from '../../platform/ids.ts';
import { systemActor } from '../../platform/people.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import type { DrillStore } from '../drill-store.ts';
import type { Checked } from '../record-readiness.ts';
import type { Hold } from './hold.ts';
import { holdReasons } from './hold-checks.ts';
import { holdWait } from './hold-wait.ts';

export const mayExposeEvent = z.object({ promotionId: z.string() });

export interface MayExposePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly drills: Pick<DrillStore, 'newest'>;
  /** Checks now whether a model can be gone back from; null when that fails. */
  readonly readiness: (model: string) => Promise<Checked | null>;
  /** Asks by dry run what would have to stop the canary; null for what does not answer. */
  readonly armed: (model: string) => Promise<Readonly<Record<string, Armed | null>>>;
  /** Starts a drill, unless one runs. */
  readonly startDrill: (model: string) => Promise<void>;
  readonly now: () => string;
}

export interface MayExpose {
  readonly promotionId: string;
  readonly held: boolean;
  /** It was held for as long as an approval lasts: it ends. */
  readonly expired: boolean;
  readonly reasons: readonly Reason[];
  readonly waitSeconds: number;
}

/** Reasons by which a drill is started. */
const DRILL_CODES = ['DRILL_MISSING', 'DRILL_STALE'];

/**
 * Whether the first canary document may go out: going back is rehearsed, ready and armed. Otherwise the canary is held, and
 * looked at again; what it is held for is recorded whenever that changes. Safe to repeat.
 * @throws ReleaseError NOT_FOUND; PROMOTION_ENDED for one that is over
 */
export async function mayExpose(ports: MayExposePorts, promotionId: string): Promise<MayExpose> {
  const { run, model } = await openPromotion(ports, promotionId);
  const reasons = await reasonsFor(ports, model);
  const now = ports.now();
  if (reasons.some(({ code }) => DRILL_CODES.includes(code))) await ports.startDrill(model.model);
  const holds = await recordHold(ports, run, reasons, now);
  const pollSeconds = durationSeconds(run.plan.poll);
  if (reasons.length === 0) return { promotionId, held: false, expired: false, reasons, waitSeconds: 0 };
  const heldSeconds = Math.max(0, (Date.parse(now) - Date.parse(holds[0]?.since ?? now)) / 1000);
  const mostSeconds = durationSeconds(model.policy.approvals.expiry);
  const expired = heldSeconds >= mostSeconds;
  return {
    promotionId,
    held: true,
    expired,
    reasons,
    waitSeconds: holdWait({ pollSeconds, heldSeconds, mostSeconds }),
  };
}

async function openPromotion(
  { registry }: MayExposePorts,
  promotionId: string,
): Promise<{ readonly run: PromotionItem; readonly model: ModelItem }> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, promotionId), registry.model(name)]);
  if (run?.kind !== 'promotion' || model === null) {
    throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  }
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended as ${run.end}.`);
  return { run, model };
}

async function reasonsFor(ports: MayExposePorts, { model, policy }: ModelItem): Promise<readonly Reason[]> {
  const [[drill = null], readiness, armed] = await Promise.all([
    ports.drills.newest(model, 1),
    ports.readiness(model),
    ports.armed(model),
  ]);
  return holdReasons({ policy, now: ports.now(), drill, readiness, armed });
}

/** Keeps what the canary is held for since when; answers the holds as they stand. */
async function recordHold(
  ports: MayExposePorts,
  run: PromotionItem,
  reasons: readonly Reason[],
  at: string,
): Promise<readonly Hold[]> {
  const holds = run.holds ?? [];
  const codes = [...new Set(reasons.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`)))];
  const last = holds.at(-1);
  if (JSON.stringify(last?.reasons ?? []) === JSON.stringify(codes)) return holds;
  const next = [...holds, { since: at, reasons: codes }];
  const { model, promotionId } = run;
  const data = { promotionId, held: reasons.length > 0, reasons: reasons.map((one) => ({ ...one })) };
  const draft = { model, type: 'canary-held' as const, at, actor: systemActor('may-expose'), data };
  try {
    const unchanged = holds.length === 0 ? 'attribute_not_exists(holds)' : 'size(holds) = :count';
    const condition = { expression: unchanged, values: holds.length === 0 ? {} : { ':count': holds.length } };
    await ports.ledger.append(draft, [ports.writes.updateRun(run, { holds: next }, condition)]);
    return next;
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    const now = await ports.registry.run(model, promotionId);
    // Another run of this step was first, with what it saw.
    if (now?.kind === 'promotion' && now.end === undefined) return now.holds ?? [];
    throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended while it was held.`, { cause });
  }
}
