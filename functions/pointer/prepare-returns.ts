import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError } from '../platform/errors.ts';
import { systemActor } from '../platform/people.ts';
import type { Sign } from '../platform/signing.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import { switchedReturn, unswitchedReturn } from './build.ts';
import {
  attributesOf,
  isReturnDocument,
  type PointerDocument,
  servesTheSame,
  type UnsignedDocument,
} from './document.ts';
import { findDocument, type HostedDocument, hostDocument } from './hosted-document.ts';
import { RETURN_LABEL, returnDescription } from './return-label.ts';
import type { Switch } from './switch.ts';

export interface PrepareReturnsPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'versions' | 'returnDocuments'>;
  readonly writes: Pick<RegistryWrites, 'returnDocument' | 'runIsOpen'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly appConfig: Pick<AppConfigStore, 'hostedVersions' | 'hostedContent' | 'createVersion'>;
  readonly sign: Sign;
  readonly publicKeyPem: string;
  readonly now: () => string;
}

/** How the documents to go back to must serve from now on. */
export interface Returns {
  readonly model: string;
  readonly place: PointerPlace;
  /** What is deployed: its version may have no document to go back to yet. */
  readonly deployed: PointerDocument;
  /** The switch that they carry, with what is said of it; null: none, each version serves everything. */
  readonly under: (Switch & { readonly reason: string }) | null;
  /** What serves where no version does and no switch stands. */
  readonly safeForecast: string;
  /** The run that prepares them; it must be open. Null: a kill switch that was thrown. */
  readonly run: Run | null;
}

const TRIES = 5;

/**
 * Makes sure that going back to any version ends no kill switch that stands, and brings none back that was left: each
 * promoted version that is not withdrawn, and the safe forecast, has a document to go back to that says so. Only what its
 * version serves changes in a document, never its version. Safe to repeat; answers how many were made anew.
 * @throws ReleaseError POINTER_BUSY when others keep making versions; CONDITION_FAILED when the run has ended
 */
export async function prepareReturns(ports: PrepareReturnsPorts, returns: Returns): Promise<number> {
  let made = 0;
  for (const base of await basesOf(ports, returns)) {
    if (servesAlready(returns, base)) continue;
    const hosted = await hostReturn(ports, returns, await wantedFrom(ports, returns, base));
    await record(ports, returns, hosted);
    made += 1;
  }
  return made;
}

/** The documents of today, one per version that can be gone back to. */
async function basesOf(ports: PrepareReturnsPorts, { model, place, deployed }: Returns) {
  const [versions, kept] = await Promise.all([ports.registry.versions(model), ports.registry.returnDocuments(model)]);
  const promoted = versions.filter(({ status }) => status === 'production' || status === 'retained');
  const bases: PointerDocument[] = [];
  for (const version of [...promoted.map((one) => one.version), '']) {
    const item = kept.find((one) => one.version === version);
    const found =
      item === undefined ? null : await findDocument(ports, model, { ...place, hostedVersion: item.hostedVersion });
    const isIt = found?.documentSha256 === item?.documentSha256 && found?.document.productionVersion === version;
    // An item that names the document of another version, or one that was never made to go back to, is not built on.
    const recorded = isIt && found !== null && isReturnDocument(found.document) ? found.document : null;
    const base = recorded ?? (deployed.productionVersion === version ? deployed : null);
    if (base !== null) bases.push(base);
  }
  return bases;
}

function servesAlready(returns: Returns, base: PointerDocument): boolean {
  return isReturnDocument(base) && servesTheSame(base, documentFrom(returns, base, base.reason)(base.revision));
}

/** Once the switch is left, a document says again why its version was let in, as its run has it. */
async function wantedFrom({ registry }: PrepareReturnsPorts, returns: Returns, base: PointerDocument) {
  const run = returns.under === null ? await registry.run(returns.model, base.promotionId) : null;
  return { base, build: documentFrom(returns, base, run?.change.reason ?? base.reason) };
}

function documentFrom({ under, safeForecast }: Returns, base: PointerDocument, reason: string) {
  return (revision: number): UnsignedDocument =>
    under === null ? unswitchedReturn(base, revision, { safeForecast, reason }) : switchedReturn(base, revision, under);
}

async function hostReturn(
  ports: PrepareReturnsPorts,
  { model, place: { profileId } }: Returns,
  { base, build }: { readonly base: PointerDocument; readonly build: (revision: number) => UnsignedDocument },
): Promise<HostedDocument> {
  const description = returnDescription(base.productionVersion);
  const label = (revision: number) => `${RETURN_LABEL}${revision}`;
  for (let attempt = 1; ; attempt++) {
    const versions = await ports.appConfig.hostedVersions(profileId);
    try {
      return await hostDocument(ports, { model, profileId, versions, build, description, label });
    } catch (error) {
      if (!isReleaseError(error, 'POINTER_BUSY') || attempt === TRIES) throw error;
    }
  }
}

async function record(
  ports: PrepareReturnsPorts,
  { model, place, run }: Returns,
  { hostedVersion, documentSha256, document }: HostedDocument,
): Promise<void> {
  const at = ports.now();
  const version = document.productionVersion;
  const by = run === null ? {} : { promotionId: run.promotionId };
  const { environmentId, profileId } = place;
  const item = {
    ...{ model, version, hostedVersion, documentSha256, preparedAt: at, ...by },
    ...{ environmentId, profileId, document: attributesOf(document) },
  };
  const actor = systemActor(run === null ? 'kill-switch' : 'prepare-return');
  const data = { ...by, version, hostedVersion, documentSha256 };
  await ports.ledger.append({ model, type: 'return-prepared', at, actor, data }, [
    ports.writes.returnDocument(item),
    ...(run === null ? [] : [ports.writes.runIsOpen(run)]),
  ]);
}
