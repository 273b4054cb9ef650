import { beforeEach, describe, expect, it } from 'vitest';
import { LetterMarkStore } from '../../../functions/change/events/letter-mark-store.ts';
import { type TellOncePorts, tellOnce } from '../../../functions/change/events/tell-once.ts';
import { failure } from '../../fakes/failure.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';

const PEOPLE = ['olga@shop.example', 'planning@shop.example', 'replenishment@shop.example'];
const NOTICE = { subject: 'Canary begins', text: 'It serves 5 %.', recipients: PEOPLE };

let marks: LetterMarkStore;
let event: string;
let letters: string[];
let undelivered: number[];
let unreachable: Set<string>;
let seconds: number;
onFreshStage((stage, tables) => {
  marks = new LetterMarkStore(tables.client, tables.registry);
  event = `${stage.model}/7`;
});
beforeEach(() => {
  [letters, undelivered, unreachable, seconds] = [[], [], new Set(), 0];
});

const ports = (over: Partial<TellOncePorts> = {}): TellOncePorts => ({
  marks,
  sendEmail: async (to) => {
    if (unreachable.has(to)) throw new Error('The mailbox is not there.');
    letters.push(to);
  },
  onUndelivered: (_, count) => undelivered.push(count),
  now: () => new Date(Date.parse('2026-03-01T08:00:00.000Z') + seconds * 1000).toISOString(),
  ...over,
});
const tell = (over: Partial<TellOncePorts> = {}) => tellOnce(ports(over), NOTICE, event);

describe('A letter about an event', () => {
  it('goes to each recipient once, however often the event is delivered, and to how many at once', async () => {
    await Promise.all([tell(), tell(), tell()]);
    seconds += 3600;
    expect(await tell()).toEqual({ recipients: 0 });
    expect(letters.toSorted()).toEqual(PEOPLE);
    expect(undelivered).toEqual([]);
  });

  it('is of that event: the next one is told to all again', async () => {
    await tell();
    await tellOnce(ports(), NOTICE, `${event}1`);
    expect(letters).toHaveLength(2 * PEOPLE.length);
  });

  it('that does not leave keeps no other, is told, and is the only one that goes out again', async () => {
    unreachable.add('planning@shop.example');
    expect(await failure(tell())).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(letters.toSorted()).toEqual(['olga@shop.example', 'replenishment@shop.example']);
    expect(undelivered).toEqual([1]);
    unreachable.clear();
    expect(await tell()).toEqual({ recipients: 1 });
    expect(letters.at(-1)).toBe('planning@shop.example');
    expect(letters).toHaveLength(3);
  });

  it('whose sender was cut is left to that one for as long as it may run, and goes out when Lambda repeats the run', async () => {
    for (const to of PEOPLE) await marks.begin({ eventId: event, to }, { at: ports().now(), staleBefore: '' });
    seconds = 30;
    expect(await tell()).toEqual({ recipients: 0 });
    seconds = 60;
    expect(await tell()).toEqual({ recipients: 3 });
    expect(letters.toSorted()).toEqual(PEOPLE);
  });

  it('is sent to nobody of whom it cannot be noted', async () => {
    const begin = () => Promise.reject(new Error('The table is not there.'));
    const broken = { begin, sent: marks.sent.bind(marks), failed: marks.failed.bind(marks) };
    expect(await failure(tell({ marks: broken }))).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(letters).toEqual([]);
    expect(undelivered).toEqual([3]);
  });

  it('that left counts as sent for an attempt that fails later', async () => {
    const letter = { eventId: event, to: 'olga@shop.example' };
    const at = ports().now();
    await marks.begin(letter, { at, staleBefore: '' });
    await marks.sent(letter, at);
    await marks.failed(letter, at);
    seconds = 3600;
    expect(await marks.begin(letter, { at: ports().now(), staleBefore: ports().now() })).toBe(false);
  });
});
