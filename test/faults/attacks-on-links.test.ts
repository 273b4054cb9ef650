import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { eligibleApprovers, peopleFor } from '../../functions/approval/eligible-approvers.ts';
import { findRequest } from '../../functions/approval/find-request.ts';
import { newSecret } from '../../functions/approval/secret.ts';
import { approvalKeys } from '../../functions/platform/keys.ts';
import { alertEmail } from '../../functions/rollback/alert/alert-email.ts';
import { AlertStore } from '../../functions/rollback/alert/alert-store.ts';
import { findAlert } from '../../functions/rollback/alert/find-alert.ts';
import { requestRollback } from '../../functions/rollback/alert/request-rollback.ts';
import { rollbackOutcomePage, rollbackPage } from '../../functions/rollback/alert/rollback-page.ts';
import { findRecall } from '../../functions/rollback/recall/find-recall.ts';
import { NO_FORECASTS, type RecallItem } from '../../functions/rollback/recall/recall-item.ts';
import { recallEmail } from '../../functions/rollback/recall/recall-letter.ts';
import { RecallLinkStore } from '../../functions/rollback/recall/recall-link-store.ts';
import { recallPage } from '../../functions/rollback/recall/recall-page.ts';
import { RecallStore } from '../../functions/rollback/recall/recall-store.ts';
import { changeItem, modelItem } from '../approval/fixtures.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { ALERT, alertStand, NOW, openedAlert } from '../rollback/alert/alert-stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const ID = 'a'.repeat(32);
const { secret, sha256 } = newSecret((count) => new Uint8Array(count).fill(7));
const LINK = { requestId: ID, secret };
const DIGESTS = [sha256];

function stores() {
  const { client, approvals, registry } = tables;
  const nothing = { run: async () => null, model: async () => null };
  return {
    alerts: new AlertStore(client, approvals),
    recalls: { recalls: new RecallStore(client, registry), links: new RecallLinkStore(client, approvals) },
    requests: { registry: nothing, approvals: new ApprovalStore(client, approvals) },
  };
}

async function put(key: object, item: object) {
  await tables.client.send(new PutCommand({ TableName: tables.approvals, Item: { ...key, ...item } }));
}
const ALERT_LINK = { ...openedAlert().link, linkId: ID, secretSha256s: DIGESTS };
const RECALL_LINK = { linkId: ID, model: 'demand', executionName: 'r', part: 1, secretSha256s: DIGESTS, attempts: 1 };
const REQUEST = {
  ...{ requestId: ID, promotionId: 'demand_2-0_1', model: 'demand', stage: 'production', round: 1 },
  ...{ approver: { id: ANA.id, name: ANA.name, email: ANA.email }, secretSha256s: DIGESTS, createdAt: NOW },
};

