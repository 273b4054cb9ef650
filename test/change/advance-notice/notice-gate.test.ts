import { beforeEach, describe, expect, it } from 'vitest';
import { CAS } from '../../approval/fixtures.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { ANA, BEN, REPLENISHMENT } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import { LONG_REASON, NoticeStand } from './notice-stand.ts';

const PLANNING = { team: 'Planning', email: 'planning@shop.example' };
const DAY = 86_400;

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
  await stand.settle({ downstream: [REPLENISHMENT, PLANNING] });
});

/** A candidate that ran beside production and was let into the canary by Ana. */
async function approved(): Promise<void> {
  id = await stage.shadowed('2.0');
  await stand.attend();
  await stage.enter(id, 'canary');
}

const codes = async () =>
  (await stand.mayExpose(id)).reasons.map(({ code, path }) => [code, path ?? ''].join(' ').trim());
const later = (seconds: number) => new Date(Date.parse(stage.now()) + seconds * 1000).toISOString();

describe('A critical change', () => {
  it('is told to the teams downstream as soon as its candidate runs beside production, once, with what they need', async () => {
    await approved();
    await stand.attend();
    const [letter, ...more] = stand.lettersTo(REPLENISHMENT.email);
    expect(more).toEqual([]);
    expect(letter?.subject).toMatch(/^Critical change ahead: \S+ version 2\.0, no earlier than 2026-03-02 08:00 UTC$/);
    for (const said of ['Expected impact: ', 'Way back: ', 'Lead time: 1 day', 'To object, write to Olga Owner']) {
      expect(letter?.text).toContain(said);
    }
    expect(stand.lettersTo(PLANNING.email)).toHaveLength(1);
    expect(await stand.entries('change-announced')).toMatchObject([
      { data: { promotionId: id, leadTime: 'PT24H', teams: [REPLENISHMENT, PLANNING] } },
    ]);
  });

  it('waits for its lead time, says until when, is looked at just then, and goes on by itself', async () => {
    await approved();
    const { earliestAt = '' } = (await stand.run(id)).advanceNotice ?? {};
    stage.seconds += 20 * 3600;
    expect(await codes()).toEqual([`LEAD_TIME_RUNS ${earliestAt}`]);
    expect(await stand.run(id)).toMatchObject({ holds: [{ stage: 'canary', until: earliestAt }] });
    stage.seconds += 4 * 3600 - 120;
    const { waitSeconds } = await stand.mayExpose(id);
    expect(waitSeconds).toBeLessThanOrEqual(120);
    stage.seconds += waitSeconds;
    expect(await stand.mayExpose(id)).toMatchObject({ held: false, expired: false });
  });

  it('is not held at all when the lead time went by beside production', async () => {
    id = await stage.shadowed('2.0');
    await stand.attend();
    stage.seconds += 14 * DAY;
    await stage.enter(id, 'canary');
    expect(await stand.mayExpose(id)).toMatchObject({ held: false });
    expect(await stand.entries('canary-held')).toEqual([]);
  });

  it('waits for the acknowledgement of every team where the policy asks for it, and goes on by itself', async () => {
    await stand.notice({ leadTime: 'PT0S', acknowledge: 'all' });
    await approved();
    expect(await codes()).toEqual(['NOTICE_NOT_ACKNOWLEDGED Replenishment', 'NOTICE_NOT_ACKNOWLEDGED Planning']);
    const said = { name: 'Rita Reorder', model: stage.model, note: 'We hold back the order of Friday.' };
    expect(await stand.answer(stand.linkOf(REPLENISHMENT.email), said)).toMatchObject({ status: 200 });
    expect(await stand.answer(stand.linkOf(REPLENISHMENT.email), said)).toMatchObject({ status: 409 });
    expect(await codes()).toEqual(['NOTICE_NOT_ACKNOWLEDGED Planning']);
    // Who takes no forecasts any more is not waited for.
    await stand.settle({ downstream: [REPLENISHMENT] });
    expect(await codes()).toEqual([]);
    expect(await stand.entries('notice-acknowledged')).toMatchObject([
      { actor: { name: 'Rita Reorder' }, data: { team: 'Replenishment', note: said.note } },
    ]);
  });

  it('reminds once a day who has to acknowledge, and nobody else', async () => {
    await stand.notice({ leadTime: 'PT0S', acknowledge: 'all' });
    await approved();
    await stand.answer(stand.linkOf(PLANNING.email), { name: 'Pam', model: stage.model });
    stage.seconds += DAY;
    await stand.attend();
    await stand.attend();
    expect(stand.lettersTo(PLANNING.email)).toHaveLength(1);
    expect(stand.lettersTo(REPLENISHMENT.email).map(({ subject }) => subject.startsWith('Reminder: '))).toEqual([
      false,
      true,
    ]);
    // The link of the first letter goes on working.
    expect(await stand.answer(stand.linkOf(REPLENISHMENT.email), { name: 'R', model: stage.model })).toMatchObject({
      status: 200,
    });
  });

  it('is not known while a team cannot be reached: no lead time runs, and a corrected address is told', async () => {
    stand.unreachable.add(PLANNING.email);
    await approved();
    expect(await codes()).toEqual(['NOTICE_MISSING']);
    expect(stand.undelivered).toContain(id);
    const corrected = { team: 'Planning', email: 'plan@shop.example' };
    await stand.settle({ downstream: [REPLENISHMENT, corrected] });
    expect((await codes())[0]).toMatch(/^LEAD_TIME_RUNS/);
    expect(stand.lettersTo(corrected.email)).toHaveLength(1);
    expect(stand.lettersTo(REPLENISHMENT.email)).toHaveLength(1);
  });

  it('is told to a team that comes after it was given, which is asked as all others are; the lead time stays', async () => {
    await stand.settle({ downstream: [REPLENISHMENT] });
    await stand.notice({ leadTime: 'PT24H', acknowledge: 'all' });
    await approved();
    const { earliestAt } = (await stand.run(id)).advanceNotice ?? {};
    stand.unreachable.add(PLANNING.email);
    await stand.settle({ downstream: [REPLENISHMENT, PLANNING, { ...PLANNING, team: 'Planning too' }] });
    expect(await codes()).toContain('NOTICE_MISSING Planning');
    stand.unreachable.clear();
    stage.seconds += 15 * 60;
    await Promise.all([stand.attend(), stand.attend()]);
    await stand.attend();
    const letters = stand.lettersTo(PLANNING.email);
    expect(letters.map(({ subject }) => subject)).toEqual([expect.stringMatching(/^Critical change ahead/)]);
    expect(await codes()).toEqual([
      `LEAD_TIME_RUNS ${earliestAt ?? ''}`,
      'NOTICE_NOT_ACKNOWLEDGED Replenishment',
      'NOTICE_NOT_ACKNOWLEDGED Planning',
    ]);
    expect(await stand.answer(stand.linkOf(PLANNING.email), { name: 'Pam', model: stage.model })).toMatchObject({
      status: 200,
    });
    expect(await stand.entries('change-announced')).toMatchObject([
      { data: { teams: [REPLENISHMENT], earliestAt } },
      { data: { teams: [PLANNING], earliestAt } },
    ]);
  });

  it('is announced once by two looks at the same moment', async () => {
    id = await stage.shadowed('2.0');
    await Promise.all([stand.attend(), stand.attend()]);
    await stand.attend();
    expect(await stand.entries('change-announced')).toHaveLength(1);
  });

  it.each(['keep', 'sendEmail', 'sent', 'append', 'begin'] as const)(
    'is announced once, to everybody, after %s failed half-way',
    async (broken) => {
      id = await stage.shadowed('2.0');
      const { links, ledger, open, sendEmail } = stand.ports();
      let left = 1;
      const once = <A extends readonly unknown[], R>(call: (...of: A) => Promise<R>, when: boolean) => {
        return async (...of: A): Promise<R> => {
          if (when && left-- > 0) throw new Error('The service is down.');
          return call(...of);
        };
      };
      const over = {
        sendEmail: once(sendEmail, broken === 'sendEmail'),
        ledger: {
          append: once((...of: Parameters<typeof ledger.append>) => ledger.append(...of), broken === 'append'),
        },
        open: {
          ...{ all: () => open.all(), close: open.close.bind(open), closed: open.closed.bind(open) },
          begin: once((...of: Parameters<typeof open.begin>) => open.begin(...of), broken === 'begin'),
        },
        links: {
          link: (linkId: string) => links.link(linkId),
          keep: once((...of: Parameters<typeof links.keep>) => links.keep(...of), broken === 'keep'),
          sent: once((...of: Parameters<typeof links.sent>) => links.sent(...of), broken === 'sent'),
        },
      };
      await stand.attend(over).catch(() => {});
      expect(await stand.entries('change-announced')).toEqual([]);
      expect((await stand.run(id)).advanceNotice?.givenAt).toBeUndefined();
      stage.seconds += 15 * 60;
      await stand.attend();
      await stand.attend();
      expect(await stand.entries('change-announced')).toHaveLength(1);
      // A letter whose mark was lost goes out again, and the link of either works.
      const letters = stand.lettersTo(REPLENISHMENT.email).length + stand.lettersTo(PLANNING.email).length;
      expect(letters).toBe(broken === 'sent' ? 3 : 2);
    },
  );

  it('keeps what it was announced with when the policy is changed afterwards', async () => {
    await approved();
    await stand.notice({ leadTime: 'PT0S' });
    expect((await codes())[0]).toMatch(/^LEAD_TIME_RUNS/);
  });

  it('is taken back from those who had the letter, once, when its promotion ends before anything was served', async () => {
    stand.unreachable.add(PLANNING.email);
    await approved();
    await stage.endExposure(id);
    await stage.close(id, 'rejected', { reasons: [{ code: 'X', message: 'It orders too much.' }] });
    await stand.attend();
    await stand.attend();
    expect(stand.lettersTo(REPLENISHMENT.email).map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^Critical change ahead/),
      expect.stringMatching(/^It does not come: /),
    ]);
    expect(stand.lettersTo(REPLENISHMENT.email)[1]?.text).toContain('It orders too much.');
    expect(await stand.entries('notice-recalled')).toMatchObject([{ data: { teams: ['Replenishment'] } }]);
  });

  it('that nobody downstream is concerned by, and a change that is not critical, are announced to nobody', async () => {
    await stand.settle({ downstream: [] });
    await approved();
    expect(await codes()).toEqual([]);
    await stage.close(id, 'withdrawn');
    await stand.settle({ downstream: [REPLENISHMENT] });
    const major = { severity: { level: 'major' as const, because: 'said so' }, stage: 'shadow' as const };
    id = await stage.candidate('3.0', 1, major);
    await stage.prepare(id);
    await stage.move(id);
    await stand.attend();
    await stage.enter(id, 'canary');
    expect(await codes()).toEqual([]);
    expect(stand.letters).toEqual([]);
  });
});

