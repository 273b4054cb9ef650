import { beforeEach, describe, expect, it } from 'vitest';
import { answerNotice } from '../../../functions/change/advance-notice/answer-notice.ts';
import { findNotice } from '../../../functions/change/advance-notice/find-notice.ts';
import { notExcepted } from '../../../functions/change/advance-notice/hold-exceptions.ts';
import { holdName } from '../../../functions/change/advance-notice/notice-checks.ts';
import { answeredPage, noticePage } from '../../../functions/change/advance-notice/notice-page.ts';
import type { SignIn } from '../../../functions/sign-in/standing.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { BEN, CHANGE_RECORD, REPLENISHMENT } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import { LONG_REASON, NoticeStand } from './notice-stand.ts';

const EVIL = '<script>alert(1)</script> & "more"';

let stage: ReleaseStage;
let stand: NoticeStand;
onFreshStage(
  (fresh, tables) => {
    stage = fresh;
    stand = new NoticeStand(fresh, tables);
  },
  ['1.0'],
);

let id: string;
beforeEach(async () => {
  const change = { ...CHANGE_RECORD, reason: EVIL, scope: EVIL, expectedImpact: EVIL, rollbackPlan: EVIL };
  await stand.settle({ downstream: [REPLENISHMENT, { team: EVIL, email: 'evil@shop.example' }] });
  id = await stage.candidate('2.0', 1, { stage: 'shadow', change, knownFailureModes: [EVIL] });
  await stage.prepare(id);
  await stage.move(id);
  await stand.attend();
});

async function pageOf(address: string): Promise<string> {
  const found = await findNotice(stand.ports(), stand.linkOf(address), stage.now());
  if (found === null) throw new Error('The link leads nowhere.');
  return noticePage(found);
}

async function frozen(): Promise<void> {
  const from = new Date(Date.parse(stage.now()) - 1000).toISOString();
  const until = new Date(Date.parse(stage.now()) + 86_400_000).toISOString();
  await stand.notice({ leadTime: 'PT0S' });
  await stand.settle({ policy: { freezes: [{ from, until, reason: EVIL.slice(0, 200) }] } });
  await stage.enter(id, 'canary');
  await stand.mayExpose(id);
}

describe('The page of a notice', () => {
  it('says what is to change, when at the earliest, with which effect, how to object, and who knows', async () => {
    const page = await pageOf(REPLENISHMENT.email);
    for (const said of [
      'Starts at the earliest',
      '2026-03-02 08:0',
      'Expected impact',
      'To object, write to Olga Owner',
      'Replenishment: told',
      'Type the model&#39;s name',
    ]) {
      expect(page).toContain(said);
    }
  });

  it('shows what people and pipelines wrote as text, in page and letters', async () => {
    await frozen();
    const pages = [await pageOf(REPLENISHMENT.email), await pageOf('evil@shop.example'), await pageOf(BEN.email)];
    const letters = stand.letters.map(({ html }) => html);
    for (const markup of [...pages, ...letters]) {
      expect(markup).toContain('&lt;script&gt;');
      expect(markup).not.toContain('<script');
    }
  });

  it('is nobody else’s: a wrong secret, an unknown id and garbage lead nowhere', async () => {
    const { requestId, secret } = stand.linkOf(REPLENISHMENT.email);
    const other = stand.linkOf('evil@shop.example');
    for (const link of [
      { requestId, secret: `${secret}x` },
      { requestId, secret: other.secret },
      { requestId: 'f'.repeat(32), secret },
      { requestId: '../../', secret: '' },
    ]) {
      expect(await findNotice(stand.ports(), link, stage.now())).toBeNull();
      expect(await stand.answer(link, { name: 'R', model: stage.model })).toEqual({ status: 404 });
    }
  });

  it('keeps what was typed beside every fault, and records nothing', async () => {
    const answer = await stand.answer(stand.linkOf(REPLENISHMENT.email), {
      name: '',
      model: EVIL,
      note: 'n'.repeat(2001),
    });
    if (answer.status !== 400) throw new Error(`It answered ${answer.status}.`);
    expect(answer.faults.map(({ path }) => path)).toEqual(['name', 'model', 'note']);
    const page = noticePage(answer.found, { typed: { name: '', model: EVIL, note: 'kept' }, faults: answer.faults });
    expect(page).toContain('kept</textarea>');
    expect(page).toContain('Error: Critical change ahead');
    expect(page.match(/aria-invalid="true"/g)).toHaveLength(3);
    expect(await stand.entries('notice-acknowledged')).toEqual([]);
  });

  it('says what was recorded, and afterwards who did so, without a form', async () => {
    const link = stand.linkOf(REPLENISHMENT.email);
    const answer = await stand.answer(link, { name: 'Rita', model: stage.model });
    if (answer.status !== 200) throw new Error(`It answered ${answer.status}.`);
    expect(answeredPage(answer)).toContain(`position ${answer.seq ?? 0} of the ledger`);
    const page = await pageOf(REPLENISHMENT.email);
    expect(page).toContain('Rita did so at');
    expect(page).not.toContain('<form');
  });

  it('asks nothing any more once the promotion is over', async () => {
    await stage.close(id, 'withdrawn');
    expect(await pageOf(REPLENISHMENT.email)).toContain('The promotion ended as withdrawn');
    expect(await stand.answer(stand.linkOf(REPLENISHMENT.email), { name: 'R', model: stage.model })).toMatchObject({
      status: 410,
    });
  });
});

