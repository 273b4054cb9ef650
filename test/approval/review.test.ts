import { describe, expect, it } from 'vitest';
import { approvalPage } from '../../functions/approval/approval-page.ts';
import { loadReview } from '../../functions/approval/review.ts';
import { ANA } from '../fakes/inputs.ts';
import {
  ASKED_STAGES,
  changeItem,
  gateItem,
  modelItem,
  promotionBefore,
  reportKey,
  STARTED,
  writtenBefore,
} from './fixtures.ts';
import { NOW, VersionedEvidence } from './stand.ts';

const request = {
  ...{ requestId: '0'.repeat(32), promotionId: 'p', model: 'demand', stage: 'production' as const, round: 1 },
  ...{ approver: ANA, secretSha256s: ['x'], createdAt: STARTED },
};

/** What lies in the bucket for a promotion that passed everything. */
function bucket() {
  const evidence = new VersionedEvidence();
  for (const [key, text] of Object.entries(writtenBefore('production'))) evidence.put(key, text);
  return evidence;
}

const found = (stage: (typeof ASKED_STAGES)[number]) => ({
  ...{ request, model: modelItem(), gate: gateItem({ stage }) },
  run: promotionBefore(stage, { stage, awaitingApproval: true }),
});

describe('What an approver is shown', () => {
  it.each(ASKED_STAGES)('before %s are the reports of all gates so far, in order', async (stage) => {
    const { evidence } = await loadReview(bucket(), found(stage));
    const gates = { shadow: ['offline'], canary: ['offline', 'shadow'], production: ['offline', 'shadow', 'canary'] };
    expect(evidence.map((one) => one.stage)).toEqual(gates[stage]);
    expect(evidence.map(({ report }) => report?.gate)).toEqual(gates[stage]);
  });

  it.each(['offline', 'shadow', 'canary'] as const)(
    'warns of a report of %s that is not the one recorded, and shows the others',
    async (gate) => {
      const evidence = bucket();
      evidence.corrupt(reportKey(gate));
      const review = await loadReview(evidence, found('production'));
      expect(review.evidence.filter(({ report }) => report === null).map(({ stage }) => stage)).toEqual([gate]);
      expect(approvalPage(review, NOW).split('Do not approve')).toHaveLength(2);
    },
  );

  it('says of each gate what was not tested', async () => {
    const page = approvalPage(await loadReview(bucket(), found('production')), NOW);
    expect(page.match(/Not tested/g)).toHaveLength(3);
    expect(page).toContain('nothing of the candidate was served');
  });

  it('links to the report of each gate with the secret of the link that was opened, and without one to none', async () => {
    const page = approvalPage(await loadReview(bucket(), found('production'), 'a secret&'), NOW);
    const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, href]) => href);
    expect(links).toEqual(
      ['canary', 'shadow', 'offline'].map(
        (gate) => `${'0'.repeat(32)}/reports/${gate}-evaluation-report?k=a%20secret%26`,
      ),
    );
    expect(approvalPage(await loadReview(bucket(), found('production')), NOW)).not.toContain('/reports/');
  });

  it('does not hide an outage of the bucket behind a page without evidence', async () => {
    const evidence = { read: () => Promise.reject(new Error('S3 is down')) };
    await expect(loadReview(evidence, found('canary'))).rejects.toThrow('S3 is down');
  });

  it('of a change is no evidence', async () => {
    const review = await loadReview(bucket(), { ...found('production'), run: changeItem() });
    expect(review.evidence).toEqual([]);
  });
});
