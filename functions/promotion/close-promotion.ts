import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { systemActor } from '../platform/people.ts';
import { type ChangeItem, type PromotionItem, type Run, reason } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { ENDS, transition } from './life-cycle.ts';

const failedStep = z.strictObject({ Error: z.string(), Cause: z.string().exactOptional() });
const failedFunction = z.looseObject({ errorMessage: z.string() });

export const closeEvent = z.strictObject({
  promotionId: z.string(),
  end: z.enum([...ENDS, 'applied']),
  /** What a failed step left is taken as it is, and kept in the words of its error. */
  reasons: z.array(reason.extend({ got: z.union([z.string(), failedStep.transform(wordsOf)]).exactOptional() })),
});
export type CloseEvent = z.infer<typeof closeEvent>;

export interface Closed {
  readonly promotionId: string;
  readonly end: CloseEvent['end'];
  readonly reasons: readonly Reason[];
  readonly at: string;
}

export interface ClosePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'version' | 'model'>;
  readonly writes: Pick<RegistryWrites, 'endRun' | 'modelUnchanged'>;
  readonly ledger: Pick<Ledger, 'append'>;
  /** Closes the run's gate as withdrawn when one is open, with its ledger entry. */
  readonly withdrawGate: (run: Run, because: Reason, at: string) => Promise<unknown>;
}

/**
 * Records the end of a promotion or change and frees its model; what ended once keeps its end, whoever asks again. A run
 * that did what it was for is not withdrawn, whatever failed afterwards: it ends as promoted or applied.
 * @throws ReleaseError NOT_FOUND; INVALID_INPUT for an end that the run cannot have, such as `promoted` for a promotion
 * whose pointer was never moved: only the move itself makes a promotion one
 */
export async function closePromotion(ports: ClosePorts, event: CloseEvent, at: string): Promise<Closed> {
  const model = parsePromotionId(event.promotionId)?.model ?? '';
  const run = await ports.registry.run(model, event.promotionId);
  if (run === null) {
    throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${event.promotionId}.`);
  }
  const before = endOf(run);
  if (before !== null) return before;
  // Whoever stopped the execution did not stop the step that it ran: that may apply the change until the run has ended.
  const stopped = event.end === 'withdrawn' && run.kind === 'change' ? await ports.registry.model(model) : null;
  const done = event.end === 'withdrawn' ? await doneBy(ports, run) : null;
  const end = done ?? event.end;
  const reasons = done === null ? event.reasons : [];
  assertPossible(run, end);
  await ports.withdrawGate(run, { code: 'RUN_ENDED', message: `The run ended as ${end}.` }, at);
  const draft = {
    model,
    type: run.kind === 'promotion' ? ('promotion-ended' as const) : ('change-ended' as const),
    at,
    actor: systemActor('promotion'),
    data: {
      promotionId: run.promotionId,
      ...(run.kind === 'promotion' ? { version: run.version } : {}),
      end,
      reasons: reasons.map((one) => ({ ...one })),
    },
  };
  try {
    const asFound = stopped === null ? [] : [ports.writes.modelUnchanged(stopped)];
    await ports.ledger.append(draft, [...ports.writes.endRun(run, { end, at, reasons }), ...asFound]);
  } catch (error) {
    const now = isReleaseError(error, 'CONDITION_FAILED') ? await ports.registry.run(model, event.promotionId) : null;
    const other = now === null ? null : endOf(now);
    if (other !== null) return other;
    const newest = stopped === null ? null : await ports.registry.model(model);
    if (newest === null || newest.revision === stopped?.revision) throw error;
    return closePromotion(ports, event, at);
  }
  return { promotionId: run.promotionId, end, reasons, at };
}

/** What a run achieved: its version serves, or its change is in the model; null when it is not so, or not any more. */
async function doneBy({ registry }: ClosePorts, run: Run): Promise<'promoted' | 'applied' | null> {
  if (run.kind === 'promotion') {
    const version = run.pointer === undefined ? null : await registry.version(run.model, run.version);
    return version?.status === 'production' ? 'promoted' : null;
  }
  if (run.kind === 'restore') return run.pointer === undefined ? null : 'applied';
  const model = await registry.model(run.model);
  const whole = run.kind === 'change' || (run.pointer !== undefined && (await adoptionServes(registry, run)));
  return whole && model?.changedBy === run.promotionId ? 'applied' : null;
}

/** An onboarding that was to take a version over did only half of it as long as the safe forecast serves. */
async function adoptionServes(registry: ClosePorts['registry'], { model, adopt }: ChangeItem): Promise<boolean> {
  return adopt === undefined || (await registry.version(model, adopt.version))?.status === 'production';
}

/**
 * The cause of a failed function is a JSON document with a stack trace, which is for the log, and a step that ran out of
 * time has no cause.
 */
function wordsOf({ Error: name, Cause: cause = '' }: z.infer<typeof failedStep>): string {
  const thrown = failedFunction.safeParse(parsed(cause));
  return ((thrown.success ? thrown.data.errorMessage : cause) || name).slice(0, 500).toWellFormed();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function endOf(run: Run): Closed | null {
  if (run.end === undefined) return null;
  return { promotionId: run.promotionId, end: run.end, reasons: run.reasons ?? [], at: run.endedAt ?? '' };
}

function assertPossible(run: Run, end: CloseEvent['end']): void {
  if (run.kind === 'promotion' ? isExit(run, end) : end === 'applied' || end === 'rejected' || CUT_SHORT.has(end))
    return;
  throw new ReleaseError('INVALID_INPUT', `${run.promotionId} cannot end as ${end}.`, {
    reasons: [
      {
        code: 'END_NOT_EARNED',
        path: 'end',
        message: 'The life cycle has no such exit from where the run stands.',
        got: `${end} from ${run.kind === 'promotion' ? `${run.awaitingApproval ? 'awaiting ' : ''}${run.stage}` : run.kind}`,
        next: 'A promotion is promoted only after its pointer was moved, and only a change is applied.',
      },
    ],
  });
}

const CUT_SHORT: ReadonlySet<string> = new Set(['expired', 'withdrawn', 'rolled-back']);

function isExit(run: PromotionItem, end: CloseEvent['end']): boolean {
  if (end === 'applied' || (end === 'promoted' && run.pointer === undefined)) return false;
  const state = { in: run.awaitingApproval ? ('approval' as const) : ('stage' as const), stage: run.stage };
  return transition(state, end === 'promoted' ? 'completed' : end) !== null;
}
