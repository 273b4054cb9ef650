import { describe, expect, it } from 'vitest';
import { sealedObjects, sealOf } from '../../functions/approval/seal.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { STAGES } from '../../functions/promotion/life-cycle.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import {
  ASKED_STAGES,
  CAS,
  changeItem,
  pageKey,
  promotionBefore,
  promotionItem,
  REPORT_KEY,
  stored,
} from './fixtures.ts';

const seal = sealOf(promotionItem(), 'production');
const offline = promotionItem().gates.offline;

describe('The seal', () => {
  const changes: readonly (readonly [string, Partial<PromotionItem>])[] = [
    ['another artifact', { artifact: stored('candidates/x/artifact', 'other') }],
    ['another version of the same artifact key', { artifact: { ...promotionItem().artifact, versionId: 'v2' } }],
    ['another backtest', { backtest: stored('candidates/x/backtest', 'other') }],
    ['another policy', { policyDigest: sha256Hex('milder') }],
    ['another change record', { change: { ...promotionItem().change, rollbackPlan: 'There is none, really.' } }],
    ['another version', { version: '1.2.1' }],
    ['another baseline', { baseline: '' }],
    ['fewer failure modes', { knownFailureModes: ['Underforecasts in the week before Easter.'] }],
    [
      'another time for which the previous version is compared',
      { plan: { ...promotionItem().plan, confirmation: 'P1D' } },
    ],
    ['a manifest', { manifest: stored('manifests/x', 'signed') }],
    [
      'other evidence',
      offline
        ? { gates: { offline: { ...offline, artifacts: { 'evaluation-report': stored(REPORT_KEY, 'other') } } } }
        : {},
    ],
    ['another verdict', offline ? { gates: { offline: { ...offline, verdict: 'FAIL' } } } : {}],
  ];

  it.each(changes)('is broken by %s', (_, change) => {
    expect(sealOf(promotionItem(change), 'production')).not.toBe(seal);
  });

  it('is one for each stage', () => {
    expect(new Set(ASKED_STAGES.map((stage) => sealOf(promotionItem(), stage))).size).toBe(3);
  });

  it.each(ASKED_STAGES)('of %s is broken by a change of what that stage exposes, and by no other', (stage) => {
    const { plan } = promotionItem();
    const altered = {
      shadow: { ...plan, shadow: { maxDuration: 'P7D' } },
      canary: { ...plan, canary: { ...plan.canary, excludedSegments: ['region:north'] } },
      production: { ...plan, confirmation: 'P1D' },
    };
    for (const changed of ASKED_STAGES) {
      const same = sealOf(promotionItem({ plan: altered[changed] }), stage) === sealOf(promotionItem(), stage);
      expect(same).toBe(changed !== stage);
    }
  });

  it.each(ASKED_STAGES)('of %s is broken by other evidence of any stage before it', (stage) => {
    const run = promotionBefore(stage);
    for (const name of STAGES.slice(0, STAGES.indexOf(stage))) {
      const found = run.gates[name];
      if (found === undefined) throw new Error(`${name} was not passed.`);
      const gates = { ...run.gates, [name]: { ...found, artifacts: { 'evaluation-report': stored('x', 'nicer') } } };
      expect(sealOf({ ...run, gates }, stage)).not.toBe(sealOf(run, stage));
    }
  });

  it('of a stage stays whole while the candidate is in it and goes on from it', () => {
    const { shadow, canary } = promotionBefore('production').gates;
    const asked = promotionBefore('shadow');
    const looked = {
      ...asked,
      gates: { ...asked.gates, ...(shadow ? { shadow: { ...shadow, verdict: 'CONTINUE' as const } } : {}) },
    };
    const passed = {
      ...asked,
      gates: { ...asked.gates, ...(shadow && canary ? { shadow, canary } : {}) },
      canaryStep: 2,
    };
    for (const later of [looked, passed, promotionBefore('canary'), promotionBefore('production')]) {
      expect(sealOf(later, 'shadow')).toBe(sealOf(asked, 'shadow'));
    }
  });

  it('stays whole while the promotion merely waits', () => {
    expect(sealOf(promotionItem({ stage: 'production', awaitingApproval: true }), 'production')).toBe(seal);
  });

  it('of a change is broken by another proposal or another base', () => {
    const asked = sealOf(changeItem(), 'change');
    const { proposal } = changeItem();
    expect(sealOf(changeItem({ proposal: { ...proposal, approvers: [CAS] } }), 'change')).not.toBe(asked);
    expect(sealOf(changeItem({ baseRevision: 2 }), 'change')).not.toBe(asked);
  });

  it('of an onboarding is broken by another version that is taken over, and names its artifact', () => {
    const adopt = { version: '0.9', artifact: stored('candidates/x/artifact', 'theirs') };
    const onboarding = changeItem({ kind: 'onboard', adopt });
    const seals = [
      onboarding,
      changeItem({ kind: 'onboard' }),
      changeItem({ kind: 'onboard', adopt: { ...adopt, version: '0.9.1' } }),
      changeItem({ kind: 'onboard', adopt: { ...adopt, artifact: stored('candidates/x/artifact', 'others') } }),
    ].map((run) => sealOf(run, 'change'));
    expect(new Set(seals).size).toBe(4);
    expect(sealedObjects(onboarding).handedIn).toEqual([adopt.artifact]);
  });

  it('names every stored object that it rests on', () => {
    const run = promotionItem({ manifest: stored('manifests/x', 'signed') });
    const { handedIn, written } = sealedObjects(run);
    expect(handedIn).toEqual([run.artifact, run.backtest, run.history]);
    expect(written.map(({ key }) => key)).toEqual([REPORT_KEY, pageKey('offline'), 'manifests/x']);
    expect(sealedObjects(changeItem())).toEqual({ handedIn: [], written: [] });
  });
});
