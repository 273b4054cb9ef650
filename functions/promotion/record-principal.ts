import { type Known, personOf } from '../approval/starter.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError } from '../platform/errors.ts';
import { parsePromotionId, STACK_CHAIN } from '../platform/ids.ts';
import { registryKeys } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import type { ModelItem, Run, StartedBy } from '../registry/items.ts';
import { modelIn } from '../registry/registration.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';

/** A start of one of our state machines, as CloudTrail tells of it. */
export interface Started {
  readonly executionArn: string;
  readonly principalArn: string;
  /** UTC. */
  readonly at: string;
}

export interface PrincipalPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'run' | 'refusal'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly marks: {
    readonly isRecorded: (key: ReturnType<typeof registryKeys.principal>) => Promise<boolean>;
    readonly newMark: (
      key: ReturnType<typeof registryKeys.principal>,
      of: { readonly model: string; readonly ledgerSeq: number },
    ) => TransactWrite;
  };
  readonly ledger: Pick<Ledger, 'append'>;
  /** The input that an execution was started with; null for one that is not known (any more). */
  readonly inputOf: (executionArn: string) => Promise<unknown>;
}

/** So long a run may take to be registered after its execution was started. */
const REGISTRATION_MS = 10 * 60_000;

/**
 * Records who started an execution, once: in the ledger, and on its run, where separation of duties finds it. False when
 * the run is not registered yet: to be tried again. Safe to repeat.
 */
export async function recordPrincipal(ports: PrincipalPorts, started: Started, now: string): Promise<boolean> {
  const key = registryKeys.principal(started.executionArn);
  if (await ports.marks.isRecorded(key)) return true;
  const { run, item, settled } = await find(ports, started);
  if (!settled && Date.parse(now) - Date.parse(started.at) < REGISTRATION_MS) return false;
  const startedBy = startedByOf(started.principalArn, run, item);
  const model = item?.model ?? STACK_CHAIN;
  const promotionId = run?.promotionId ?? nameOf(started.executionArn);
  const data = { executionArn: started.executionArn, promotionId, ...startedBy, startedAt: started.at };
  try {
    await ports.ledger.append(
      { model, type: 'principal-recorded', at: now, actor: systemActor('watch-trail'), data },
      (ledgerSeq) => [
        ports.marks.newMark(key, { model, ledgerSeq }),
        ...(run === null || run.end !== undefined ? [] : [ports.writes.updateRun(run, { startedBy })]),
      ],
    );
    return true;
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    // Recorded by a twin of this look, or the run has ended since: the next look finds which.
    return ports.marks.isRecorded(key);
  }
}

interface Found {
  readonly run: Run | null;
  readonly item: ModelItem | null;
  /** False while the run may still be registered. */
  readonly settled: boolean;
}

/** The run of a promotion or change, or the model that another machine was started for. */
async function find({ registry, inputOf }: PrincipalPorts, { executionArn }: Started): Promise<Found> {
  const name = nameOf(executionArn);
  const model = /:execution:[^:]+-(onboarding|promotion):/.test(executionArn)
    ? parsePromotionId(name)?.model
    : undefined;
  if (model === undefined) {
    const asked = modelIn(await inputOf(executionArn));
    return { run: null, item: asked === null ? null : await registry.model(asked), settled: true };
  }
  const [run, refusal, item] = await Promise.all([
    registry.run(model, name),
    registry.refusal(model, name),
    registry.model(model),
  ]);
  if (run?.executionArn === executionArn) return { run, item, settled: true };
  return { run: null, item, settled: refusal?.executionArn === executionArn };
}

function nameOf(executionArn: string): string {
  return executionArn.split(':').at(-1) ?? '';
}

function startedByOf(principalArn: string, run: Run | null, item: ModelItem | null): StartedBy {
  const proposed: readonly Known[] =
    run?.kind === 'onboard' ? [run.proposal.owner, ...run.proposal.approvers, ...(run.firstApprovers ?? [])] : [];
  const known = item === null ? proposed : [item.owner, ...item.approvers, ...proposed];
  const person = personOf(principalArn, known);
  return { principalArn, ...(person === null || person === undefined ? {} : { person }) };
}
