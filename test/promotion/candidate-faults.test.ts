import { describe, expect, it } from 'vitest';
import type { Reason } from '../../functions/platform/errors.ts';
import {
  idFaults,
  objectFaults,
  parseCandidate,
  type RegistryFacts,
  registrationFaults,
} from '../../functions/promotion/candidate-faults.ts';
import type { PromotionInput } from '../../functions/promotion/input.ts';
import type { VersionItem } from '../../functions/registry/items.ts';
import { candidateInput } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aModel } from '../fakes/runs.ts';

const DIGEST = 'a'.repeat(64);
const facts: RegistryFacts = {
  model: aModel(),
  version: null,
  inFlight: null,
  onboardingBroke: false,
  featuresBefore: null,
  allowedPrefixes: ['s3://evidence/incoming/'],
};

function input(over: Readonly<Record<string, unknown>> = {}): PromotionInput {
  const parsed = parseCandidate(candidateInput(new MemoryEvidence(), over));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.reasons));
  return parsed.input;
}

function version(over: Partial<VersionItem>): VersionItem {
  const artifact = { bucket: 'b', key: 'k', versionId: 'v', sha256: DIGEST };
  const registered = { promotionId: 'demand_1-0-0_1', registeredAt: '2026-01-01T00:00:00.000Z' };
  return { model: 'demand', version: '1.0.0', sha256: DIGEST, artifact, status: 'candidate', ...registered, ...over };
}

const codes = (reasons: readonly Reason[]) => reasons.map((reason) => reason.code);
const faultsOf = (over: Readonly<Record<string, unknown>>): readonly Reason[] => {
  const parsed = parseCandidate(candidateInput(new MemoryEvidence(), over));
  return parsed.ok ? [] : parsed.reasons;
};

const FIELDS = Object.keys(candidateInput(new MemoryEvidence()));

describe("A candidate's input", () => {
  it('is accepted when it is complete', () => {
    expect(parseCandidate(candidateInput(new MemoryEvidence()))).toMatchObject({ ok: true });
  });

  it.each(FIELDS)('is refused without %s, naming it', (field) => {
    expect(faultsOf({ [field]: undefined }).some((reason) => reason.path?.startsWith(field))).toBe(true);
  });

  it.each(FIELDS)('is refused when %s is a number, naming it', (field) => {
    expect(faultsOf({ [field]: 7 }).map((reason) => reason.path)).toContain(field);
  });

  it.each([null, undefined, 'text', 7, [], true])('is refused as %j without a model', (value) => {
    expect(parseCandidate(value)).toMatchObject({ ok: false, model: null });
  });

  it('is refused with a field that nobody knows', () => {
    expect(faultsOf({ approved: true })).toMatchObject([{ code: 'INVALID_FIELD' }]);
  });

  it('names every missing part of the change record at once', () => {
    const reasons = faultsOf({ change: { type: 'architecture' } });
    expect(reasons.map((reason) => [reason.code, reason.path])).toEqual([
      ['CHANGE_RECORD_INCOMPLETE', 'change.reason'],
      ['CHANGE_RECORD_INCOMPLETE', 'change.scope'],
      ['CHANGE_RECORD_INCOMPLETE', 'change.expectedImpact'],
      ['CHANGE_RECORD_INCOMPLETE', 'change.rollbackPlan'],
    ]);
  });

  it('is refused without known failure modes', () => {
    expect(codes(faultsOf({ knownFailureModes: [] }))).toEqual(['KNOWN_FAILURE_MODES_MISSING']);
  });

  it('is refused as a change that has no version', () => {
    const change = { ...input().change, type: 'ownership' };
    expect(faultsOf({ change })).toMatchObject([{ code: 'CHANGE_RECORD_INCOMPLETE', path: 'change.type' }]);
  });

  it('is refused when the training ends before it begins', () => {
    const training = { from: '2026-02-01', to: '2026-01-01', features: ['level'], code: 'abc' };
    expect(faultsOf({ training })).toMatchObject([{ path: 'training.to' }]);
  });

  it.each([
    'http://evidence/incoming/x',
    's3://evidence',
    's3://evidence/incoming/',
    's3://evidence/incoming/../manifests/x',
  ])('is refused with the URI %s', (uri) => {
    expect(faultsOf({ artifact: { uri, sha256: DIGEST } })).toMatchObject([{ path: 'artifact.uri' }]);
  });
});

