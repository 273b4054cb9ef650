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
  wayBackItem,
  wayBackPorts,
  writtenBefore,
} from './fixtures.ts';
import { NOW, VersionedEvidence } from './stand.ts';

const request = {
  ...{ requestId: '0'.repeat(32), promotionId: 'p', model: 'demand', stage: 'production' as const, round: 1 },
  ...{ approver: ANA, secretSha256s: ['x'], createdAt: STARTED },
};

const portsOf = (evidence: Pick<VersionedEvidence, 'read'>) => ({
  ...{ evidence, wayBack: wayBackPorts() },
  toldNote: async () => null,
  approvals: { request: async () => null, gates: async () => [] },
  freezes: [],
});

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
    const { evidence } = await loadReview(portsOf(bucket()), found(stage), NOW);
    const gates = { shadow: ['offline'], canary: ['offline', 'shadow'], production: ['offline', 'shadow', 'canary'] };
    expect(evidence.map((one) => one.stage)).toEqual(gates[stage]);
    expect(evidence.map(({ report }) => report?.gate)).toEqual(gates[stage]);
  });

  it.each(['offline', 'shadow', 'canary'] as const)(
    'warns of a report of %s that is not the one recorded, and shows the others',
    async (gate) => {
      const evidence = bucket();
      evidence.corrupt(reportKey(gate));
      const review = await loadReview(portsOf(evidence), found('production'), NOW);
      expect(review.evidence.filter(({ report }) => report === null).map(({ stage }) => stage)).toEqual([gate]);
      expect(approvalPage(review, NOW).split('Do not approve')).toHaveLength(2);
    },
  );

  it('says of each gate what was not tested', async () => {
    const page = approvalPage(await loadReview(portsOf(bucket()), found('production'), NOW), NOW);
    expect(page.match(/Not tested/g)).toHaveLength(3);
    expect(page).toContain('nothing of the candidate was served');
  });

  it('links to the report of each gate with the secret of the link that was opened, and without one to none', async () => {
    const page = approvalPage(await loadReview(portsOf(bucket()), found('production'), NOW, 'a secret&'), NOW);
    const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, href]) => href);
    expect(links).toEqual(
      ['canary', 'shadow', 'offline'].map(
        (gate) => `${'0'.repeat(32)}/reports/${gate}-evaluation-report?k=a%20secret%26`,
      ),
    );
    expect(approvalPage(await loadReview(portsOf(bucket()), found('production'), NOW), NOW)).not.toContain('/reports/');
  });

  it('begins with the verdict of the newest gate and its three key figures, before what is asked', async () => {
    const page = approvalPage(await loadReview(portsOf(bucket()), found('production'), NOW), NOW);
    const headings = [...page.matchAll(/<h2[^>]*>([^<]+)/g)].map(([, heading]) => heading);
    expect(headings.slice(0, 2)).toEqual(['Verdict of the canary gate', 'Evidence: canary gate']);
    expect(headings.at(-1)).toBe('Your decision');
    const figures = /<dl class="figures">.*?<\/dl>/s.exec(page)?.[0] ?? '';
    expect([...figures.matchAll(/<dt>([^<]+)/g)].map(([, name]) => name)).toEqual([
      'Absolute error on the same rows',
      'Stockouts',
      'Overstock per unit sold',
    ]);
    expect(page).toMatch(/\d of \d segments got worse/);
  });

  it('shows charts of each gate, each with an id of its own and a text in its place', async () => {
    const page = approvalPage(await loadReview(portsOf(bucket()), found('production'), NOW), NOW);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const gate of ['offline', 'shadow', 'canary']) expect(ids).toContain(`${gate}-error-by-segment-wide-title`);
    expect(page).not.toMatch(/ style="/);
  });

  it('says how it would be gone back: the plan, the target, whether it is ready, and the newest drill', async () => {
    const pageOf = async (over: Parameters<typeof wayBackItem>[0]) => {
      const ports = { ...portsOf(bucket()), wayBack: wayBackPorts(wayBackItem(over)) };
      return approvalPage(await loadReview(ports, found('production'), NOW), NOW);
    };
    const page = await pageOf({});
    expect(page).toContain('version 1.1.0. Its signed document was proved at');
    expect(page).toContain('21.5 s from the fault to the last reader, of 300 s at most; from 1.1.0 back to 1.0.0.');
    const fault = { code: 'ARTIFACT_DIFFERS', message: 'Another artifact <b> than was registered.' };
    const unready = { ...wayBackItem().readiness, ready: false, reasons: [fault] };
    const bad = await pageOf({
      readiness: { model: 'demand', checkedAt: NOW.toISOString(), since: 'x', revision: 1, ...unready },
      drill: null,
      target: null,
    });
    for (const words of [
      'Another artifact &lt;b&gt; than was registered.',
      'None was held yet.',
      'before anything is exposed',
    ])
      expect(bad).toContain(words);
  });

  it('does not hide an outage of the bucket behind a page without evidence', async () => {
    const evidence = { read: () => Promise.reject(new Error('S3 is down')) };
    await expect(loadReview(portsOf(evidence), found('canary'), NOW)).rejects.toThrow('S3 is down');
  });

  it('of a change is no evidence', async () => {
    const review = await loadReview(portsOf(bucket()), { ...found('production'), run: changeItem() }, NOW);
    expect(review).toMatchObject({ evidence: [], wayBack: null });
  });
});
