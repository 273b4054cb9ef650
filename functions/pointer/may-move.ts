import { ReleaseError } from '../platform/errors.ts';
import type { ChangeItem, PromotionItem, VersionItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RollbackStore } from '../rollback/rollback-store.ts';
import { rollbackBehind } from '../rollback/situation.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import type { DeployedState } from './deployments.ts';
import { hasCandidate, isReturnDocument } from './document.ts';
import { type DueMove, exposureAt } from './due-move.ts';
import type { HostedDocument } from './hosted-document.ts';
import { notVouched } from './not-vouched.ts';
import { type Switch, sameSwitch, switchOf, widened } from './switch.ts';

export interface MayMovePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'version' | 'versions' | 'returnDocument'>;
  readonly now: () => string;
}

interface Standing {
  readonly live: HostedDocument;
  /** The kill switch that stands, and the entry by which it was thrown or renewed last. */
  readonly standing: (Switch & { readonly ledgerSeq: number }) | null;
}

/**
 * Asserts that a move may follow the document that is deployed, and answers the version to go back to; empty: none.
 * @throws ReleaseError NOT_VOUCHED with what stands against it; NO_ROLLBACK_TARGET when nothing goes back from the move
 */
export async function assertMayFollow(
  ports: MayMovePorts,
  due: DueMove,
  { live, standing }: Standing,
): Promise<string> {
  const served = live.document.productionVersion;
  if (due.kind === 'onboard') return '';
  if (due.kind === 'adopt') await assertFirstVersion(ports, due.run, served);
  else if (due.kind === 'restore') await assertRestorable(ports, due.run, { live, standing });
  else await assertCandidate(ports, due.run, served);
  if (due.kind === 'canary') {
    assertServes(widened(standing, switchOf(live.document)));
    assertFollowsOwn(due.run, due.step, { live, now: ports.now() });
  }
  if ((await ports.registry.returnDocument(due.run.model, served)) === null) {
    throw new ReleaseError('NO_ROLLBACK_TARGET', `No document goes back to ${served || 'the safe forecast'}.`);
  }
  return stillFit(ports, due.run.model, due.kind === 'promote' ? served : live.document.previousVersion);
}

/**
 * Asserts that what is live was not brought, since the run was registered, by a rollback that is not recorded. A rollback
 * moves the pointer first and is recorded seconds later, or much later when the tables are down; it ends the promotions in
 * flight only then.
 * @throws ReleaseError POINTER_BUSY: once the rollback is recorded, the run has ended
 */
export async function assertNotRolledBack(
  ports: {
    readonly appConfig: Pick<AppConfigStore, 'deployment'>;
    readonly rollbacks: Pick<RollbackStore, 'record'>;
  },
  { run }: DueMove,
  { place, state }: { readonly place: PointerPlace; readonly state: DeployedState },
): Promise<void> {
  if (state.live === null || Date.parse(state.live.startedAt) < Date.parse(run.startedAt)) return;
  const behind = await rollbackBehind(ports, place, state);
  if (behind === null || (await ports.rollbacks.record(run.model, behind.executionName)) !== null) return;
  const message = 'The model was rolled back since the run was registered, and the rollback is not recorded yet.';
  throw new ReleaseError('POINTER_BUSY', message, {
    reasons: [{ code: 'ROLLED_BACK_SINCE', message, got: behind.executionName, next: 'See how the rollback ends.' }],
  });
}

/** A withdrawn version is nothing to go back to, and nothing to run beside another. */
async function stillFit(ports: MayMovePorts, model: string, version: string): Promise<string> {
  const item = version === '' ? null : await ports.registry.version(model, version);
  return item?.status === 'withdrawn' ? '' : version;
}

async function assertCandidate(ports: MayMovePorts, run: PromotionItem, served: string): Promise<void> {
  if (served !== run.baseline) {
    throw notVouched('BASELINE_CHANGED', 'It was judged against another production version.', served, run.baseline);
  }
  const candidate = await ports.registry.version(run.model, run.version);
  if (candidate === null || candidate.status === 'withdrawn') throw unfit(run.version, candidate);
}

/** Under a kill switch for the whole model a canary would serve nobody, and where no version serves yet it would break it. */
function assertServes(switched: Switch | null): void {
  if (switched === null || switched.fallbackSegments.length > 0) return;
  const message = 'A kill switch has the safe forecast serve the whole model; a canary would serve nobody.';
  throw notVouched('KILL_SWITCH_STANDS', message, switched.fallback, 'no kill switch, or one for some segments');
}

/** People agreed to leave one switch in favour of one version: nothing of that may have changed, and no candidate is beside. */
async function assertRestorable(
  { registry }: Pick<MayMovePorts, 'registry'>,
  { restore, model }: ChangeItem,
  { live, standing }: Standing,
): Promise<void> {
  const { document } = live;
  const carried = switchOf(document);
  const approved = restore ?? null;
  const same = standing?.ledgerSeq === approved?.thrownSeq && sameSwitch(standing, approved);
  if (approved === null || !same || (carried !== null && !sameSwitch(carried, approved))) {
    const got = `${(carried ?? standing)?.fallback} ${(carried ?? standing)?.fallbackSegments.join(', ')}`;
    throw notVouched(
      'SWITCH_CHANGED',
      'Another kill switch stands than people agreed to leave.',
      got,
      'the approved one',
    );
  }
  if (document.productionVersion !== approved.productionVersion) {
    const message = 'Another version would serve than people were asked about.';
    throw notVouched('BASELINE_CHANGED', message, document.productionVersion, approved.productionVersion);
  }
  const beside = hasCandidate(document) ? await registry.run(model, document.promotionId) : null;
  if (beside !== null && beside.end === undefined) {
    throw notVouched('CANDIDATE_EXPOSED', 'A candidate runs beside production.', beside.promotionId, 'no candidate');
  }
}

/** Only what ran before there was a pointer may serve without the gates. */
async function assertFirstVersion(ports: MayMovePorts, run: ChangeItem, served: string): Promise<void> {
  const version = run.adopt?.version ?? '';
  const promoted = (await ports.registry.versions(run.model)).filter((item) => item.promotedAt !== undefined);
  if (served !== '' || promoted.length > 0) {
    const got = served || promoted.map((item) => item.version).join(', ');
    throw notVouched('NOT_FIRST_VERSION', "Only a model's first version can be adopted.", got, 'no version before it');
  }
  const item = await ports.registry.version(run.model, version);
  if (item?.status !== 'candidate') throw unfit(version, item);
}

/** A canary grows from this promotion's own shadow, step by step: nothing else may have come between. */
function assertFollowsOwn(
  run: PromotionItem,
  step: number,
  { live, now }: { readonly live: HostedDocument; readonly now: string },
): void {
  const before = step === 0 ? exposureAt(run, 'shadow', 0) : exposureAt(run, 'canary', step - 1);
  if (before?.documentSha256 === live.documentSha256) return;
  const ranOut = step === 0 && before !== null && Date.parse(before.until) <= Date.parse(now);
  if (ranOut && isReturnDocument(live.document)) return;
  const allowed = step === 0 ? 'its own shadow' : `its own canary step ${step - 1}`;
  const got = `revision ${live.document.revision} of ${live.document.promotionId}`;
  throw notVouched('NOT_OWN_EXPOSURE', 'The document before this canary step is another.', got, allowed);
}

function unfit(version: string, item: VersionItem | null): ReleaseError {
  return notVouched('VERSION_WITHDRAWN', `${version} cannot serve.`, item?.status ?? 'unknown', 'candidate');
}
