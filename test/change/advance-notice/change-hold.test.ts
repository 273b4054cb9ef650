import { beforeEach, describe, expect, it } from 'vitest';
import { findNotice } from '../../../functions/change/advance-notice/find-notice.ts';
import { noticePage } from '../../../functions/change/advance-notice/notice-page.ts';
import { flightsBody } from '../../../functions/console/page/flight-section.ts';
import { flightOf } from '../../../functions/console/view/flight.ts';
import { html } from '../../../functions/platform/html.ts';
import { textOf } from '../../console/stand.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { ANA, BEN, REPLENISHMENT } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import { LONG_REASON, NoticeStand } from './notice-stand.ts';

const PLANNING = { team: 'Planning', email: 'planning@shop.example' };
const DAY = 86_400;
/** A change that protects less, and says that it is critical. */
const WIDER = { confirmation: 'P7D' };

let stage: ReleaseStage;
let stand: NoticeStand;
onFreshStage(
  (fresh, tables) => {
    stage = fresh;
    stand = new NoticeStand(fresh, tables);
  },
  ['1.0'],
);
beforeEach(() => stand.settle({ downstream: [REPLENISHMENT, PLANNING] }));

let id: string;
/** A change that the teams were told of when it was registered, let in by Ana. */
async function approved(policy: Readonly<Record<string, unknown>> = WIDER): Promise<void> {
  id = await stand.register({}, { policy });
  await stand.attend();
  await stage.approve(await stand.run(id));
}

const codes = async () =>
  (await stand.mayExpose(id)).reasons.map(({ code, path }) => [code, path ?? ''].join(' ').trim());

async function onConsole(): Promise<string> {
  const flight = flightOf({ run: await stand.run(id), gates: { ok: true, value: [] } }, await stand.model());
  return textOf(html`${flightsBody([flight], stage.now())}`.markup);
}

