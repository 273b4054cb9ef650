import { REPORT_NAME } from '../evidence/report/gate-report.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { plusDuration } from '../platform/duration.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { evidencePaths } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { STAGES, stageAfter } from '../promotion/life-cycle.ts';
import type { PromotionItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { approvedGate } from './approved-gate.ts';
import { closeGate } from './close-gate.ts';
import { eligibleApprovers, peopleDigest, peopleFor, quorumReason } from './eligible-approvers.ts';
import { type GateAnswer, gateAnswer } from './gate-answer.ts';
import type { GateItem, GateStage } from './items.ts';
import { exposedBy, sealOf } from './seal.ts';
import { newRequestId, type RandomBytes } from './secret.ts';

/** So often the same question may become void before nobody is asked again. */
export const MAX_ROUNDS = 5;

export interface OpenGatePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly registryWrites: RegistryWrites;
  readonly approvals: Pick<ApprovalStore, 'gate' | 'gates'>;
  readonly approvalWrites: ApprovalWrites;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly random: RandomBytes;
}

/**
 * Opens the gate through which a run goes next and answers it; the newest gate of the stage is answered as it is, unless
 * it is void: then the next round is opened. A gate that the people there are could never pass is withdrawn at once.
 * Safe to repeat.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, CONDITION_FAILED when the stage before it was not passed, or when what
 * people let into an earlier stage is not what the run is now
 */
export async function openGate(ports: OpenGatePorts, event: { promotionId: string }, now: Date): Promise<GateAnswer> {
  const run = await readRun(ports.registry, event.promotionId);
  const stage = nextStage(run);
  const gates = await ports.approvals.gates(run.promotionId);
  assertLetIn(run, stage, gates);
  const newest = gates.findLast((gate) => gate.stage === stage);
  const gate =
    newest === undefined || newest.status === 'void' ? await nextRound(ports, { run, stage, newest, now }) : newest;
  const refusal = quorumReason(gate.approvers, gate.quorum) ?? roundsReason(gate.round);
  if (refusal === null || gate.status !== 'open') return gateAnswer(gate, now);
  const closing = {
    status: 'withdrawn',
    reason: refusal,
    at: now.toISOString(),
    actor: systemActor('open-gate'),
  } as const;
  return gateAnswer(await closeGate(ports, gate, closing), now);
}

/**
 * The run of an id, if it has not ended.
 * @throws ReleaseError INVALID_INPUT, NOT_FOUND, PROMOTION_ENDED
 */
export async function readRun(registry: Pick<RegistryStore, 'run'>, promotionId: string): Promise<Run> {
  const parsed = parsePromotionId(promotionId);
  if (parsed === null) throw new ReleaseError('INVALID_INPUT', `${promotionId} is no promotion id.`);
  const run = await registry.run(parsed.model, promotionId);
  if (run === null) throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${promotionId}.`);
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} has ended: ${run.end}.`);
  return run;
}

function nextStage(run: Run): GateStage {
  if (run.kind !== 'promotion') return 'change';
  const stage = run.awaitingApproval ? run.stage : stageAfter(passedStage(run));
  if (stage !== null && stage !== 'offline') return stage;
  throw new ReleaseError('CONDITION_FAILED', `${run.promotionId} has no stage after ${run.stage}.`);
}

/** Nobody is asked about a candidate that did not pass the stage it is in, or of which its judge left no report. */
function passedStage(run: PromotionItem): PromotionItem['stage'] {
  const found = run.gates[run.stage];
  const reported = found?.artifacts[REPORT_NAME]?.key.startsWith(
    evidencePaths.evidence(run.promotionId, run.stage, ''),
  );
  if (found?.verdict === 'PASS' && reported === true) return run.stage;
  throw new ReleaseError('CONDITION_FAILED', `${run.promotionId} has not passed ${run.stage}.`, {
    reasons: [
      {
        code: 'STAGE_NOT_PASSED',
        path: run.stage,
        message: 'A stage is entered only after the stage before it was passed, and its judge left a report.',
        got: found?.verdict === 'PASS' ? 'PASS, without a report of this promotion' : (found?.verdict ?? 'no verdict'),
        allowed: 'PASS, with the report of this promotion',
      },
    ],
  });
}

