import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unknownLinkPage } from '../../functions/approval/outcome-page.ts';
import { reportPages } from '../../functions/approval/report-pages.ts';
import { showReport } from '../../functions/approval/show-report.ts';
import { ANA } from '../fakes/inputs.ts';
import { passedGate, stored } from '../fakes/runs.ts';
import {
  changeItem,
  gateItem,
  modelItem,
  pageKey,
  pageText,
  promotionBefore,
  reportText,
  STARTED,
  writtenBefore,
} from './fixtures.ts';
import { VersionedEvidence } from './stand.ts';

const ID = '0123456789abcdef0123456789abcdef';
const SECRET = 'the secret of ana';
const link = { requestId: ID, secret: SECRET };

function ports(run = promotionBefore('production')) {
  const evidence = new VersionedEvidence();
  for (const [key, text] of Object.entries(writtenBefore('production'))) evidence.put(key, text);
  const request = {
    ...{ requestId: ID, promotionId: run.promotionId, model: run.model, stage: 'production' as const, round: 1 },
    ...{ approver: ANA, secretSha256s: [createHash('sha256').update(SECRET).digest('hex')], createdAt: STARTED },
  };
  return {
    evidence,
    registry: { run: async () => run, model: async () => modelItem() },
    approvals: {
      gate: async () => gateItem(),
      request: async (id: string) => (id === ID ? request : null),
    },
  };
}

describe('A report behind an approval link', () => {
  it.each(['offline', 'shadow', 'canary'] as const)(
    'is the page that the gate %s left, with nothing but its own styles',
    async (stage) => {
      const { status, page, headers } = await showReport(ports(), link, `${stage}-evaluation-report`);
      expect({ status, page }).toEqual({ status: 200, page: pageText(stage) });
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox",
      );
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
    },
  );

  it.each([
    ['another secret', { requestId: ID, secret: 'wrong' }, 'offline-evaluation-report'],
    ['no secret', { requestId: ID, secret: '' }, 'offline-evaluation-report'],
    ['another id', { requestId: 'f'.repeat(32), secret: SECRET }, 'offline-evaluation-report'],
    ['a report that no gate left', link, 'offline-secrets'],
    ['the JSON of a report', link, 'offline-evaluation-report-page'],
    ['a stage without a gate', link, 'production-evaluation-report'],
    ['what every object inherits', link, 'offline-constructor'],
    ['a path', link, '../offline-evaluation-report'],
  ])('is not there for %s, and nobody learns why', async (_, given, name) => {
    const answer = await showReport(ports(), given, name);
    expect(answer).toMatchObject({ status: 404, page: unknownLinkPage() });
  });

  it.each([
    ['has other bytes', (evidence: VersionedEvidence) => evidence.corrupt(pageKey('offline'))],
    ['is gone', null],
  ])('that %s than were recorded is not shown', async (_, damage) => {
    const stand = ports();
    const evidence = damage === null ? new VersionedEvidence() : stand.evidence;
    damage?.(stand.evidence);
    const answer = await showReport({ ...stand, evidence }, link, 'offline-evaluation-report');
    expect(answer.status).toBe(409);
    expect(answer.page).toContain('Do not approve');
    expect(answer.page).not.toContain('other bytes');
  });

  it('does not hide an outage of the bucket', async () => {
    const evidence = { read: () => Promise.reject(new Error('S3 is down')) };
    await expect(showReport({ ...ports(), evidence }, link, 'offline-evaluation-report')).rejects.toThrow('S3 is down');
  });

  it('stays readable when the decision is taken: whoever decided may look again', async () => {
    const ended = promotionBefore('production', { end: 'promoted', endedAt: STARTED });
    expect((await showReport(ports(ended), link, 'canary-evaluation-report')).status).toBe(200);
  });
});

describe('The pages of a run', () => {
  it('are those of its gates in order, named and titled by gate and report', () => {
    const offline = passedGate('offline/2', {
      'evaluation-report': stored('e', reportText()),
      'evaluation-report-page': stored('e.html'),
      'risk-summary-page': stored('r.html'),
      'segment-analysis': stored('s.csv'),
    });
    const run = promotionBefore('canary', { gates: { offline } });
    expect(reportPages(run).map(({ name, title }) => [name, title])).toEqual([
      ['offline-evaluation-report', 'Evaluation report'],
      ['offline-risk-summary', 'Risk summary'],
    ]);
  });

  it('are none of a change', () => {
    expect(reportPages(changeItem())).toEqual([]);
  });
});
