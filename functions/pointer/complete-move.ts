import { isReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { type DueMove, dueMove } from './due-move.ts';
import { resumed } from './move-pointer.ts';
import type { MovePorts } from './move-ports.ts';
import { madeWrite, movedDraft, switchWrites } from './record-move.ts';
import { settled } from './settle.ts';

export interface CompleteMovePorts extends Pick<MovePorts, 'ledger' | 'publicKeyPem' | 'now' | 'sleep'> {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly writes: Pick<RegistryWrites, 'updateRun' | 'switchLeft'>;
  readonly appConfig: Pick<MovePorts['appConfig'], 'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent'>;
}

/**
 * Records a move that people decided on, where it went out and died before it said so: that of a restoration, since the kill
 * switch would go on standing beside a pointer without it and come back with the next document; and the first document of
 * an onboarding, which would serve by no recorded decision. Moves nothing, and changes nothing where another document went
 * out since. Safe to repeat; answers whether the move is recorded.
 * @throws ReleaseError POINTER_BUSY while it is being deployed; CONDITION_FAILED when the run ended meanwhile
 */
export async function completeMove(ports: CompleteMovePorts, promotionId: string): Promise<boolean> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([ports.registry.run(name, promotionId), ports.registry.model(name)]);
  const due = run === null ? null : dueMove(run);
  if (run?.end !== undefined || model === null || due === null || !isCompleted(due)) return false;
  if (due.recorded !== null) return true;
  const place = { environmentId: model.environmentId, profileId: model.profileId };
  const out = await servesStill(ports, { due, place, state: await ports.appConfig.deployedState(place) });
  if (out === null) return false;
  const { document, documentSha256 } = out.hosted;
  const { number: deploymentNumber, startedAt: movedAt } = out.deployment;
  const pointer = { revision: document.revision, deploymentNumber, documentSha256, movedAt };
  const recording = { due, document, pointer };
  const writes = [madeWrite(ports, recording), ...switchWrites(ports, recording)];
  await ports.ledger.append(movedDraft(recording, null, ports.now()), writes);
  return true;
}

/** A candidate, and an adopted version, are taken out again instead. */
function isCompleted({ kind }: DueMove): boolean {
  return kind === 'restore' || kind === 'onboard';
}

/** What the run deployed, once it is complete; null when it deployed nothing, or that does not serve any more. */
async function servesStill(ports: CompleteMovePorts, move: Parameters<typeof resumed>[1]) {
  try {
    const out = await resumed(ports, move);
    if (out !== null)
      await settled(ports, move.place, out.deployment.number, `the move of ${move.due.run.promotionId}`);
    return out;
  } catch (error) {
    if (!isReleaseError(error, 'PROMOTION_ENDED')) throw error;
    return null;
  }
}