/** Nobody is asked about a later stage when an earlier approval does not stand, or was given to something else. */
function assertLetIn(run: Run, stage: GateStage, gates: readonly GateItem[]): void {
  if (stage === 'change') return;
  const entered = STAGES.slice(1, STAGES.indexOf(stage)).filter((earlier) => earlier !== 'offline');
  const broken = entered.find((earlier) => approvedGate(gates, run, earlier) === null);
  if (broken === undefined) return;
  throw new ReleaseError('CONDITION_FAILED', `The approval of ${run.promotionId} into ${broken} does not stand.`, {
    reasons: [
      {
        code: 'EARLIER_APPROVAL_BROKEN',
        path: broken,
        message: 'No approval by a quorum of people is sealed to what the promotion is now.',
        got: gates.findLast((gate) => gate.stage === broken)?.status ?? 'no gate',
        allowed: 'approved, with the seal of candidate, evidence, policy and plan as they are now',
        next: 'Find out what was changed since, and by whom; then start a new attempt.',
      },
    ],
  });
}

async function nextRound(
  ports: OpenGatePorts,
  asked: { readonly run: Run; readonly stage: GateStage; readonly newest: GateItem | undefined; readonly now: Date },
): Promise<GateItem> {
  const { run, stage, newest, now } = asked;
  const people = peopleFor(run, await ports.registry.model(run.model), stage);
  const eligible = eligibleApprovers(people, run, stage);
  return putGate(ports, run, {
    promotionId: run.promotionId,
    model: run.model,
    stage,
    round: (newest?.round ?? 0) + 1,
    status: 'open',
    seal: sealOf(run, stage),
    peopleDigest: peopleDigest(people),
    quorum: people.quorum,
    approvers: eligible.map((approver) => ({ ...approver, requestId: newRequestId(ports.random) })),
    decisions: [],
    openedAt: now.toISOString(),
    expiresAt: plusDuration(now.toISOString(), people.expiry),
    forgedCallbacks: 0,
    failedRequests: 0,
    countedIssue: 0,
    revision: 1,
  });
}

function roundsReason(round: number): Reason | null {
  if (round <= MAX_ROUNDS) return null;
  return {
    code: 'TOO_MANY_ROUNDS',
    path: 'round',
    message: 'What was asked kept changing while people were deciding.',
    got: String(round),
    allowed: `at most ${MAX_ROUNDS} rounds`,
    next: 'Settle candidate, evidence and approvers, and start a new attempt.',
  };
}

/** Puts the gate with its entry; when another call was first, answers the gate which that one put. */
async function putGate(ports: OpenGatePorts, run: Run, gate: Omit<GateItem, 'openedSeq'>): Promise<GateItem> {
  const { promotionId, stage, round, seal, quorum, expiresAt } = gate;
  const approvers = gate.approvers.map(({ id, name, email }) => ({ id, name, email }));
  let seqOfEntry = 0;
  try {
    await ports.ledger.append(
      {
        model: gate.model,
        type: 'gate-opened',
        at: gate.openedAt,
        actor: systemActor('open-gate'),
        data: { promotionId, stage, round, seal, quorum, approvers, expiresAt, exposure: exposedBy(run, stage) },
      },
      (seq) => {
        seqOfEntry = seq;
        return [
          ports.approvalWrites.newGate({ ...gate, openedSeq: seq }),
          ports.approvalWrites.attend(gate),
          waiting(ports.registryWrites, run, stage),
        ];
      },
    );
    return { ...gate, openedSeq: seqOfEntry };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const first = await ports.approvals.gate(gate);
    if (first !== null) return first;
    throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended while its gate was being opened.`, {
      cause: error,
    });
  }
}

function waiting(writes: RegistryWrites, run: Run, stage: GateStage): TransactWrite {
  if (run.kind !== 'promotion' || stage === 'change') return writes.runIsOpen(run);
  return writes.updateRun(run, { stage, awaitingApproval: true });
}