describe('A freeze', () => {
  const frozenFor = async (seconds: number, from = -DAY) => {
    const until = later(seconds);
    await stand.settle({ policy: { freezes: [{ from: later(from), until, reason: 'Peak trading' }] } });
    return until;
  };

  beforeEach(async () => {
    await stand.notice({ leadTime: 'PT0S' });
    await approved();
  });

  it('holds the canary with its reason until it is over, and the canary goes on by itself', async () => {
    const until = await frozenFor(3 * DAY);
    const answer = await stand.mayExpose(id);
    expect(answer).toMatchObject({ held: true, expired: false, reasons: [{ code: 'FROZEN', path: until }] });
    expect(answer.reasons[0]?.message).toContain('Peak trading');
    expect(await stand.run(id)).toMatchObject({ holds: [{ reasons: [`FROZEN ${until}`], until }] });
    stage.seconds += 3 * DAY;
    expect(await stand.mayExpose(id)).toMatchObject({ held: false });
  });

  it('holds full promotion as well, where nothing else is asked', async () => {
    const until = await frozenFor(2 * DAY);
    await stage.enter(id, 'production');
    const silent = { readiness: async () => null, drills: { newest: async () => [] } };
    expect((await stand.mayExpose(id, silent)).reasons).toMatchObject([{ code: 'FROZEN', path: until }]);
    stage.seconds += 2 * DAY;
    expect(await stand.mayExpose(id, silent)).toMatchObject({ held: false });
    expect((await stand.run(id)).holds?.map((hold) => hold.stage)).toEqual(['production', 'production']);
  });

  it('of all models holds each of them', async () => {
    const until = later(DAY);
    stand.freezes.push({ from: later(-1), until, reason: 'Move of the data centre' });
    expect(await codes()).toEqual([`FROZEN ${until}`]);
  });

  it('that outlasts the approval ends the promotion at once and says when to start again', async () => {
    const until = await frozenFor(8 * DAY);
    const answer = await stand.mayExpose(id);
    expect(answer).toMatchObject({ held: true, expired: true, reasons: [{ code: 'FROZEN' }] });
    expect(answer.reasons[0]?.next).toContain(`approved after ${until}`);
  });

  it('is lifted by a second approver with a reason, recorded under that name, for this freeze alone', async () => {
    await frozenFor(3 * DAY);
    await stand.mayExpose(id);
    // Ana let it in: only Ben is asked.
    expect(stand.lettersTo(ANA.email)).toEqual([]);
    const link = stand.linkOf(BEN.email);
    expect(await stand.answer(link, { model: '2', note: 'Short.' })).toMatchObject({
      status: 400,
      faults: [{ path: 'model' }, { path: 'note' }],
    });
    expect((await stand.mayExpose(id)).held).toBe(true);
    expect(await stand.answer(link, { model: '2.0', note: LONG_REASON })).toMatchObject({ status: 200 });
    expect(await stand.mayExpose(id)).toMatchObject({ held: false });
    expect(await stand.answer(link, { model: '2.0', note: LONG_REASON })).toMatchObject({ status: 409 });
    expect(await stand.entries('hold-excepted')).toMatchObject([
      { actor: { name: BEN.name }, data: { stage: 'canary', reason: LONG_REASON, lifted: [{ code: 'FROZEN' }] } },
    ]);
    const longer = await frozenFor(4 * DAY);
    expect(await codes()).toEqual([`FROZEN ${longer}`]);
  });

  it('is lifted neither by who let the version in, nor by who is no approver any more', async () => {
    await stand.settle({ approvers: [ANA, BEN, CAS] });
    await frozenFor(3 * DAY);
    await stand.mayExpose(id);
    const link = stand.linkOf(CAS.email);
    await stand.settle({ approvers: [ANA, BEN] });
    expect(await stand.answer(link, { model: '2.0', note: LONG_REASON })).toMatchObject({ status: 403 });
    // The same person under another id and a tagged address is who let it in.
    await stand.settle({
      approvers: [
        { ...ANA, id: 'cas', email: CAS.email },
        { ...ANA, email: `ana+x@shop.example` },
      ],
    });
    expect((await stand.mayExpose(id)).held).toBe(true);
  });

  it('is lifted by a stand-in where the model has no other approver', async () => {
    await stand.settle({ approvers: [ANA, { ...CAS, standIn: true }] });
    await frozenFor(3 * DAY);
    await stand.mayExpose(id);
    expect(await stand.answer(stand.linkOf(CAS.email), { model: '2.0', note: LONG_REASON })).toMatchObject({
      status: 200,
    });
    expect(await stand.mayExpose(id)).toMatchObject({ held: false });
  });

  it('never keeps a model from being rolled back, and asks nobody for what proves the way back', async () => {
    await frozenFor(3 * DAY);
    await stand.mayExpose(id, { readiness: async () => null });
    expect(stand.lettersTo(BEN.email)[0]?.text).not.toContain('could not be checked');
    const answer = await stage.rollBack({ withdrawVersion: '2.0' });
    await stage.finish(answer);
    expect((await stage.state()).serves).toBe('1.0');
    expect(await stand.answer(stand.linkOf(BEN.email), { model: '2.0', note: LONG_REASON })).toMatchObject({
      status: 410,
    });
  });
});

describe('A freeze that begins before people have decided', () => {
  it('can be excepted in time, by whoever then does not let the version in', async () => {
    await stand.notice({ leadTime: 'PT0S' });
    id = await stage.shadowed('2.0');
    await stand.settle({ policy: { freezes: [{ from: later(-1), until: later(30 * DAY), reason: 'Peak trading' }] } });
    await stage.ask(id, 'canary');
    await stand.attend();
    for (const { email } of [ANA, BEN]) {
      const answer = await stand.answer(stand.linkOf(email), { model: '2.0', note: LONG_REASON });
      // Ben finds nothing that holds it any more.
      expect(answer.status).toBe(email === ANA.email ? 200 : 410);
    }
    // Ana lets it in herself: hers is no second opinion, and the freeze is too long to wait for.
    await stage.enter(id, 'canary');
    expect(await stand.mayExpose(id)).toMatchObject({ held: true, expired: true, reasons: [{ code: 'FROZEN' }] });
  });
});
