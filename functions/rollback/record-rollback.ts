import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { actorOf } from './input.ts';
import { firstLook } from './recall/look-again.ts';
import type { RecallWrites } from './recall/recall-store.ts';
import { type DeployedRollback, deployedRollback } from './rollback-answer.ts';
import type { RollbackRecord, RollbackStore, RollbackWrites } from './rollback-store.ts';

export const recordEvent = z.object({
  rollback: deployedRollback,
  confirmation: z.object({ confirmed: z.boolean(), confirmedAt: z.string().exactOptional() }),
});
export type RecordEvent = z.infer<typeof recordEvent>;

export interface RecordPorts {
  readonly registry: Pick<RegistryStore, 'inFlight' | 'run' | 'versions'>;
  readonly writes: Pick<RegistryWrites, 'updateVersion'>;
  readonly rollbacks: Pick<RollbackStore, 'intent' | 'record'>;
  readonly rollbackWrites: Pick<RollbackWrites, 'newRecord'>;
  readonly recallWrites: Pick<RecallWrites, 'newPending'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  /** Withdraws the run's open gate, ends it as rolled back, and records both; a run that has ended stays as it is. */
  readonly closeRun: (run: Run, reasons: readonly Reason[], at: string) => Promise<void>;
  readonly stopExecution: (executionArn: string, error: string, cause: string) => Promise<void>;
}

export interface Recorded {
  readonly model: string;
  readonly end: 'rolled-back';
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  /** Name of the person, or `system:<trigger>`. */
  readonly requestedBy: string;
  readonly detail?: string;
  /** From the start of the execution to the moment when the data plane was seen to serve the target. */
  readonly seconds: number;
  readonly at: string;
  /** Promotions that it ended; whoever asked for them is told. */
  readonly closed: readonly string[];
}

const ROLLED_BACK = 'ROLLED_BACK';

/**
 * Closes the promotion in flight, withdraws the version that was gone back from, and records the rollback with its
 * seconds, and that what the version had handed downstream is to be recalled. Once per execution; safe to repeat.
 */
