import type { Reason } from '../../platform/errors.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { Alert } from '../../rollback/alert/alert-link.ts';
import type { DeployedState } from '../deployments.ts';
import { wentOutData } from '../document-record.ts';
import type { AcceptedBook } from './accepted.ts';
import { compare, RECORDING_MS, type Seen } from './compare.ts';
import type { CompleteRollback } from './complete-rollback.ts';
import type { Finding } from './finding.ts';
import type { Standing } from './look-again.ts';
import { type ObservePorts, observe, placeOf } from './observe.ts';
import type { Reconciled, ReconcileStore } from './reconcile-store.ts';
import { recordFindings } from './record-findings.ts';
import { completeUndo, type UndoPorts, undoDeployment } from './undo-deployment.ts';

export interface ReconcilePorts extends ObservePorts, UndoPorts {
  readonly appConfig: ObservePorts['appConfig'] & UndoPorts['appConfig'];
  readonly registry: ObservePorts['registry'] & Pick<RegistryStore, 'model' | 'run' | 'inFlight' | 'returnDocument'>;
  readonly store: Pick<ReconcileStore, 'last' | 'keep' | 'kept' | 'newUndone'>;
  /** What the ledger has of a chain by now. */
  readonly bookOf: (chain: string) => Promise<AcceptedBook>;
  /** Models of which a rollback runs. */
  readonly rollingBack: () => Promise<ReadonlySet<string>>;
  /** Starts the rollback machine again for a rollback that was not recorded. */
  readonly completeRollback: CompleteRollback;
  /** Records that a candidate was taken out, where that is missing. */
  readonly endExposure: (promotionId: string) => Promise<unknown>;
  /** Ends a promotion and its execution. */
  readonly closeRun: (run: Run, reason: Reason) => Promise<void>;
  readonly alert: (alert: Alert) => Promise<unknown>;
  /** Raises the alarm; never throws. */
  readonly noticed: (chain: string, finding: Finding) => void;
}

/**
 * One look at a model: records what does not fit once it was seen twice, tells the people concerned, and undoes what went
 * forward without a decision; completes what was decided and not recorded. Never while a rollback or a move of the model
 * runs. Safe to repeat, and at any time.
 * @throws the first failure of what it acted on, after all was tried
 */
export async function reconcileModel(ports: ReconcilePorts, model: string): Promise<readonly Finding[]> {
  const item = await ports.registry.model(model);
  if (item === null) return [];
  const state = await ports.appConfig.deployedState(placeOf(item));
  const book = await ports.bookOf(model);
  const now = ports.now();
  if ((await ports.rollingBack()).has(model) || isMoving(state, book, now)) return [];
  const before = await ports.store.last(model);
  if (await completeUndo(ports, { model, place: placeOf(item), kept: before, state })) return [];
  const seen = await observe(ports, { item, state, now });
  const details = (finding: Finding) => detailsOf(seen, finding);
  const look = { chain: model, now, findings: compare(seen, book), before, book, details };
  const { standing, kept } = await recordFindings(ports, look);
  await act(ports, { item, book, seen, standing, kept });
  return standing.map(({ finding }) => finding);
}

/** A move goes from its intent to its record; a rollback that could still be recorded by itself is left to it. */
function isMoving({ inProgress }: DeployedState, book: AcceptedBook, now: string): boolean {
  const young = (at: string) => Date.parse(now) - Date.parse(at) < RECORDING_MS;
  const rollback = book.openRollbackSince;
  return inProgress !== null || book.pending.some(({ at }) => young(at)) || (rollback !== null && young(rollback));
}

/** The document that serves meanwhile, so that the ledger can tell later who was served by what. */
function detailsOf({ live, takenBackAt }: Seen, { code, direction }: Finding): JsonObject {
  if (direction === undefined || live === null || live.hosted === null) return {};
  const { document, documentSha256 } = live.hosted;
  const { startedAt } = live.deployment;
  const deployedAt = code === 'DEPLOYMENT_STOPPED' ? (takenBackAt ?? startedAt) : startedAt;
  return { documentSha256, revision: document.revision, ...wentOutData({ document, deployedAt }) };
}

interface Acting {
  readonly item: ModelItem;
  readonly book: AcceptedBook;
  readonly seen: Seen;
  readonly standing: readonly Standing[];
  readonly kept: Reconciled;
}

async function act(ports: ReconcilePorts, acting: Acting): Promise<void> {
  const failures: unknown[] = [];
  const tried = async (what: () => Promise<unknown>): Promise<void> => {
    try {
      await what();
    } catch (error) {
      failures.push(error);
    }
  };
  for (const { finding } of acting.standing) ports.noticed(acting.item.model, finding);
  // What serves comes first; people are told of it afterwards.
  for (const one of acting.standing) await tried(() => mend(ports, acting, one));
  for (const one of acting.standing) await tried(() => ports.alert(alertOf(acting.item.model, one)));
  if (failures.length > 0) throw failures[0];
}

async function mend(ports: ReconcilePorts, acting: Acting, { finding, kept }: Standing): Promise<void> {
  const { item, book, seen } = acting;
  const { live } = seen;
  if (finding.code === 'ROLLBACK_UNRECORDED' && live?.rollback) await ports.completeRollback(live.rollback, seen);
  if (finding.code === 'MOVE_UNRECORDED' && live !== null && live.ends !== '') await ports.endExposure(live.ends);
  if (finding.direction === undefined) return;
  const { deploymentNumber } = finding;
  if (finding.direction === 'forward' && book.last !== null && deploymentNumber !== undefined) {
    const { model } = item;
    const undo = { model, place: placeOf(item), accepted: book.last, deploymentNumber, ledgerSeq: kept.ledgerSeq ?? 0 };
    await undoDeployment(ports, { ...undo, kept: await ports.store.last(model) });
  }
  await closeDisturbed(ports, acting, finding);
}

/** A promotion whose candidate was taken out of the pointer, by whoever did it, is not exposed as it was approved. */
async function closeDisturbed(ports: ReconcilePorts, { item, book }: Acting, finding: Finding): Promise<void> {
  const exposed = book.last?.document;
  const inFlight = await ports.registry.inFlight(item.model, 'promotion');
  const run = inFlight === null ? null : await ports.registry.run(item.model, inFlight.promotionId);
  if (run?.kind !== 'promotion' || run.end !== undefined || exposed?.promotionId !== run.promotionId) return;
  if (exposed.shadowVersion !== run.version && exposed.canaryVersion !== run.version) return;
  await ports.closeRun(run, {
    code: 'EXPOSURE_DISTURBED',
    message:
      'The pointer was changed by no decision while the candidate was exposed; what was seen since proves nothing.',
    got: finding.got,
    allowed: finding.allowed,
    next: 'Find out who changed it (see the change-noticed entry), and start a new attempt.',
  });
}

function alertOf(model: string, { finding, kept }: Standing): Alert {
  const { code, message, got, allowed, direction } = finding;
  const who = kept.principalArn === undefined ? 'Who did it is not known yet.' : `By ${kept.principalArn}.`;
  const undone = direction === 'forward' ? ' It is being undone.' : '';
  return {
    id: `change-${model}-${kept.ledgerSeq}`,
    model,
    version: '',
    cause: 'safety',
    trigger: 'system:reconcile',
    headline: message,
    detail: `${code}: got ${got}, expected ${allowed}. ${who}${undone}`,
    rolledBack: false,
  };
}
