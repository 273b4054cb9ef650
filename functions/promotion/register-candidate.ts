import type { EvidenceStore, Inspected } from '../evidence/evidence-store.ts';
import { type Found, isAllowedPlace, parseS3Uri } from '../evidence/handed-in.ts';
import type { Draft } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { evidencePaths } from '../platform/keys.ts';
import { personActor } from '../platform/people.ts';
import type { Retention } from '../platform/retention.ts';
import type { InFlightItem, ModelItem, StoredObject, VersionItem } from '../registry/items.ts';
import { type Registration, type RegistrationAnswer, refuse, settledBefore } from '../registry/registration.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import {
  HANDED_IN,
  type HandedIn,
  idFaults,
  objectFaults,
  parseCandidate,
  type RegistryFacts,
  registrationFaults,
} from './candidate-faults.ts';
import type { PromotionInput } from './input.ts';
import { newPromotion, registeredData } from './new-promotion.ts';

export interface RegisterCandidatePorts {
  readonly registry: Pick<RegistryStore, 'model' | 'version' | 'versions' | 'run' | 'inFlight' | 'refusal'>;
  readonly writes: RegistryWrites;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'inspect' | 'copyIn'>;
  /** Faults that the first bytes of a table already show. */
  readonly inspectTable: (name: 'backtest' | 'history', found: Inspected) => readonly Reason[];
}

export interface RegistrationSettings {
  readonly allowedPrefixes: readonly string[];
  readonly retention: Retention;
}

/**
 * Registers a candidate, or refuses it with every reason that can be found at once. A refusal changes nothing but the
 * ledger; without a known model it leaves only the caller's log. Repeating the call answers the same.
 */
export async function registerCandidate(
  ports: RegisterCandidatePorts,
  settings: RegistrationSettings,
  registration: Registration,
  at: string,
): Promise<RegistrationAnswer> {
  const { promotionId } = registration;
  const candidate = parseCandidate(registration.input);
  const model = candidate.ok ? candidate.input.model : candidate.model;
  const settled = model === null ? null : await settledBefore(ports, model, registration);
  if (settled !== null) return settled;
  if (!candidate.ok) {
    const known = model === null ? null : await modelOrOwnerless(ports, model);
    return refuse(ports, 'promotion-ended', registration, {
      model,
      known: known !== null,
      reasons: candidate.reasons,
      at,
    });
  }
  const { input } = candidate;
  const facts = await readFacts(ports, settings, input);
  const objects = await inspectObjects(ports, input, settings.allowedPrefixes);
  const reasons = [...idFaults(promotionId, input), ...registrationFaults(input, facts), ...objects.reasons];
  if (reasons.length > 0 || facts.model === null || facts.model === 'ownerless') {
    return refuse(ports, 'promotion-ended', registration, {
      model: input.model,
      known: facts.model !== null,
      reasons,
      at,
    });
  }
  return register(ports, settings, { registration, input, model: facts.model, version: facts.version, at });
}

async function modelOrOwnerless(ports: RegisterCandidatePorts, model: string): Promise<ModelItem | null | 'ownerless'> {
  try {
    return await ports.registry.model(model);
  } catch (error) {
    const ownerless =
      isReleaseError(error, 'CORRUPT_ITEM') && error.reasons.some((reason) => reason.path?.startsWith('owner'));
    if (ownerless) return 'ownerless';
    throw error;
  }
}

async function readFacts(
  ports: RegisterCandidatePorts,
  settings: RegistrationSettings,
  input: PromotionInput,
): Promise<RegistryFacts> {
  const [model, version, inFlight, featuresBefore] = await Promise.all([
    modelOrOwnerless(ports, input.model),
    ports.registry.version(input.model, input.version),
    blockingRun(ports, input.model),
    servingFeatures(ports, input.model),
  ]);
  const broke = await onboardingBroke(ports, model);
  return { ...settings, model, version, inFlight, featuresBefore, onboardingBroke: broke };
}

/** With which features the version in production was trained, as its promotion registered them. */
async function servingFeatures(ports: RegisterCandidatePorts, model: string): Promise<readonly string[] | null> {
  const versions = await ports.registry.versions(model);
  const serving = versions.find(({ status }) => status === 'production');
  const run = serving === undefined ? null : await ports.registry.run(model, serving.promotionId);
  return run?.kind === 'promotion' ? run.training.features : null;
}

