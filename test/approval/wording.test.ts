import { describe, expect, it } from 'vitest';
import { approvalEmail } from '../../functions/approval/approval-email.ts';
import { stagesLeftOut } from '../../functions/approval/wording.ts';
import { ANA } from '../fakes/inputs.ts';
import { aPromotion } from '../fakes/runs.ts';
import { gateItem } from './fixtures.ts';

describe('Whoever is asked to decide', () => {
  it('is told which stages a promotion did not go through', () => {
    expect(stagesLeftOut(aPromotion())).toEqual([['Stages left out', "shadow, canary (by the stack's setting)"]]);
    expect(stagesLeftOut(aPromotion({ stages: ['offline', 'shadow', 'canary', 'production'] }))).toEqual([]);
  });

  it('reads it in the email already', () => {
    const email = approvalEmail({
      gate: gateItem(),
      run: aPromotion(),
      approver: ANA,
      link: 'https://x.example/approvals/1?k=2',
    });
    expect(email.text).toContain('Stages left out: shadow, canary');
    expect(email.html).toContain('shadow, canary');
  });
});