describe('The page of a hold', () => {
  it('says what it waits for and asks the second approver for a reason', async () => {
    await frozen();
    const page = await pageOf(BEN.email);
    for (const said of [
      'What it waits for',
      'Nothing new begins to serve until',
      'Why it cannot wait',
      'Type the version: 2.0',
    ]) {
      expect(page).toContain(said);
    }
    expect(page).not.toContain('name="name"');
    const answer = await stand.answer(stand.linkOf(BEN.email), { model: '2.0', note: LONG_REASON });
    if (answer.status !== 200) throw new Error(`It answered ${answer.status}.`);
    expect(answeredPage(answer)).toContain('Your exception is recorded');
    expect(await pageOf(BEN.email)).toContain(`${BEN.name} did so at`);
  });

  it('is answered by whoever is signed in as that approver alone, where people sign in, and says who it was', async () => {
    await frozen();
    const session = (email: string) => ({
      ...{ issuer: 'https://login.shop.example', subject: 'one', email, name: 'Somebody' },
      ...{ at: stage.now(), expiresAt: '2999-01-01T00:00:00.000Z' },
    });
    const link = stand.linkOf(BEN.email);
    const answer = (signIn: SignIn) => stand.answer({ ...link, signIn }, { model: '2.0', note: LONG_REASON });
    expect(await answer({ session: null })).toMatchObject({ status: 401 });
    expect(await answer({ session: session('ana@shop.example') })).toMatchObject({ status: 403 });
    expect(await stand.entries('hold-excepted')).toEqual([]);
    expect(await answer({ session: session(BEN.email) })).toMatchObject({ status: 200 });
    const signedIn = { issuer: 'https://login.shop.example', subject: 'one', email: BEN.email };
    expect(await stand.entries('hold-excepted')).toMatchObject([{ data: { approver: BEN, signedIn } }]);
    expect((await stand.run(id)).holdExceptions).toMatchObject([{ approver: BEN, signedIn }]);
    await stand.mayExpose(id);
    expect(await pageOf(BEN.email)).toContain(`${BEN.name} did so at`);
  });

  it('is answered by nobody who let it in under another address that the issuer vouched for', async () => {
    await frozen();
    const issuer = 'https://login.shop.example';
    const session = (subject: string) => ({
      ...{ issuer, subject, email: BEN.email, name: 'Somebody', at: stage.now() },
      expiresAt: '2999-01-01T00:00:00.000Z',
    });
    const letIn = (await stand.ports().approvals.gates(id)).map((gate) => ({
      ...gate,
      decisions: gate.decisions.map((one) => ({
        ...one,
        signedIn: { issuer, subject: 'ana', email: 'ana@shop.example' },
      })),
    }));
    const ports = { ...stand.ports(), approvals: { ...stand.ports().approvals, gates: async () => letIn } };
    const typed = { name: '', model: '2.0', note: LONG_REASON };
    const by = (subject: string) => ({ ...stand.linkOf(BEN.email), signIn: { session: session(subject) } });
    const answer = await answerNotice(ports, by('ana'), typed, stage.now());
    if (answer.status !== 403) throw new Error(`It answered ${answer.status}.`);
    expect(answeredPage(answer)).toContain('neither let it in nor asked for it');
    expect(await stand.entries('hold-excepted')).toEqual([]);
    expect(await answerNotice(ports, by('ben'), typed, stage.now())).toMatchObject({ status: 200 });

    // Whoever made it first, and then let it in as somebody else, lifts nothing either.
    const run = await stand.run(id);
    const of = { model: await stand.model(), stage: 'canary' as const, gates: letIn };
    const reason = { code: 'FROZEN', message: 'Peak trading' };
    const made = (subject: string): typeof run => ({
      ...run,
      holdExceptions: [
        {
          ...{ stage: 'canary', holds: [holdName(reason)], approver: BEN, at: stage.now(), seq: 1 },
          signedIn: { issuer, subject, email: BEN.email },
        },
      ],
    });
    expect(notExcepted([reason], made('ana'), of)).toEqual([reason]);
    expect(notExcepted([reason], made('ben'), of)).toEqual([]);
  });
});
