import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { personActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import type { Run } from '../registry/items.ts';
import { besideIn, type Stopping } from './beside.ts';
import { endRun } from './end-run.ts';
import type { StoppedCandidate } from './items.ts';
import type { KillSwitchPorts, Looked } from './kill-switch-ports.ts';
import { outData } from './let-out.ts';

export interface RecordedStop {
  readonly outcome: 'thrown' | 'already-thrown';
  readonly version: string;
  readonly reasons: readonly Reason[];
}

/**
 * Records that a candidate was stopped, with a version that is withdrawn for good in the same transaction, ends its
 * promotion, and looks whether a step of it that was on its way has exposed it again. Safe to repeat.
 * @throws ReleaseError POINTER_BUSY: it is exposed again
 */
export async function recordStopped(ports: KillSwitchPorts, looked: Looked, stopping: Stopping): Promise<RecordedStop> {
  const { model } = looked.input;
  const run = await ports.registry.run(model, stopping.promotionId);
  const version = stopping.version || (run?.kind === 'promotion' ? run.version : '');
  const outcome = await recordOnce(ports, looked, { ...stopping, version });
  if (run?.kind === 'promotion' && !stopping.isComparator) await close(ports, run, looked);
  return { outcome, version, reasons: await exposedAgain(ports, looked, { ...stopping, version }) };
}

/** A promotion whose version serves has done what it was for. */
async function close(ports: KillSwitchPorts, run: Run & { readonly kind: 'promotion' }, looked: Looked) {
  if (run.end !== undefined && run.end !== 'withdrawn') return;
  await endRun(ports, run, looked.input);
}

async function recordOnce(
  ports: KillSwitchPorts,
  { input }: Looked,
  stopping: Stopping,
): Promise<RecordedStop['outcome']> {
  const { level, promotionId, version, out } = stopping;
  const { model, reason, requestedBy, expiresAt } = input;
  const before = await ports.switches.stopped(model, promotionId);
  if (covers(before, stopping)) return 'already-thrown';
  const at = ports.now();
  const data = {
    ...{ level, promotionId, version, reason, requestedBy, expiresAt },
    // Every document that went out is recorded, and once.
    ...(out === null || out.deploymentNumber === before?.deploymentNumber ? {} : outData(out)),
  };
  const deploymentNumber = out?.deploymentNumber ?? before?.deploymentNumber;
  const item = {
    // Withdrawn for good stays so, whatever is stopped afterwards.
    ...{ model, level: before?.level === 'candidate' ? before.level : level, promotionId, version },
    ...{ reason, requestedBy, thrownAt: at, expiresAt },
    ...(deploymentNumber === undefined ? {} : { deploymentNumber }),
  };
  const draft = { model, type: 'kill-switch-thrown' as const, at, actor: personActor(requestedBy), data };
  const withdrawn = level === 'candidate' ? await withdrawal(ports, item) : [];
  try {
    await ports.ledger.append(draft, (ledgerSeq) => [
      ports.switchWrites.stopped({ ...item, ledgerSeq }, before),
      ...withdrawn,
    ]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    if (covers(await ports.switches.stopped(model, promotionId), stopping)) return 'already-thrown';
    throw new ReleaseError('POINTER_BUSY', 'The version changed while the stop was recorded.', { cause });
  }
  return 'thrown';
}

/** True when an earlier stop is recorded that stopped as much, and no document went out since. */
function covers(before: StoppedCandidate | null, { level, out }: Pick<Stopping, 'level' | 'out'>): boolean {
  if (before === null || (out !== null && out.deploymentNumber !== before.deploymentNumber)) return false;
  return before.level === 'candidate' || level !== 'candidate';
}

/** The version never serves again. One that was in production before, and is a candidate once more, is none to go back to. */
async function withdrawal(
  ports: KillSwitchPorts,
  { model, version, thrownAt }: Pick<StoppedCandidate, 'model' | 'version' | 'thrownAt'>,
): Promise<readonly TransactWrite[]> {
  const item = await ports.registry.version(model, version);
  if (item === null || item.status === 'withdrawn' || item.status === 'production') return [];
  const members = { status: 'withdrawn' as const, withdrawnAt: thrownAt, withdrawnBecause: 'kill-switch' };
  return [ports.writes.updateVersion(model, version, members, [item.status])];
}

/** A deployment that was vouched for a moment before may have come after. The promotion has ended, so that no other can. */
async function exposedAgain(
  ports: KillSwitchPorts,
  { input: { model }, place }: Looked,
  { promotionId, version, isComparator }: Stopping,
): Promise<readonly Reason[]> {
  const { live, inProgress } = await ports.appConfig.deployedState(place);
  if (inProgress !== null) throw new ReleaseError('POINTER_BUSY', `Deployment ${inProgress.number} runs.`);
  const found =
    live === null ? null : await findDocument(ports, model, { ...place, hostedVersion: live.hostedVersion });
  if (found === null || isComparator) return [];
  if (besideIn(found.document)?.promotionId === promotionId && found.document.productionVersion !== version) {
    throw new ReleaseError('POINTER_BUSY', 'A step of the promotion exposed the candidate again.');
  }
  if (found.document.productionVersion !== version) return [];
  const message = 'The version came into production in the same moment: it is no candidate any more.';
  return [{ code: 'SERVES_NOW', message, got: version, next: `Roll back with withdrawVersion ${version}.` }];
}