describe('A link', () => {
  it('of a rollback decides on no approval and acknowledges no recall', async () => {
    const { alerts, recalls, requests } = stores();
    await put(approvalKeys.alertLink(ID), ALERT_LINK);
    expect(await findAlert(alerts, LINK)).toMatchObject({ linkId: ID });
    expect(await findRequest(requests, LINK)).toBeNull();
    expect(await findRecall(recalls, LINK)).toBeNull();
  });

  it('of a recall starts no rollback and decides on no approval', async () => {
    const { alerts, recalls, requests } = stores();
    await put(approvalKeys.recallLink('b'.repeat(32)), { ...RECALL_LINK, linkId: 'b'.repeat(32), attemptedAt: NOW });
    const link = { requestId: 'b'.repeat(32), secret };
    // It is found, and leads to no recall.
    await expect(findRecall(recalls, link)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
    expect(await findAlert(alerts, link)).toBeNull();
    expect(await findRequest(requests, link)).toBeNull();
  });

  it('of an approval starts no rollback and acknowledges no recall', async () => {
    const { alerts, recalls, requests } = stores();
    const link = { requestId: 'c'.repeat(32), secret };
    await put(approvalKeys.request(link.requestId), { ...REQUEST, requestId: link.requestId });
    // It is found, and its gate is gone.
    await expect(findRequest(requests, link)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
    expect(await findAlert(alerts, link)).toBeNull();
    expect(await findRecall(recalls, link)).toBeNull();
  });

  it('starts nothing for a person who was owner or approver when it was sent', async () => {
    const started: string[] = [];
    const ports = {
      registry: {
        model: async () => modelItem({ approvers: [BEN] }),
        waysBack: async () => ({ place: null, versions: [], returnDocuments: [] }),
      },
      alerts: { link: async () => ({ ...ALERT_LINK, person: { name: ANA.name, email: ANA.email } }) },
      appConfig: {
        deployedState: async () => ({ live: null, inProgress: null, history: [], latestNumber: 0 }),
        hostedContent: async () => new Uint8Array(),
      },
      ...{ publicKeyPem: '', now: () => NOW, status: async () => 'MISSING' as const },
      start: async (name: string) => {
        started.push(name);
      },
    };
    const form = { model: 'demand', cause: 'safety', target: '', detail: '' };
    expect(await requestRollback(ports, LINK, form)).toMatchObject({ status: 403 });
    // Ben has the part, and it starts.
    const bens = { ...ports, alerts: { link: async () => ({ ...ALERT_LINK, person: BEN }) } };
    expect(await requestRollback(bens, LINK, form)).toMatchObject({ status: 200 });
    expect(started).toHaveLength(1);
  });
});

describe('Leaving a kill switch', () => {
  it.each([ANA.email, `  ${ANA.email.toUpperCase()}`, ANA.email.replace('@', '+switch@')])(
    'is not approved by whoever asked for it, as %s',
    (email) => {
      const run = changeItem({ kind: 'restore', requestedBy: { name: 'Somebody', email } });
      const people = peopleFor(run, modelItem({ approvers: [ANA, BEN] }), 'change');
      expect(eligibleApprovers(people, run, 'change').map(({ id }) => id)).toEqual([BEN.id]);
    },
  );
});

const NASTY = '"><img src=x onerror=alert(1)></title><script>alert(1)</script>\r\nBcc: all@shop.example\u202e';

function assertHarmless(markup: string) {
  expect(markup).not.toMatch(/<img|<script|\u202e/);
  expect(markup).toContain('&lt;img');
}
function assertOneLine(subject: string) {
  expect(subject).not.toMatch(/[\r\n\u202e]/);
}

describe('What others wrote', () => {
  const alert = { ...ALERT, model: NASTY, version: NASTY, headline: NASTY, detail: NASTY, trigger: NASTY, id: NASTY };
  const person = { name: NASTY, email: ANA.email };
  const { link, standing } = openedAlert();

  it('is text in the pages and the email of an alert, and no header', () => {
    const opened = openedAlert({
      link: { ...link, alert, person },
      standing: {
        ...standing,
        serves: NASTY,
        goesTo: NASTY,
        targets: [{ version: NASTY, promotedAt: NOW, provenAt: NOW }],
      },
      started: { executionName: NASTY, status: 'FAILED' },
    });
    const typed = { model: NASTY, cause: NASTY, target: NASTY, detail: `</textarea>${NASTY}` };
    const faults = [{ code: 'INVALID_FIELD', path: NASTY, message: NASTY }];
    for (const markup of [rollbackPage(opened), rollbackPage(opened, { typed, faults })]) assertHarmless(markup);
    for (const status of [403, 409] as const) assertHarmless(rollbackOutcomePage({ status, opened }));
    const address = 'https://approve.example/rollbacks/a?k=b';
    const email = alertEmail({ alert, facts: { serves: NASTY, goesTo: NASTY }, link: { ...link, person }, address });
    assertHarmless(email.html);
    assertOneLine(email.subject);
  });

  it('is text in the page and the letter of a recall, and no header', () => {
    const asked = { linkId: ID, team: NASTY, email: ANA.email, role: 'team' as const, acknowledges: true };
    const recall: RecallItem = {
      ...{ model: NASTY, executionName: NASTY, part: 1, version: NASTY, to: NASTY, cause: NASTY, rolledBackAt: NOW },
      ...{ ledgerSeq: 5, recalledAt: NOW, counts: { ...NO_FORECASTS, forecasts: 2, firstTargetDate: NASTY } },
      ...{ unreadable: { objects: 1, keys: [NASTY], lines: 0 }, status: 'open', asked: [asked], revision: 1 },
      answers: [{ linkId: 'x', outcome: 'acknowledged', name: NASTY, note: NASTY, at: NOW, seq: 6 }],
    };
    assertHarmless(recallPage({ recall, asked }, null));
    const address = 'https://approve.example/recalls/a?k=b';
    const letter = recallEmail({ recall, asked, summary: null, address, isReminder: true });
    assertHarmless(letter.html);
    assertOneLine(letter.subject);
  });

  it('reaches nobody by a model that nobody onboarded', async () => {
    const { sendAlert } = await import('../../functions/rollback/alert/send-alert.ts');
    const { ports, inbox } = alertStand({ approvers: [ANA] });
    await expect(sendAlert(ports, alert)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(inbox).toEqual([]);
  });
});
