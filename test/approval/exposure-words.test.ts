import { describe, expect, it } from 'vitest';
import { approvalEmail } from '../../functions/approval/approval-email.ts';
import { durationWords, exposureWords, pathWords } from '../../functions/approval/exposure-words.ts';
import { onApproval, onExpiry, onRejection } from '../../functions/approval/wording.ts';
import { canaryPlan } from '../../functions/registry/policy.ts';
import { ANA } from '../fakes/inputs.ts';
import { ASKED_STAGES, changeItem, gateItem, promotionBefore, promotionItem, stored } from './fixtures.ts';

const wordsOf = (stage: (typeof ASKED_STAGES)[number], over = {}) =>
  exposureWords(promotionBefore(stage, over), stage).join(' ');

describe('A duration in words', () => {
  it.each([
    ['P1D', '1 day'],
    ['P70D', '70 days'],
    ['P2W', '14 days'],
    ['PT10M', '10 minutes'],
    ['PT90M', '1 hour 30 minutes'],
    ['P1DT1H1M1S', '1 day 1 hour 1 minute 1 second'],
  ])('%s is %s', (duration, words) => {
    expect(durationWords(duration)).toBe(words);
  });
});

describe('What a stage exposes, in words', () => {
  it('is nothing in shadow, for a time', () => {
    expect(wordsOf('shadow')).toContain('Nothing that it forecasts is served');
    expect(wordsOf('shadow')).toContain('coming from version 1.1.0');
    expect(wordsOf('shadow')).toContain('at most 70 days');
    expect(wordsOf('shadow', { baseline: '' })).toContain('coming from the safe forecast');
  });

  it('is a rising share of units in the canary, with unit, place, exclusions and bound', () => {
    expect(wordsOf('canary')).toContain(
      '5 % for 2 days, then 20 % for 3 days, then 50 % for 7 days and until the verdict',
    );
    expect(wordsOf('canary')).toContain('at most 42 days from the approval on, in favour of version 1.1.0');
    expect(wordsOf('canary')).toContain('one SKU in one store');
    expect(wordsOf('canary')).toContain('drawn from the whole business');
    expect(wordsOf('canary')).toContain('No segment is excluded');
  });

  it.each([
    ['store', 'a whole store'],
    ['sku', 'one SKU in all stores'],
  ] as const)('names the subset of a canary by %s and what it never serves', (unit, words) => {
    const where = { regions: ['north', 'south'], skus: ['S1'] };
    const canary = canaryPlan.parse({
      unit,
      where,
      excludedSegments: ['category:medicine', 'tier:gold'],
      steps: [{ percentage: 2.5, hold: 'P1D' }],
    });
    const text = wordsOf('canary', { plan: { ...promotionItem().plan, canary } });
    expect(text).toContain(words);
    expect(text).toContain('drawn from regions north, south; SKUs S1 only.');
    expect(text).toContain('Never served by it: category:medicine, tier:gold.');
    expect(text).toContain('2.5 % for 1 day and until the verdict');
  });

  it('is everything in production, with the version before beside it', () => {
    expect(wordsOf('production')).toContain('serves every forecast of demand');
    expect(wordsOf('production')).toContain('Version 1.1.0 runs beside it for 28 days, unserved');
    expect(wordsOf('production', { baseline: '' })).toContain('The safe forecast, which serves now, stays ready');
  });

  it('is nothing for a change, and the version that is taken over for an adoption', () => {
    expect(exposureWords(changeItem(), 'change')).toEqual([]);
    const adopt = { version: '0.9', artifact: stored('candidates/x/artifact', 'theirs') };
    const run = changeItem({ kind: 'onboard', adopt });
    expect(exposureWords(run, 'change').join()).toContain('went through none of the gates');
    expect(onApproval(run, 'change')).toContain('Version 0.9, which serves elsewhere already');
    expect(onApproval(changeItem({ kind: 'onboard' }), 'change')).toContain('the safe forecast until');
  });
});

describe('How far a promotion has come, in words', () => {
  it('says of each stage when it ran, that it was passed, that it is asked for, or that it is ahead', () => {
    expect(pathWords(promotionBefore('canary'), 'canary')).toEqual([
      { stage: 'offline', words: 'passed on 2026-03-01' },
      { stage: 'shadow', words: 'since 2026-03-02, passed on 2026-03-31' },
      { stage: 'canary', words: 'asked for here' },
      { stage: 'production', words: 'still ahead' },
    ]);
    expect(pathWords(promotionBefore('production'), 'production')[2]?.words).toBe(
      '5 % since 2026-04-01, 20 % since 2026-04-04, 50 % since 2026-04-07, passed on 2026-04-15',
    );
  });
});

describe('What happens next', () => {
  it('is said for each stage: what an approval starts, and who is asked after it', () => {
    const next = ASKED_STAGES.map((stage) => onApproval(promotionBefore(stage), stage));
    expect(next[0]).toContain('people are asked again before it serves anything');
    expect(next[1]).toContain('people are asked about production');
    expect(next[2]).toContain('serves all forecasts of demand within minutes');
  });

  it('leaves production as it is after a rejection or in silence; a rejected canary ends the shadow', () => {
    for (const stage of ASKED_STAGES)
      expect(onRejection(promotionItem(), stage)).toContain('Production stays as it is');
    expect(onRejection(promotionItem(), 'canary')).toContain('no longer runs beside production');
    expect(onExpiry(promotionItem())).toContain('the promotion ends with it');
    expect(onExpiry(changeItem())).toContain('nothing changes');
    expect(onRejection(changeItem(), 'change')).toContain('ends this change');
  });
});

describe('The email to an approver', () => {
  const emailOf = (run: Parameters<typeof approvalEmail>[0]['run'], stage: Parameters<typeof exposureWords>[1]) =>
    approvalEmail({
      gate: gateItem({ stage }),
      run,
      approver: ANA,
      evidence: null,
      requestId: '1',
      link: 'https://x.example/approvals/1?k=2',
    });

  it.each(ASKED_STAGES)(
    'into %s says what it exposes and how far the candidate has come, as text and as HTML',
    (stage) => {
      const run = promotionBefore(stage);
      const { text, html } = emailOf(run, stage);
      for (const line of [...exposureWords(run, stage), `${stage}: asked for here`, 'offline: passed on 2026-03-01']) {
        expect(text).toContain(`- ${line}`);
        expect(html).toContain(`<li>${line}</li>`);
      }
    },
  );

  it('about a change has no such part', () => {
    expect(emailOf(changeItem(), 'change').text).not.toContain('What it exposes');
  });
});