describe('The promotion id', () => {
  it('names model, version with hyphens for dots, and attempt', () => {
    expect(idFaults('demand_1-0-0_1', input())).toEqual([]);
    expect(idFaults('demand_1-0-0_12', input())).toEqual([]);
  });

  it.each(['demand_1-0-0', 'demand_1-0-1_1', 'other_1-0-0_1', 'demand_1-0-0_0', 'demand_1-0-0_x', 'anything'])(
    'is refused as %s',
    (id) => {
      expect(idFaults(id, input())).toMatchObject([{ code: 'PROMOTION_ID_MISMATCH', got: id }]);
    },
  );
});

describe('A well-formed candidate', () => {
  it('is refused when it was trained with other features than the one that serves, under a type that does not say so', () => {
    const other = { ...facts, featuresBefore: ['weekday'] };
    const change = { ...input().change, type: 'calibration' };
    expect(codes(registrationFaults(input({ change }), other))).toEqual(['CHANGE_TYPE_MISMATCH']);
    expect(codes(registrationFaults(input(), other))).toEqual([]);
  });

  it('may be registered when nothing speaks against it', () => {
    expect(registrationFaults(input(), facts)).toEqual([]);
  });

  it('may be registered again with the same digest', () => {
    const candidate = input();
    expect(
      registrationFaults(candidate, { ...facts, version: version({ sha256: candidate.artifact.sha256 }) }),
    ).toEqual([]);
  });

  it.each([
    ['an unknown model', { model: null }, 'UNKNOWN_MODEL'],
    ['a model whose onboarding broke off', { onboardingBroke: true }, 'ONBOARDING_INCOMPLETE'],
    ['a model without an owner', { model: 'ownerless' }, 'MODEL_WITHOUT_OWNER'],
    ['a version that names another artifact', { version: version({}) }, 'VERSION_DIGEST_CONFLICT'],
  ] as const)('is refused for %s', (_, over, code) => {
    expect(codes(registrationFaults(input(), { ...facts, ...over }))).toEqual([code]);
  });

  it.each([
    ['production', 'VERSION_IN_PRODUCTION'],
    ['withdrawn', 'VERSION_WITHDRAWN'],
  ] as const)('is refused when its version is %s', (status, code) => {
    const candidate = input();
    const stored = version({ sha256: candidate.artifact.sha256, status });
    expect(codes(registrationFaults(candidate, { ...facts, version: stored }))).toEqual([code]);
  });

  it('is refused while another promotion is in flight, naming it', () => {
    const inFlight = { model: 'demand', promotionId: 'demand_0-9_1', executionArn: 'arn', since: '' };
    expect(registrationFaults(input(), { ...facts, inFlight })).toMatchObject([
      { code: 'PROMOTION_IN_FLIGHT', got: 'demand_0-9_1' },
    ]);
  });

  it('is refused for objects outside the allowed places, each of them', () => {
    const reasons = registrationFaults(input(), { ...facts, allowedPrefixes: ['s3://elsewhere/'] });
    expect(reasons.map((reason) => reason.path)).toEqual(['artifact.uri', 'backtest.uri', 'history.uri']);
  });

  it('is refused with every reason at once', () => {
    const inFlight = { model: 'demand', promotionId: 'demand_0-9_1', executionArn: 'arn', since: '' };
    const reasons = registrationFaults(input(), { ...facts, inFlight, version: version({}) });
    expect(codes(reasons)).toEqual(['VERSION_DIGEST_CONFLICT', 'PROMOTION_IN_FLIGHT']);
  });
});

describe('The handed-in objects', () => {
  it('are refused when they are missing or have other bytes, naming what was found', () => {
    const candidate = input();
    const found = { artifact: null, backtest: { sha256: DIGEST }, history: { sha256: candidate.history.sha256 } };
    expect(objectFaults(candidate, found)).toMatchObject([
      { code: 'OBJECT_MISSING', path: 'artifact.uri' },
      { code: 'DIGEST_MISMATCH', path: 'backtest.sha256', got: DIGEST, allowed: candidate.backtest.sha256 },
    ]);
  });
});
