import type { Draft } from '../ledger/entry.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import type { JsonObject } from '../platform/json.ts';
import { systemActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { ADOPTED } from '../registry/adoption.ts';
import type { Exposure, PointerMove, PromotionItem, Run, StoredObject } from '../registry/items.ts';
import { storeStatement } from './deployment-statement.ts';
import { hasCandidate, type PointerDocument } from './document.ts';
import { documentBytes, documentData, MAX_DOCUMENT_BYTES, wentOutData } from './document-record.ts';
import { type DueMove, dueMove } from './due-move.ts';
import type { HostedDocument } from './hosted-document.ts';
import type { MovePorts } from './move-ports.ts';
import { notVouched } from './not-vouched.ts';
import { assertOpen } from './open-run.ts';

const actor = systemActor('move-pointer');

/**
 * Records under which decision the document may go out; the vouching extension refuses it otherwise. Safe to repeat: one
 * document has one intent.
 * @throws ReleaseError PROMOTION_ENDED; NOT_VOUCHED for a document that the ledger could not hold once it is out
 */
export async function recordIntent(
  ports: MovePorts,
  intent: {
    readonly due: DueMove;
    readonly hosted: HostedDocument;
    readonly approvalSeq: number;
    /** What is deployed and will not be any more; null: nothing. */
    readonly replaced: PointerDocument | null;
  },
): Promise<void> {
  const { due, hosted, approvalSeq, replaced } = intent;
  const { model, promotionId } = due.run;
  const { documentSha256, document } = hosted;
  assertRecordable(document);
  if ((await ports.registry.intent(model, documentSha256)) !== null) return;
  const at = ports.now();
  const data = {
    ...moveData(due, document),
    ...replacedData(due, replaced),
    ...documentData(document),
    documentSha256,
    approvalSeq,
  };
  try {
    await ports.ledger.append({ model, type: 'pointer-move-intended', at, actor, data }, (ledgerSeq) => [
      ports.writes.newIntent({ model, documentSha256, promotionId, ledgerSeq, at }),
      ports.writes.runIsOpen(due.run),
    ]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    // Another run of the same step may have written it; only the run's end stops the move.
    if ((await ports.registry.intent(model, documentSha256)) === null) throw ended(due.run, cause);
  }
}

function assertRecordable(document: PointerDocument): void {
  const bytes = documentBytes(document);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  const message = 'The lists of the document are longer than an entry of the ledger can hold.';
  throw notVouched('DOCUMENT_TOO_LARGE', message, `${bytes} bytes`, `at most ${MAX_DOCUMENT_BYTES} bytes`);
}

/** What a move lets which version do, as intent and move record it. */
function moveData({ kind, run, step }: DueMove, document: PointerDocument): JsonObject {
  const { productionVersion, previousVersion, shadowVersion, shadowUntil } = document;
  const { canaryVersion, canaryPercentage, canaryUntil } = document;
  return {
    promotionId: run.promotionId,
    kind,
    ...(kind === 'canary' ? { step } : {}),
    ...{ productionVersion, previousVersion, shadowVersion, shadowUntil },
    ...{ canaryVersion, canaryPercentage, canaryUntil },
  };
}

/** The candidate of another run that the document takes the place of, such as the comparator of the promotion before. */
function replacedData({ run }: DueMove, replaced: PointerDocument | null): JsonObject {
  if (replaced === null || replaced.promotionId === run.promotionId || !hasCandidate(replaced)) return {};
  const { promotionId, shadowVersion, shadowUntil, canaryVersion } = replaced;
  return { replaced: { promotionId, shadowVersion, shadowUntil, canaryVersion } };
}

export interface Recording {
  readonly due: DueMove;
  readonly document: PointerDocument;
  readonly pointer: PointerMove;
}

/**
 * Records a completed move: on the run, with the statuses that a new production version gives to the versions, and with
 * a promotion's signed deployment statement. Safe to repeat.
 * @throws ReleaseError PROMOTION_ENDED when a rollback was faster
 */
export async function recordMove(ports: MovePorts, recording: Recording): Promise<void> {
  const { due, pointer } = recording;
  const at = ports.now();
  const statement = await stated(ports, recording);
  try {
    await ports.ledger.append(movedDraft(recording, statement, at), [
      madeWrite(ports, recording),
      ...switchWrites(ports, recording),
      ...(await versionWrites(ports, recording)),
    ]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    const { model, promotionId } = due.run;
    const now = await ports.registry.run(model, promotionId);
    const made = now === null ? null : dueMove(now);
    if (made?.recorded?.documentSha256 === pointer.documentSha256) return;
    if (now !== null) assertOpen(now);
    throw new ReleaseError('POINTER_BUSY', `The versions of ${model} changed while the move was recorded.`, { cause });
  }
}

async function stated(ports: MovePorts, { due, document, pointer }: Recording): Promise<StoredObject | null> {
  if (due.kind !== 'promote') return null;
  const { documentSha256, deploymentNumber, movedAt } = pointer;
  const facts = { run: due.run, document, documentSha256, deploymentNumber, deployedAt: movedAt };
  return storeStatement(ports, facts, ports.now());
}

export function movedDraft({ due, document, pointer }: Recording, statement: StoredObject | null, at: string): Draft {
  const { documentSha256, revision, deploymentNumber, movedAt } = pointer;
  return {
    model: due.run.model,
    type: 'pointer-moved',
    at,
    actor,
    data: {
      ...moveData(due, document),
      ...{ documentSha256, revision, deploymentNumber },
      ...wentOutData({ document, deployedAt: movedAt }),
      fallback: document.fallback,
      ...(due.kind === 'adopt' ? { label: ADOPTED } : {}),
      ...(due.kind === 'restore' && due.run.restore !== undefined ? { restored: { ...due.run.restore } } : {}),
      ...(statement === null ? {} : { statement: { ...statement } }),
    },
  };
}

/** The move on its run, once. */
export function madeWrite(
  { writes }: { readonly writes: Pick<MovePorts['writes'], 'updateRun'> },
  { due, document, pointer }: Recording,
): TransactWrite {
  switch (due.kind) {
    case 'onboard':
    case 'promote':
    case 'restore':
      return writes.updateRun(due.run, { pointer }, { expression: 'attribute_not_exists(pointer)', values: {} });
    case 'adopt':
      return writes.updateRun(
        due.run,
        { adopted: pointer },
        { expression: 'attribute_not_exists(adopted)', values: {} },
      );
    case 'shadow':
    case 'canary': {
      const { exposures } = due.run;
      const { canaryPercentage: percentage, shadowUntil, canaryUntil } = document;
      const until = due.kind === 'shadow' ? shadowUntil : canaryUntil;
      const exposure: Exposure = { ...pointer, stage: due.kind, step: due.step, percentage, until };
      return writes.updateRun(
        due.run,
        { exposures: [...exposures, exposure] },
        {
          expression: '(attribute_not_exists(exposures) OR size(exposures) = :exposed)',
          values: { ':exposed': exposures.length },
        },
      );
    }
  }
}

/** The switch that people agreed to leave does not stand any more. */
export function switchWrites(
  { writes }: { readonly writes: Pick<MovePorts['writes'], 'switchLeft'> },
  { due }: Pick<Recording, 'due'>,
): readonly TransactWrite[] {
  if (due.kind !== 'restore' || due.run.restore === undefined) return [];
  return [writes.switchLeft(due.run.model, due.run.restore.thrownSeq)];
}

async function versionWrites(
  ports: MovePorts,
  { due, document, pointer }: Recording,
): Promise<readonly TransactWrite[]> {
  const promotedAt = pointer.movedAt;
  if (due.kind === 'promote') return promotedWrites(ports, due.run, { document, promotedAt });
  if (due.kind !== 'adopt') return [];
  const members = { status: 'production', promotedAt, predecessor: '' } as const;
  return [ports.writes.updateVersion(due.run.model, document.productionVersion, members, ['candidate'])];
}

/** The candidate becomes production; what served before stays reachable as `retained`. */
async function promotedWrites(
  ports: MovePorts,
  { model, version, baseline }: PromotionItem,
  { document, promotedAt }: { readonly document: PointerDocument; readonly promotedAt: string },
): Promise<readonly TransactWrite[]> {
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
