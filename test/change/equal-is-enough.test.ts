import { describe, expect, it } from 'vitest';
import { approvalEmail } from '../../functions/approval/approval-email.ts';
import { approvalPage } from '../../functions/approval/approval-page.ts';
import { NO_HOLDS } from '../../functions/approval/expected-holds.ts';
import { sealOf } from '../../functions/approval/seal.ts';
import { EQUAL_IS_ENOUGH } from '../../functions/change/change-record.ts';
import { digestOf } from '../../functions/platform/json.ts';
import { promotionInput } from '../../functions/promotion/input.ts';
import { changeInput } from '../../functions/registry/change-input.ts';
import { gateItem, modelItem, promotionBefore, STARTED } from '../approval/fixtures.ts';
import { NOW } from '../approval/stand.ts';
import { ANA, CHANGE_RECORD, candidateInput, onboardInput } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';

const said = { because: 'cost', explanation: 'Half of the machines | at the same error.' } as const;
const evidence = new MemoryEvidence();
const input = (change: object) => candidateInput(evidence, { change: { ...CHANGE_RECORD, ...change } });
const run = promotionBefore('canary', { change: { ...promotionBefore('canary').change, equalIsEnough: said } });

describe('That an equal candidate is enough', () => {
  it.each(EQUAL_IS_ENOUGH)('may be asked for in a promotion, because of %s', (because) => {
    expect(promotionInput.parse(input({ equalIsEnough: { ...said, because } })).change.equalIsEnough).toEqual({
      ...said,
      because,
    });
  });

  it('needs a reason of the list and words for it, and every fault is named', () => {
    const faults = promotionInput.safeParse(input({ equalIsEnough: { because: 'habit', explanation: 'why not' } }));
    expect(faults.error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'change.equalIsEnough.because',
      'change.equalIsEnough.explanation',
    ]);
    expect(promotionInput.safeParse(input({ equalisEnough: said })).success).toBe(false);
  });

  it('cannot be said of a change without a version, which replaces no forecast', () => {
    const change = { ...onboardInput().change, equalIsEnough: said };
    expect(changeInput.safeParse({ ...onboardInput(), change }).success).toBe(false);
  });

  it('is under the seal', () => {
    expect(sealOf(run, 'canary')).not.toBe(sealOf(promotionBefore('canary'), 'canary'));
    expect(digestOf(run.change)).not.toBe(digestOf(promotionBefore('canary').change));
  });

  it('is told to approvers by email and on the page, and only where it was said', () => {
    const gate = gateItem({ stage: 'canary' });
    const request = {
      ...{ requestId: '0'.repeat(32), promotionId: 'p', model: 'demand', stage: 'canary' as const, round: 1 },
      ...{ approver: ANA, secretSha256s: ['x'], createdAt: STARTED },
    };
    const pageOf = (of: typeof run) =>
      approvalPage(
        {
          request,
          model: modelItem(),
          gate,
          run: of,
          evidence: [],
          wayBack: null,
          note: null,
          requests: [],
          holds: NO_HOLDS,
        },
        NOW,
      );
    const textOf = (of: typeof run) =>
      approvalEmail({
        gate,
        run: of,
        approver: ANA,
        evidence: null,
        requestId: '1',
        link: 'https://x.example/approvals/1?k=2',
      }).text;
    for (const text of [pageOf(run), textOf(run)]) {
      expect(text).toContain('Equal is enough');
      expect(text).toContain('cost: Half of the machines | at the same error.');
    }
    for (const text of [pageOf(promotionBefore('canary')), textOf(promotionBefore('canary'))]) {
      expect(text).not.toContain('Equal is enough');
    }
  });
});