export async function recordRollback(ports: RecordPorts, event: RecordEvent, now: string): Promise<Recorded> {
  const { rollback, confirmation } = event;
  const { model, executionName } = rollback;
  const before = await ports.rollbacks.record(model, executionName);
  if (before !== null) return answer(rollback, before);
  await closeInFlight(ports, rollback, now);
  const closed = await closedBy(ports, rollback);
  await stopExecutions(ports, rollback, closed);
  const at = confirmation.confirmedAt ?? now;
  const seconds = Math.max(0, Math.round((Date.parse(at) - Date.parse(rollback.startedAt)) / 100) / 10);
  const { from, to, cause } = rollback;
  const record = { model, executionName, from, to, cause, seconds, at, closed: [...closed] };
  const versions = await versionWrites(ports, rollback, at);
  // Of the safe forecast nothing is withdrawn.
  const pending = { model, executionName, version: from, to, cause, rolledBackAt: at, ...firstLook(at) };
  const recall = from === '' ? [] : [ports.recallWrites.newPending(pending)];
  const data = { ...dataOf(event), seconds, closed };
  try {
    await ports.ledger.append({ model, type: 'rolled-back', at: now, actor: actorOf(rollback), data }, (ledgerSeq) => [
      ports.rollbackWrites.newRecord({ ...record, ledgerSeq }),
      ...versions,
      ...recall,
    ]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const twin = await ports.rollbacks.record(model, executionName);
    if (twin !== null) return answer(rollback, twin);
    // Another rollback was recorded since the versions were read: a repeated step reads them again.
    throw new ReleaseError('LEDGER_CONTENTION', `The versions of ${model} changed while it was recorded.`, {
      cause: error,
    });
  }
  return answer(rollback, record);
}

/**
 * A promotion in flight was judged against a version that no longer serves, or its own candidate was taken out. A change
 * of the model is none of the pointer's business, and a promotion that goes back from itself ends by its own machine.
 */
async function closeInFlight(ports: RecordPorts, rollback: DeployedRollback, now: string): Promise<void> {
  const inFlight = await ports.registry.inFlight(rollback.model, 'promotion');
  const run = inFlight === null ? null : await ports.registry.run(rollback.model, inFlight.promotionId);
  if (run?.kind !== 'promotion' || run.executionArn === rollback.executionArn) return;
  // A repeated step may come late: a promotion that started since, against what serves now, is not concerned.
  const { startedAt, from, to } = rollback;
  const concerned = run.startedAt <= startedAt || run.baseline !== to || run.version === from;
  if (!concerned) return;
  const reason = {
    code: ROLLED_BACK,
    message: messageOf(rollback),
    got: rollback.executionName,
    next: 'Start a new attempt, which is judged against the version that serves now.',
  };
  await ports.closeRun(run, [reason], now);
}

async function stopExecutions(ports: RecordPorts, rollback: DeployedRollback, closed: readonly string[]) {
  for (const promotionId of closed) {
    const run = await ports.registry.run(rollback.model, promotionId);
    if (run !== null) await ports.stopExecution(run.executionArn, ROLLED_BACK, messageOf(rollback));
  }
}

function messageOf({ cause }: DeployedRollback): string {
  return `The model was rolled back (${cause}).`;
}

function dataOf({ rollback, confirmation }: RecordEvent) {
  const { executionName, cause, requestedBy, from, to, hostedVersion, detail } = rollback;
  return {
    executionName,
    cause,
    requestedBy: { ...requestedBy },
    from,
    to,
    revision: hostedVersion,
    documentSha256: rollback.documentSha256,
    deploymentNumber: rollback.deploymentNumber,
    how: rollback.how,
    ...rollback.wentOut,
    confirmed: confirmation.confirmed,
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Promotions that this rollback closed, read from the ledger, since an earlier run of this step may have closed them. */
async function closedBy(ports: RecordPorts, { model, executionName }: DeployedRollback): Promise<readonly string[]> {
  const closed: string[] = [];
  const intent = await ports.rollbacks.intent(model, executionName);
  const fromSeq = intent?.ledgerSeq ?? 1;
  for await (const { body } of ports.ledger.entries(model, { fromSeq })) {
    const { promotionId } = body.data;
    if (body.type !== 'promotion-ended' || typeof promotionId !== 'string') continue;
    const ended = endedBy.safeParse(body.data);
    if (ended.data?.reasons.some(({ code, got }) => code === ROLLED_BACK && got === executionName)) {
      closed.push(promotionId);
    }
  }
  return closed;
}

const endedBy = z.looseObject({ reasons: z.array(z.looseObject({ code: z.string(), got: z.string().optional() })) });

/** The version gone back from is withdrawn, the target is production again, and no other version is. */
async function versionWrites(
  ports: RecordPorts,
  { model, from, to, cause }: DeployedRollback,
  at: string,
): Promise<readonly TransactWrite[]> {
  const writes: TransactWrite[] = [];
  for (const { version, status } of await ports.registry.versions(model)) {
    if (version === from && status !== 'withdrawn') {
      const members = { status: 'withdrawn' as const, withdrawnAt: at, withdrawnBecause: cause };
      writes.push(ports.writes.updateVersion(model, version, members, [status]));
    } else if (version === to && status !== 'production' && status !== 'withdrawn') {
      writes.push(ports.writes.updateVersion(model, version, { status: 'production' }, [status]));
    } else if (version !== to && version !== from && status === 'production') {
      writes.push(ports.writes.updateVersion(model, version, { status: 'retained' }, [status]));
    }
  }
  return writes;
}

function answer(rollback: DeployedRollback, record: Pick<RollbackRecord, 'seconds' | 'at' | 'closed'>): Recorded {
  const { model, from, to, cause, requestedBy, detail } = rollback;
  const why = detail === undefined ? {} : { detail };
  const { seconds, at, closed } = record;
  return { model, end: 'rolled-back', from, to, cause, requestedBy: requestedBy.name, ...why, seconds, at, closed };
}