/** Whether the model item is as an onboarding left it that never deployed the first document. */
async function onboardingBroke(ports: RegisterCandidatePorts, model: RegistryFacts['model']): Promise<boolean> {
  if (model === null || model === 'ownerless') return false;
  const run = await ports.registry.run(model.model, model.changedBy);
  return run?.kind === 'onboard' && run.end !== undefined && run.pointer === undefined;
}

/** Another promotion, or the onboarding, without whose first document there would be nothing to go back to. */
async function blockingRun(ports: RegisterCandidatePorts, model: string): Promise<InFlightItem | null> {
  const [promotion, change] = await Promise.all([
    ports.registry.inFlight(model, 'promotion'),
    ports.registry.inFlight(model, 'change'),
  ]);
  return promotion ?? (parsePromotionId(change?.promotionId ?? '')?.subject === 'onboard' ? change : null);
}

/** Looks at the handed-in objects that lie in an allowed place; the others are faults already and are not touched. */
async function inspectObjects(
  ports: RegisterCandidatePorts,
  input: PromotionInput,
  allowedPrefixes: readonly string[],
): Promise<{ readonly reasons: readonly Reason[] }> {
  const looked = await Promise.all(
    HANDED_IN.map(async (name) => {
      const allowed = isAllowedPlace(input[name].uri, allowedPrefixes);
      return { name, allowed, object: allowed ? await ports.evidence.inspect(parseS3Uri(input[name].uri)) : null };
    }),
  );
  const found = (name: HandedIn): Found => {
    const look = looked.find((one) => one.name === name);
    return look?.allowed ? look.object : { sha256: input[name].sha256 };
  };
  const tables = looked.flatMap(({ name, object }) =>
    name === 'artifact' || object === null ? [] : ports.inspectTable(name, object),
  );
  return {
    reasons: [
      ...objectFaults(input, { artifact: found('artifact'), backtest: found('backtest'), history: found('history') }),
      ...tables,
    ],
  };
}

async function register(
  ports: RegisterCandidatePorts,
  settings: RegistrationSettings,
  accepted: {
    readonly registration: Registration;
    readonly input: PromotionInput;
    readonly model: ModelItem;
    readonly version: VersionItem | null;
    readonly at: string;
  },
): Promise<RegistrationAnswer> {
  const { registration, input, model, at } = accepted;
  const objects = await copyObjects(ports, settings, accepted);
  const changed = objectFaults(input, objects);
  if (changed.length > 0) {
    return refuse(ports, 'promotion-ended', registration, { model: input.model, known: true, reasons: changed, at });
  }
  const run = newPromotion({
    ...accepted.registration,
    input,
    model,
    objects,
    baseline: await productionVersion(ports, input.model),
    at,
  });
  const draft: Draft = {
    model: input.model,
    type: 'candidate-registered',
    at,
    actor: personActor(input.requestedBy),
    data: registeredData(run),
  };
  const version: VersionItem = {
    model: input.model,
    version: input.version,
    sha256: input.artifact.sha256,
    artifact: objects.artifact,
    status: 'candidate',
    promotionId: run.promotionId,
    registeredAt: at,
  };
  try {
    await ports.ledger.append(draft, [
      ...ports.writes.newRun(run),
      accepted.version === null
        ? ports.writes.newVersion(version)
        : ports.writes.updateVersion(input.model, input.version, { promotionId: run.promotionId }, [
            'candidate',
            'retained',
          ]),
      ports.writes.modelUnchanged(model),
    ]);
  } catch (error) {
    // Somebody registered between our look and our write: look again, which now names the one who was first.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return registerCandidate(ports, settings, registration, at);
  }
  return { promotionId: run.promotionId, model: run.model, outcome: 'registered', reasons: [] };
}

async function copyObjects(
  ports: RegisterCandidatePorts,
  settings: RegistrationSettings,
  accepted: { readonly registration: Registration; readonly input: PromotionInput; readonly at: string },
): Promise<Readonly<Record<HandedIn, StoredObject>>> {
  const { registration, input, at } = accepted;
  const copy = (name: HandedIn) =>
    ports.evidence.copyIn(parseS3Uri(input[name].uri), evidencePaths.candidate(registration.promotionId, name), {
      retention: settings.retention,
      at,
    });
  const [artifact, backtest, history] = await Promise.all([copy('artifact'), copy('backtest'), copy('history')]);
  return { artifact, backtest, history };
}

async function productionVersion(ports: RegisterCandidatePorts, model: string): Promise<string> {
  const versions = await ports.registry.versions(model);
  return versions.find((version) => version.status === 'production')?.version ?? '';
}
