import { type HoldReason, holdName } from '../../change/advance-notice/notice-checks.ts';
import type { HeldStage } from '../../change/advance-notice/notice-item.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { systemActor } from '../../platform/people.ts';
import type { Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import type { Hold } from './hold.ts';

export interface RecordHoldPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

/** What a run is held for, by whose finding. No reasons: nothing holds it any more. */
export interface FoundHold {
  readonly stage: HeldStage;
  readonly reasons: readonly HoldReason[];
  /** UTC now. */
  readonly at: string;
  /** Who looked, for the ledger: `system:<what>`. */
  readonly who: string;
  /** The step of a running canary that is not gone beyond; absent: what is held did not begin. */
  readonly step?: number;
}

/**
 * Keeps what a run is held for since when, whenever that changes, with its entry in one transaction; answers the holds as they
 * stand. Safe to repeat; of two looks at once the first counts.
 * @throws ReleaseError PROMOTION_ENDED when the run ended meanwhile
 */
export async function recordHold(ports: RecordHoldPorts, run: Run, found: FoundHold): Promise<readonly Hold[]> {
  const { stage, reasons, at, who, step } = found;
  const holds = run.holds ?? [];
  const names = [...new Set(reasons.map(holdName))];
  const last = holds.findLast((one) => (one.stage ?? 'canary') === stage);
  if (JSON.stringify(last?.reasons ?? []) === JSON.stringify(names)) return holds;
  const next = [...holds, { since: at, ...holdOf(stage, reasons, names) }];
  const { model, promotionId } = run;
  const told = reasons.map(({ until: _, ...reason }) => ({ ...reason }));
  const running = step === undefined ? {} : { step };
  const data = { promotionId, stage, ...running, held: reasons.length > 0, reasons: told };
  const draft = { model, type: 'canary-held' as const, at, actor: systemActor(who), data };
  try {
    const unchanged = holds.length === 0 ? 'attribute_not_exists(holds)' : 'size(holds) = :count';
    const condition = { expression: unchanged, values: holds.length === 0 ? {} : { ':count': holds.length } };
    await ports.ledger.append(draft, [ports.writes.updateRun(run, { holds: next }, condition)]);
    return next;
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    const now = await ports.registry.run(model, promotionId);
    // Another run of this step was first, with what it saw.
    if (now !== null && now.end === undefined) return now.holds ?? [];
    throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended while it was held.`, { cause });
  }
}

function holdOf(stage: HeldStage, reasons: readonly HoldReason[], names: readonly string[]): Omit<Hold, 'since'> {
  const untils = reasons.flatMap(({ until }) => (until === undefined ? [] : [until])).toSorted();
  const until = untils.length === reasons.length ? untils.at(-1) : undefined;
  const messages = names.map((name) => reasons.find((one) => holdName(one) === name)?.message ?? name);
  return { stage, reasons: [...names], messages, ...(until === undefined ? {} : { until }) };
}
