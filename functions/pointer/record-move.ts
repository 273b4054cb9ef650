import type { Draft } from '../ledger/entry.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { systemActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import type { PointerMove, PromotionItem, Run, StoredObject } from '../registry/items.ts';
import { storeStatement } from './deployment-statement.ts';
import type { PointerDocument } from './document.ts';
import type { HostedDocument } from './hosted-document.ts';
import type { MovePorts } from './move-ports.ts';
import { assertOpen } from './open-run.ts';

const actor = systemActor('move-pointer');

/**
 * Records under which decision the document may go out; the vouching extension refuses it otherwise. Safe to repeat: one
 * document has one intent.
 * @throws ReleaseError PROMOTION_ENDED
 */
export async function recordIntent(
  ports: MovePorts,
  intent: { readonly run: Run; readonly hosted: HostedDocument; readonly approvalSeq: number },
): Promise<void> {
  const { run, hosted, approvalSeq } = intent;
  const { model, promotionId } = run;
  const { documentSha256, document } = hosted;
  if ((await ports.registry.intent(model, documentSha256)) !== null) return;
  const at = ports.now();
  const data = {
    promotionId,
    kind: run.kind === 'promotion' ? 'promote' : 'onboard',
    documentSha256,
    productionVersion: document.productionVersion,
    previousVersion: document.previousVersion,
    approvalSeq,
  };
  try {
    await ports.ledger.append({ model, type: 'pointer-move-intended', at, actor, data }, (ledgerSeq) => [
      ports.writes.newIntent({ model, documentSha256, promotionId, ledgerSeq, at }),
      ports.writes.runIsOpen(run),
    ]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    // Another run of the same step may have written it; only the run's end stops the move.
    if ((await ports.registry.intent(model, documentSha256)) === null) throw ended(run, cause);
  }
}

interface Recording {
  readonly run: Run;
  readonly document: PointerDocument;
  readonly pointer: PointerMove;
}

/**
 * Records a completed move with the statuses that it gives to the versions, and a promotion's signed deployment
 * statement. Safe to repeat.
 * @throws ReleaseError PROMOTION_ENDED when a rollback was faster
 */
export async function recordMove(ports: MovePorts, recording: Recording): Promise<void> {
  const { run, document, pointer } = recording;
  const at = ports.now();
  const statement = run.kind === 'promotion' ? await stated(ports, run, recording) : null;
  try {
    await ports.ledger.append(movedDraft(recording, statement, at), [
      ports.writes.updateRun(run, { pointer }, { expression: 'attribute_not_exists(pointer)', values: {} }),
      ...(run.kind === 'promotion' ? await versionWrites(ports, run, document, pointer.movedAt) : []),
    ]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    const now = await ports.registry.run(run.model, run.promotionId);
    if (now?.pointer?.documentSha256 === pointer.documentSha256) return;
    if (now !== null) assertOpen(now);
    throw new ReleaseError('POINTER_BUSY', `The versions of ${run.model} changed while the move was recorded.`, {
      cause,
    });
  }
}

function stated(ports: MovePorts, run: PromotionItem, { document, pointer }: Recording): Promise<StoredObject> {
  const { documentSha256, deploymentNumber, movedAt } = pointer;
  const facts = { run, document, documentSha256, deploymentNumber, deployedAt: movedAt };
  return storeStatement(ports, facts, ports.now());
}

function movedDraft({ run, document, pointer }: Recording, statement: StoredObject | null, at: string): Draft {
  return {
    model: run.model,
    type: 'pointer-moved',
    at,
    actor,
    data: {
      promotionId: run.promotionId,
      documentSha256: pointer.documentSha256,
      revision: pointer.revision,
      deploymentNumber: pointer.deploymentNumber,
      productionVersion: document.productionVersion,
      previousVersion: document.previousVersion,
      fallback: document.fallback,
      ...(statement === null ? {} : { statement: { ...statement } }),
    },
  };
}

/** The candidate becomes production; what served before stays reachable as `retained`. */
async function versionWrites(
  ports: MovePorts,
  run: PromotionItem,
  document: PointerDocument,
  promotedAt: string,
): Promise<readonly TransactWrite[]> {
  const { model, version, baseline } = run;
  const promoted = ports.writes.updateVersion(
    model,
    version,
    { status: 'production', promotedAt, predecessor: document.previousVersion },
    ['candidate', 'retained', 'production'],
  );
  const before = baseline === '' || baseline === version ? null : await ports.registry.version(model, baseline);
  if (before?.status !== 'production') return [promoted];
  return [promoted, ports.writes.updateVersion(model, baseline, { status: 'retained' }, ['production'])];
}

function ended(run: Run, cause: unknown): ReleaseError {
  return new ReleaseError('PROMOTION_ENDED', `${run.promotionId} ended while its pointer move was prepared.`, {
    cause,
  });
}
