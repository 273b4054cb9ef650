import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { systemActor } from '../platform/people.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { ApprovalStore, GateRef } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { type Closing, closeGate, MAX_RACES } from './close-gate.ts';
import { type GateAnswer, gateAnswer } from './gate-answer.ts';
import type { GateItem } from './items.ts';
import { statusOf } from './quorum.ts';
import { staleReason } from './stale-gate.ts';

/** So many waits of one gate may end for nothing before it is withdrawn. */
export const MAX_FALSE_WAITS = 5;

export interface ReadGatePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly registryWrites: RegistryWrites;
  readonly approvals: Pick<ApprovalStore, 'gate' | 'gates' | 'token' | 'carryOut'>;
  readonly approvalWrites: ApprovalWrites;
  readonly ledger: Pick<Ledger, 'append'>;
  /** Raises the alarm: the execution was woken by something that is no decision. */
  readonly onForged: (gate: GateItem) => void;
}

/**
 * What the table says of a gate, whatever woke the execution. An open gate past its expiry is closed as expired, one
 * whose question or people changed as void, so that those of now are asked; an open gate that still stands means that no decision woke the execution, which is counted once per wait and ends the run at the
 * fifth. Safe to repeat.
 * @throws ReleaseError NOT_FOUND, CORRUPT_ITEM, LEDGER_CONTENTION
 */
export async function readGate(ports: ReadGatePorts, event: GateRef, now: Date): Promise<GateAnswer> {
  for (let race = 0; race < MAX_RACES; race++) {
    const run = await findRun(ports.registry, event.promotionId);
    const gate = await ports.approvals.gate(event);
    if (gate === null)
      throw new ReleaseError('NOT_FOUND', `${event.promotionId} has no gate ${event.stage} ${event.round}.`);
    if (run.end !== undefined) return { ...gateAnswer(gate, now), status: 'withdrawn', reasons: [endedReason(run)] };
    const settled = gate.status === 'open' ? await settleOpen(ports, run, gate, now) : gate;
    if (settled === null) continue;
    if (settled.status === 'approved') await enter(ports, run, settled);
    return gateAnswer(settled, now);
  }
  throw new ReleaseError('LEDGER_CONTENTION', `${event.promotionId}: others kept writing to the gate.`);
}

async function findRun(registry: Pick<RegistryStore, 'run'>, promotionId: string): Promise<Run> {
  const model = parsePromotionId(promotionId)?.model;
  const run = model === undefined ? null : await registry.run(model, promotionId);
  if (run === null) throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${promotionId}.`);
  return run;
}

/** An open gate, after what the clock and the counters make of it; null when somebody wrote to it meanwhile. */
async function settleOpen(ports: ReadGatePorts, run: Run, gate: GateItem, now: Date): Promise<GateItem | null> {
  const at = now.toISOString();
  if (at >= gate.expiresAt) return close(ports, gate, { status: 'expired', reason: expiredReason(gate), at });
  const stale = staleReason(gate, run, await ports.registry.model(run.model));
  if (stale !== null) return close(ports, gate, { status: 'void', reason: stale, at });
  const counted = await countWait(ports, gate, at);
  if (counted === null) return null;
  if (counted.forgedCallbacks >= MAX_FALSE_WAITS) {
    return close(ports, counted, { status: 'withdrawn', reason: forgedReason(counted), at });
  }
  if (counted.failedRequests >= MAX_FALSE_WAITS) {
    return close(ports, counted, { status: 'withdrawn', reason: unsentReason(counted), at });
  }
  return counted;
}

function close(ports: ReadGatePorts, gate: GateItem, closing: Omit<Closing, 'actor'>): Promise<GateItem> {
  return closeGate(ports, gate, { ...closing, actor: systemActor('read-gate') });
}

/**
 * Counts a wait that ended for nothing: as forged when people had been asked under its token, else as requests that
 * could not be sent. A wait that was counted already is not counted again.
 */
async function countWait(ports: ReadGatePorts, gate: GateItem, at: string): Promise<GateItem | null> {
  const token = await ports.approvals.token(gate);
  const issue = token?.issue ?? 0;
  if (token?.requestedAt !== undefined && issue === gate.countedIssue) return gate;
  const forged = token?.requestedAt !== undefined;
  const counts = {
    forgedCallbacks: gate.forgedCallbacks + (forged ? 1 : 0),
    failedRequests: gate.failedRequests + (forged ? 0 : 1),
    countedIssue: issue,
  };
  try {
    await writeCounts(ports, gate, counts, forged ? at : null);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return null;
  }
  const counted = { ...gate, ...counts, revision: gate.revision + 1 };
  if (forged) ports.onForged(counted);
  return counted;
}

async function writeCounts(
  ports: ReadGatePorts,
  gate: GateItem,
  counts: Pick<GateItem, 'forgedCallbacks' | 'failedRequests' | 'countedIssue'>,
  forgedAt: string | null,
): Promise<void> {
  const write = ports.approvalWrites.countWait(gate, counts);
  if (forgedAt === null) return ports.approvals.carryOut([write]);
  const { model, promotionId, stage, round } = gate;
  const data = { promotionId, stage, round, count: counts.forgedCallbacks };
  await ports.ledger.append({ model, type: 'callback-forged', at: forgedAt, actor: systemActor('read-gate'), data }, [
    write,
  ]);
}

/** An approved promotion is in its stage from here on. The decisions are counted once more: the status alone is not believed. */
async function enter(ports: ReadGatePorts, run: Run, gate: GateItem): Promise<void> {
  if (statusOf(gate.decisions, gate.quorum) !== 'approved') {
    throw new ReleaseError(
      'CORRUPT_ITEM',
      `The gate ${gate.stage} of ${gate.promotionId} is approved without its quorum.`,
    );
  }
  if (run.kind !== 'promotion' || !run.awaitingApproval || run.stage !== gate.stage) return;
  await ports.approvals.carryOut([ports.registryWrites.updateRun(run, { awaitingApproval: false })]);
}

function endedReason(run: Run): Reason {
  return {
    code: 'PROMOTION_ENDED',
    message: `It has ended already: ${run.end}.`,
    ...(run.endedAt ? { got: run.endedAt } : {}),
  };
}

function expiredReason(gate: GateItem): Reason {
  return {
    code: 'APPROVAL_EXPIRED',
    path: gate.stage,
    message: 'Too few people decided in time.',
    got: `${gate.decisions.length} of ${gate.quorum} by ${gate.expiresAt}`,
    allowed: `${gate.quorum}`,
    next: 'Agree with the approvers on a time, and start a new attempt.',
  };
}

function forgedReason(gate: GateItem): Reason {
  return {
    code: 'CALLBACKS_FORGED',
    path: gate.stage,
    message: 'The execution was woken again and again although nobody had decided.',
    got: String(gate.forgedCallbacks),
    allowed: `fewer than ${MAX_FALSE_WAITS}`,
    next: 'Find out who sends callbacks by hand before starting a new attempt.',
  };
}

function unsentReason(gate: GateItem): Reason {
  return {
    code: 'REQUESTS_NOT_SENT',
    path: gate.stage,
    message: 'The requests could not be sent to enough approvers.',
    got: `${gate.failedRequests} attempts`,
    next: 'Check the sender address and the email service, and start a new attempt.',
  };
}