describe('A critical change of settings', () => {
  it('is told to the teams downstream when it is registered, once, setting by setting', async () => {
    id = await stand.register({}, { policy: WIDER });
    await stand.attend();
    await stand.attend();
    const [letter, ...more] = stand.lettersTo(REPLENISHMENT.email);
    expect(more).toEqual([]);
    expect(letter?.subject).toMatch(/^Critical change ahead: settings of \S+, no earlier than 2026-03-02 08:00 UTC$/);
    for (const said of [
      /policy\.confirmation: \w+ becomes P7D/,
      /Starts at the earliest: .* UTC, after an approval/,
      /To object, write to Olga Owner .* before it takes effect/,
    ]) {
      expect(letter?.text).toMatch(said);
    }
    expect(await stand.entries('change-announced')).toMatchObject([
      { data: { promotionId: id, leadTime: 'PT24H', teams: [REPLENISHMENT, PLANNING] } },
    ]);
  });

  it('waits for its lead time, says so on the console, and takes effect by itself', async () => {
    await approved();
    const { earliestAt = '' } = (await stand.run(id)).advanceNotice ?? {};
    expect(await codes()).toEqual([`LEAD_TIME_RUNS ${earliestAt}`]);
    const shown = await onConsole();
    for (const said of ['Stage approved', `LEAD_TIME_RUNS ${earliestAt}`, 'it takes effect no earlier than']) {
      expect(shown).toContain(said);
    }
    stage.seconds += DAY - 120;
    const { waitSeconds } = await stand.mayExpose(id);
    expect(waitSeconds).toBeLessThanOrEqual(120);
    stage.seconds += waitSeconds;
    expect(await stand.mayExpose(id)).toMatchObject({ held: false });
    await stand.apply(id);
    expect((await stand.model()).policy.confirmation).toBe('P7D');
    await stand.attend();
    expect(await stand.ports().open.all()).not.toContainEqual(expect.objectContaining({ promotionId: id }));
    expect(await stand.entries('notice-recalled')).toEqual([]);
  });

  it('waits for every acknowledgement that is asked for, and names on the console who is waited for', async () => {
    await stand.notice({ leadTime: 'PT0S', acknowledge: 'all' });
    await approved();
    expect(await codes()).toEqual(['NOTICE_NOT_ACKNOWLEDGED Replenishment', 'NOTICE_NOT_ACKNOWLEDGED Planning']);
    const said = { name: 'Rita Reorder', model: stage.model };
    expect(await stand.answer(stand.linkOf(REPLENISHMENT.email), said)).toMatchObject({ status: 200 });
    expect(await codes()).toEqual(['NOTICE_NOT_ACKNOWLEDGED Planning']);
    const shown = await onConsole();
    expect(shown).toContain('Replenishment: acknowledged by Rita Reorder');
    expect(shown).toContain('NOTICE_NOT_ACKNOWLEDGED Planning');
    await stand.answer(stand.linkOf(PLANNING.email), said);
    expect(await codes()).toEqual([]);
  });

  it('is held while a team was not told, which ends with the letter', async () => {
    await stand.notice({ leadTime: 'PT0S' });
    stand.unreachable.add(PLANNING.email);
    await approved();
    expect(await codes()).toEqual(['NOTICE_MISSING']);
    const [{ next } = {}] = (await stand.mayExpose(id)).reasons;
    expect(next).toMatch(
      /stop the execution, correct the address by a change of ownership, and ask for this change again/,
    );
    expect(await onConsole()).toContain('NOTICE_MISSING');
    stand.unreachable.clear();
    stage.seconds += 15 * 60;
    expect(await codes()).toEqual([]);
  });

  it('is given to nobody once no team is left, and whoever comes then has the whole lead time', async () => {
    stand.unreachable.add(REPLENISHMENT.email).add(PLANNING.email);
    await approved();
    await stand.settle({ downstream: [] });
    await stand.attend();
    expect(await stand.entries('change-announced')).toEqual([]);
    expect(await codes()).toEqual([]);
    stage.seconds += 2 * DAY;
    const later = { team: 'Logistics', email: 'logistics@shop.example' };
    await stand.settle({ downstream: [later] });
    await stand.attend();
    const { earliestAt = '' } = (await stand.run(id)).advanceNotice ?? {};
    // The clock of the stage goes on by a second or two while it works.
    expect(Date.parse(earliestAt) - Date.parse(stage.now())).toBeGreaterThan((DAY - 60) * 1000);
    expect(await codes()).toEqual([`LEAD_TIME_RUNS ${earliestAt}`]);
  });

  it('is announced as the policy in force says, whatever the change makes of it', async () => {
    const policy = { notice: { leadTime: 'PT0S', acknowledge: 'none' } };
    await stand.notice({ leadTime: 'PT24H', acknowledge: 'all' });
    await approved(policy);
    const [lead, ...acknowledgements] = await codes();
    expect(lead).toMatch(/^LEAD_TIME_RUNS/);
    expect(acknowledgements).toHaveLength(2);
  });

  it('goes on by the exception of a second approver, who types the model’s name, and of nobody else', async () => {
    await approved();
    await stand.mayExpose(id);
    expect(stand.lettersTo(ANA.email)).toEqual([]);
    const link = stand.linkOf(BEN.email);
    const found = await findNotice(stand.ports(), link, stage.now());
    if (found === null) throw new Error('The link leads nowhere.');
    const page = noticePage(found);
    for (const said of ['Held before it takes effect', 'Type the model&#39;s name', 'What it waits for']) {
      expect(page).toContain(said);
    }
    expect(await stand.answer(link, { model: stage.model, note: LONG_REASON })).toMatchObject({ status: 200 });
    expect(await codes()).toEqual([]);
    expect(await stand.entries('hold-excepted')).toMatchObject([
      { actor: { name: BEN.name }, data: { stage: 'change', reason: LONG_REASON } },
    ]);
  });

  it('ends once it is held for as long as an approval lasts and the lead time that was promised', async () => {
    await stand.notice({ leadTime: 'PT24H', acknowledge: 'all' });
    await approved();
    expect(await stand.mayExpose(id)).toMatchObject({ held: true, expired: false });
    stage.seconds += 8 * DAY - 100;
    expect(await stand.mayExpose(id)).toMatchObject({ held: true, expired: false });
    stage.seconds += 100;
    expect(await stand.mayExpose(id)).toMatchObject({ held: true, expired: true });
  });

  it('is taken back, once, from those who had the letter when it ends without taking effect', async () => {
    stand.unreachable.add(PLANNING.email);
    await approved();
    await stage.close(id, 'rejected', { reasons: [{ code: 'X', message: 'Peak trading comes first.' }] });
    await stand.attend();
    await stand.attend();
    const [, taken, ...more] = stand.lettersTo(REPLENISHMENT.email);
    expect(more).toEqual([]);
    expect(taken?.subject).toMatch(/^It does not come: settings of /);
    expect(taken?.text).toContain('All settings stay as they were.');
    expect(taken?.text).toContain('Peak trading comes first.');
    expect(await stand.entries('notice-recalled')).toMatchObject([{ data: { teams: ['Replenishment'] } }]);
  });

  it('is taken back from a team as soon as its mailbox takes the letter, and from no other twice', async () => {
    await approved();
    await stage.close(id, 'rejected');
    stand.unreachable.add(PLANNING.email);
    await stand.attend();
    expect(await stand.entries('notice-recalled')).toEqual([]);
    stand.unreachable.clear();
    await stand.attend();
    await stand.attend();
    for (const { email } of [REPLENISHMENT, PLANNING]) {
      expect(stand.lettersTo(email).map(({ subject }) => subject.split(':')[0])).toEqual([
        'Critical change ahead',
        'It does not come',
      ]);
    }
    expect(await stand.entries('notice-recalled')).toMatchObject([{ data: { teams: ['Replenishment', 'Planning'] } }]);
  });

  it('is not waited with for ever where a mailbox is gone: the ledger says after a day who knows', async () => {
    await approved();
    await stage.close(id, 'rejected');
    stand.unreachable.add(PLANNING.email);
    await stand.attend();
    stage.seconds += DAY + 60;
    await stand.attend();
    expect(await stand.entries('notice-recalled')).toMatchObject([{ data: { teams: ['Replenishment'] } }]);
    expect(await stand.ports().open.all()).not.toContainEqual(expect.objectContaining({ promotionId: id }));
  });

  it('is taken back once from each where the ledger does not take what was told', async () => {
    await approved();
    await stage.close(id, 'rejected');
    const append = () => Promise.reject(new Error('The ledger is not there.'));
    await stand.attend({ ledger: { append } }).catch(() => {});
    await stand.attend();
    expect(stand.lettersTo(REPLENISHMENT.email)).toHaveLength(2);
    expect(await stand.entries('notice-recalled')).toHaveLength(1);
  });

  it('is taken back from a team as well that came while another one could not be told', async () => {
    stand.unreachable.add(PLANNING.email);
    id = await stand.register({}, { policy: WIDER });
    await stand.attend();
    const later = { team: 'Logistics', email: 'logistics@shop.example' };
    await stand.settle({ downstream: [REPLENISHMENT, PLANNING, later] });
    await stand.attend();
    expect(stand.lettersTo(later.email)).toHaveLength(1);
    await stage.close(id, 'withdrawn');
    await stand.attend();
    expect(stand.lettersTo(later.email).map(({ subject }) => subject.split(':')[0])).toEqual([
      'Critical change ahead',
      'It does not come',
    ]);
  });

  it('is not taken back when it took effect and only its execution failed afterwards', async () => {
    await stand.notice({ leadTime: 'PT0S' });
    await approved();
    expect(await codes()).toEqual([]);
    await stand.apply(id, 'withdrawn');
    await stand.attend();
    expect(stand.lettersTo(REPLENISHMENT.email)).toHaveLength(1);
    expect(await stand.entries('notice-recalled')).toEqual([]);
  });

  it('keeps no model from being rolled back, before or after it is held', async () => {
    await approved();
    await stand.mayExpose(id);
    await stage.finish(await stage.rollBack());
    expect(await codes()).toHaveLength(1);
    expect((await stage.state()).statuses).toMatchObject({ '1.0': 'withdrawn' });
  });

  it('is held by no freeze: that is for candidates', async () => {
    await stand.notice({ leadTime: 'PT0S' });
    const from = new Date(Date.parse(stage.now()) - 1000).toISOString();
    stand.freezes.push({ from, until: new Date(Date.parse(from) + DAY * 1000).toISOString(), reason: 'Peak trading' });
    await approved();
    expect(await codes()).toEqual([]);
  });
});

describe('What is announced to nobody and held by nothing', () => {
  const goesOn = async () => {
    await stand.attend();
    expect(await stand.mayExpose(id)).toMatchObject({ held: false, reasons: [] });
    expect(stand.letters).toEqual([]);
    expect(await stand.entries('canary-held')).toEqual([]);
  };

  it('is a change of ownership, however critical it says it is: people must be replaceable at once', async () => {
    id = await stand.register({ type: 'ownership' }, { approvers: [BEN] });
    expect((await stand.run(id)).severity?.level).toBe('critical');
    await goesOn();
  });

  it('is a change that is not critical', async () => {
    id = await stand.register({ critical: undefined }, { policy: WIDER });
    await goesOn();
  });

  it('is a critical change where nobody is downstream', async () => {
    await stand.settle({ downstream: [] });
    id = await stand.register({}, { policy: WIDER });
    await goesOn();
  });

  it('is the end of a kill switch, which mends what teams feel already', async () => {
    await stage.kill('model', { fallback: 'seasonal-naive' });
    id = await stage.restoration();
    await goesOn();
  });
});
