import { contentFaults, type Found, placeFaults } from '../evidence/handed-in.ts';
import { parseInput } from '../platform/boundary.ts';
import type { Reason } from '../platform/errors.ts';
import { parsePromotionId, subjectOf } from '../platform/ids.ts';
import { candidateTypeFaults } from '../registry/change-type-faults.ts';
import type { InFlightItem, ModelItem, VersionItem } from '../registry/items.ts';
import { idReason, inFlightFaults, modelIn } from '../registry/registration.ts';
import { type PromotionInput, promotionInput } from './input.ts';

/** The three objects that a candidate brings. */
export const HANDED_IN = ['artifact', 'backtest', 'history'] as const;
export type HandedIn = (typeof HANDED_IN)[number];

export type ParsedCandidate =
  | { readonly ok: true; readonly input: PromotionInput }
  /** `model` is the name that was given, when it is at least a name. */
  | { readonly ok: false; readonly model: string | null; readonly reasons: readonly Reason[] };

/** Parses the execution's input; every fault of form at once, under codes that say which part is incomplete. */
export function parseCandidate(input: unknown): ParsedCandidate {
  const parsed = parseInput(promotionInput, input, 'Correct the input and start a new attempt.');
  if (parsed.ok) return { ok: true, input: parsed.value };
  const model = modelIn(input);
  return {
    ok: false,
    model,
    reasons: parsed.reasons.map((reason) => ({ ...reason, code: codeAt(reason.path ?? '') })),
  };
}

function codeAt(path: string): string {
  if (path === 'change' || path.startsWith('change.')) return 'CHANGE_RECORD_INCOMPLETE';
  if (path === 'knownFailureModes' || path.startsWith('knownFailureModes.')) return 'KNOWN_FAILURE_MODES_MISSING';
  return 'INVALID_FIELD';
}

/** The name that the execution must have, `<model>_<version>_<attempt>`; a reason when it has another. */
export function idFaults(promotionId: string, input: PromotionInput): readonly Reason[] {
  const parsed = parsePromotionId(promotionId);
  const subject = subjectOf(input.version);
  if (parsed?.model === input.model && parsed.subject === subject) return [];
  return [idReason(promotionId, input.model, subject)];
}

/** What the registry knows that bears on a candidate. */
export interface RegistryFacts {
  /** Null: no such model. `ownerless`: its item is there but names no owner. */
  readonly model: ModelItem | null | 'ownerless';
  readonly version: VersionItem | null;
  /** The model's onboarding ended before its first document went out: there is nothing to go back to yet. */
  readonly onboardingBroke: boolean;
  readonly inFlight: InFlightItem | null;
  /** With which features the version in production was trained; null: none serves, or it came without a promotion. */
  readonly featuresBefore: readonly string[] | null;
  readonly allowedPrefixes: readonly string[];
}

/** Every reason for which a well-formed candidate may not be registered now. */
export function registrationFaults(input: PromotionInput, facts: RegistryFacts): readonly Reason[] {
  return [
    ...modelFaults(input, facts),
    ...versionFaults(input, facts.version),
    ...inFlightFaults(facts.inFlight),
    ...prefixFaults(input, facts.allowedPrefixes),
    ...candidateTypeFaults(input.change.type, input.training.features, facts.featuresBefore),
  ];
}

function modelFaults(input: PromotionInput, facts: RegistryFacts): readonly Reason[] {
  if (facts.model === null) {
    return [
      {
        code: 'UNKNOWN_MODEL',
        path: 'model',
        message: 'No model of this name has been onboarded.',
        got: input.model,
        next: 'Onboard it with the onboarding state machine first.',
      },
    ];
  }
  if (facts.onboardingBroke) {
    return [
      {
        code: 'ONBOARDING_INCOMPLETE',
        path: 'model',
        message: 'The onboarding of the model ended before its first document went out; nothing could be gone back to.',
        got: input.model,
        next: `Start the onboarding again under the next attempt's number, ${input.model}_onboard_<attempt>.`,
      },
    ];
  }
  if (facts.model !== 'ownerless') return [];
  return [
    {
      code: 'MODEL_WITHOUT_OWNER',
      path: 'model',
      message: 'The model has no owner, and a model without an owner cannot be deployed.',
      got: input.model,
      next: 'Give it an owner with the onboarding state machine (kind change).',
    },
  ];
}

function versionFaults(input: PromotionInput, version: VersionItem | null): readonly Reason[] {
  if (version === null) return [];
  const reasons: Reason[] = [];
  if (version.sha256 !== input.artifact.sha256) {
    reasons.push({
      code: 'VERSION_DIGEST_CONFLICT',
      path: 'artifact.sha256',
      message: 'This version was registered before with another artifact; a version names one artifact for ever.',
      got: input.artifact.sha256,
      allowed: version.sha256,
      next: 'Register the new artifact under a new version.',
    });
  }
  if (version.status === 'production') {
    reasons.push({
      code: 'VERSION_IN_PRODUCTION',
      path: 'version',
      message: 'This version is in production already.',
      got: input.version,
    });
  }
  if (version.status === 'withdrawn') {
    reasons.push({
      code: 'VERSION_WITHDRAWN',
      path: 'version',
      message: `This version was withdrawn from production (${version.withdrawnBecause ?? 'no cause recorded'}) and does not return.`,
      got: input.version,
      next: 'Mend the model and register it under a new version.',
    });
  }
  return reasons;
}

function prefixFaults(input: PromotionInput, allowed: readonly string[]): readonly Reason[] {
  return HANDED_IN.flatMap((name) => placeFaults(name, input[name], allowed));
}

/** Reasons for objects that are missing or whose bytes are not those that the input names. */
export function objectFaults(input: PromotionInput, found: Readonly<Record<HandedIn, Found>>): readonly Reason[] {
  return HANDED_IN.flatMap((name) => contentFaults(name, input[name], found[name]));
}
