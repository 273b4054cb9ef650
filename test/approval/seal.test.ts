import { describe, expect, it } from 'vitest';
import { sealedObjects, sealOf } from '../../functions/approval/seal.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { CAS, changeItem, promotionItem, REPORT_KEY, stored } from './fixtures.ts';

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
    ['fewer stages', { stages: ['offline', 'shadow', 'production'] }],
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

  it('is one for each stage and exposure plan', () => {
    expect(sealOf(promotionItem(), 'canary')).not.toBe(seal);
    expect(sealOf(promotionItem(), 'production', { steps: [5, 25] })).not.toBe(seal);
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

  it('names every stored object that it rests on', () => {
    const run = promotionItem({ manifest: stored('manifests/x', 'signed') });
    const { handedIn, written } = sealedObjects(run);
    expect(handedIn).toEqual([run.artifact, run.backtest, run.history]);
    expect(written.map(({ key }) => key)).toEqual([REPORT_KEY, 'manifests/x']);
    expect(sealedObjects(changeItem())).toEqual({ handedIn: [], written: [] });
  });
});
