import { within } from '../../platform/deadline.ts';
import { canonicalJson, digestOf, type JsonValue } from '../../platform/json.ts';
import type { ModelItem } from '../../registry/items.ts';
import { storedPolicy } from '../../registry/policy.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { rollbackBehind } from '../../rollback/situation.ts';
import type { AppConfigStore, PointerPlace } from '../appconfig-store.ts';
import { type DeployedState, isUndone } from '../deployments.ts';
import { documentSha256, verifyDocument } from '../document.ts';
import { ENDS_EXPOSURE } from '../end-exposure.ts';
import { parseServed } from '../flag.ts';
import { type DocumentSource, findDocument } from '../hosted-document.ts';
import type { LiveDeployment, Seen, SeenSettings } from './compare.ts';

export interface ObservePorts extends DocumentSource {
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent'>;
  readonly registry: Pick<RegistryStore, 'policy' | 'versions' | 'returnDocuments'>;
  /** What the data plane serves to a reader that has just started. */
  readonly served: (model: string) => Promise<Uint8Array>;
  /** Whether the rollback machine has an execution of this name. */
  readonly isRollback: (executionName: string) => Promise<boolean>;
}

/** The data plane is looked at for this long; a look without it still sees the rest. */
const SERVED_PATIENCE_MS = 5_000;

export function placeOf({ environmentId, profileId }: ModelItem): PointerPlace {
  return { environmentId, profileId };
}

/** Everything that one look at a model sees. */
export async function observe(
  ports: ObservePorts,
  { item, state, now }: { readonly item: ModelItem; readonly state: DeployedState; readonly now: string },
): Promise<Seen> {
  const { model, profileId } = item;
  const [live, takenBack, hosted, returnDocuments, versions, settings, served] = await Promise.all([
    liveOf(ports, item, state),
    takenBackOf(ports, item, state),
    ports.appConfig.hostedVersions(profileId),
    ports.registry.returnDocuments(model),
    ports.registry.versions(model),
    settingsOf(ports, item),
    within(SERVED_PATIENCE_MS, () => ports.served(model)),
  ]);
  const servedSha256 = served.done ? { servedSha256: signedDigest(ports, model, served.value) } : {};
  const hostedVersions = hosted.map(({ number }) => number);
  return { now, state, live, ...takenBack, ...servedSha256, hostedVersions, returnDocuments, versions, settings };
}

async function liveOf(ports: ObservePorts, item: ModelItem, state: DeployedState): Promise<LiveDeployment | null> {
  const { live } = state;
  if (live === null) return null;
  const place = placeOf(item);
  const [hosted, { description }, rollback] = await Promise.all([
    findDocument(ports, item.model, { ...place, hostedVersion: live.hostedVersion }),
    ports.appConfig.deployment(place.environmentId, live.number),
    rollbackBehind(ports, place, state),
  ]);
  const known = rollback !== null && (await ports.isRollback(rollback.executionName));
  return {
    deployment: live,
    hosted,
    rollback: rollback === null ? null : { ...rollback, known },
    ends: ENDS_EXPOSURE.exec(description)?.[1] ?? '',
  };
}

async function takenBackOf({ appConfig }: ObservePorts, { environmentId }: ModelItem, { history }: DeployedState) {
  const newest = history[0];
  if (newest === undefined || !isUndone(newest)) return {};
  return { takenBackAt: (await appConfig.deployment(environmentId, newest.number)).changedAt };
}

function signedDigest({ publicKeyPem }: ObservePorts, model: string, content: Uint8Array): string | null {
  const parsed = parseServed(content);
  if (!parsed.ok || !verifyDocument(publicKeyPem, model, parsed.value)) return null;
  return documentSha256(model, parsed.value);
}

async function settingsOf({ registry }: ObservePorts, item: ModelItem): Promise<SeenSettings> {
  const { model, policyVersion, policyDigest, policy, owner, approvers, downstream } = item;
  const stored = await registry.policy(model, policyVersion);
  // Both are read alike: a later release may read either with further defaults.
  const read = storedPolicy.safeParse(stored?.policy);
  return {
    policyVersion,
    policyDigest,
    storedDigest: stored === null ? null : digestOf(stored.policy),
    sameCopy: read.success && canonicalJson(asJson(read.data)) === canonicalJson(asJson(policy)),
    people: { owner: asJson(owner), approvers: asJson(approvers), downstream: asJson(downstream) },
  };
}

/** As an entry of the ledger holds it. */
function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}
