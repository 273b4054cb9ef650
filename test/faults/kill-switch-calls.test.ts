import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Cut } from '../fakes/account.ts';
import { ALL_FAULTS, cutsOf, fewerOf, keeps, writesOf } from '../fakes/cuts.ts';
import { difference, type Found } from '../fakes/difference.ts';
import type { Leaving, LeavingStep, Stop, Thrown } from '../fakes/stops.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('../../functions/platform/clock.ts', () => import('../fakes/moved-clock.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
// No function outlives that its account is put back: what it has read of the ledger, it reads again.
vi.mock('../../functions/pointer/reconcile/books.ts', async (actual) => {
  const { keepBooks } = await actual<typeof import('../../functions/pointer/reconcile/books.ts')>();
  const rereading: typeof keepBooks = (ledger) => (chain) => keepBooks(ledger)(chain);
  return { keepBooks: rereading };
});
// Hundreds of cases on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 });

const { account } = await import('../fakes/account-clients.ts');
const { contradictions, outcomeOf, view } = await import('../fakes/account-view.ts');
const { goBack, goingBack } = await import('../fakes/goings-back.ts');
const { isRetried, statesOf } = await import('../fakes/machines.ts');
const { leave, leaving, lookTwice, stop, WAY_OUT, wasStopped } = await import('../fakes/stops.ts');
const { closeDead, layOut, onboard, promote, WAY, walkOf } = await import('../fakes/walk.ts');

const STATES = statesOf('onboarding');
/** As often as the machine runs a step at most, or somebody calls again. */
const RUNS = 5;
let again = 0;
let left = 0;
let calls = 0;

const walk = walkOf('2.0.0');
/** Walks on, from where a step of this name is next to where that one is. */
async function walkOn(from: string, to: string): Promise<void> {
  const at = (name: string) => WAY.findIndex(({ what }) => what === name);
  for (const step of WAY.slice(at(from), at(to))) await step.run(walk);
}

beforeAll(async () => {
  await onboard();
  await promote('1.0.0');
  await layOut(walk);
  await walkOn('registering a candidate', 'asking for shadow');
});
afterAll(async () => {
  await account.stop();
  console.log(`Kill switch: ${calls} calls failed in turn: ${again} cases of a call made again, ${left} of one left.`);
});

/** How everything stands, and what of that nobody may find. */
async function standing(failed: string | null): Promise<Found> {
  const seen = await view();
  const stopped = wasStopped(walk);
  return { failed, wrong: contradictions(seen), stopped, ...outcomeOf(seen) };
}

const isDone = (outcome: Thrown | Error): boolean => !(outcome instanceof Error) && outcome.recorded === true;
const said = (outcome: Thrown | Error): string | null =>
  isDone(outcome) ? null : outcome instanceof Error ? String(outcome) : JSON.stringify(outcome);

/** Whoever throws it calls again, until the answer says that it is recorded. */
async function throwIt(asked: Stop, first?: Cut): Promise<string | null> {
  let { outcome } = await account.play(() => stop(asked), first);
  for (let run = 1; run < RUNS && !isDone(outcome); run++) ({ outcome } = await account.play(() => stop(asked)));
  return said(outcome);
}

/** The function dies after a call, and the schedules find what it left before anybody calls again. */
async function leaveIt(asked: Stop, at: number): Promise<Found> {
  await account.play(() => stop(asked), { at, how: 'killed' });
  const before = JSON.stringify((await view()).pointer);
  await lookTwice();
  await closeDead({});
  const after = JSON.stringify((await view()).pointer);
  const found = await standing(await throwIt(asked));
  return { ...found, changedBySchedules: before === after ? null : [before, after] };
}

const typesIn = ({ entries }: Found): readonly unknown[] => [entries].flat();

/** What the reconciler noticed in between is no decision. */
function withoutNotices(found: Found): Found {
  return { ...found, entries: typesIn(found).filter((type) => type !== 'change-noticed') };
}

/**
 * Disturbs every call of a throw that begins where everything stands now, and leaves everything as it was. `all`: those
 * that keep nothing as well, which are much the same at each level; `lefts`: the schedules look at what is left of it as well.
 */
async function eachCall(asked: Stop, { all, lefts }: { readonly all: boolean; readonly lefts: boolean }) {
  const restore = await account.save();
  const { sent } = await account.play(() => stop(asked));
  const expected = await standing(null);
  await restore();
  const differing: unknown[] = [];
  const wanted = fewerOf(cutsOf(sent), sent).filter(({ at }) => all || ALL_FAULTS || keeps(sent, at));
  for (const cut of wanted) {
    const other = difference(await standing(await throwIt(asked, cut)), expected);
    await restore();
    if (other.length > 0) differing.push({ cut, call: sent[cut.at - 1], other });
  }
  // What people are told comes when all is recorded.
  const writing = writesOf(sent).filter((at) => ALL_FAULTS || (lefts && keeps(sent, at)));
  let noticed = 0;
  for (const at of writing) {
    const found = await leaveIt(asked, at);
    await restore();
    if (typesIn(found).includes('change-noticed')) noticed += 1;
    const other = difference(withoutNotices(found), { ...expected, changedBySchedules: null });
    if (other.length > 0) differing.push({ left: at, call: sent[at - 1], other });
  }
  again += wanted.length;
  left += writing.length;
  calls += new Set(wanted.map(({ at }) => at)).size;
  return { expected, differing, noticed };
}

const thrown = (found: Found) => typesIn(found).filter((type) => type === 'kill-switch-thrown').length;
const OUT = ['', '', 0];

describe('Whichever call of a throw fails, and however', () => {
  it('a candidate that waits for its people is withdrawn for good, and its promotion ended, once', async () => {
    const { expected, differing } = await eachCall({ level: 'candidate' }, { all: false, lefts: false });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], stopped: true, inFlight: [] });
    expect(expected['versions']).toContainEqual({ version: '2.0.0', status: 'withdrawn', predecessor: undefined });
    expect(thrown(expected)).toBe(1);
  });
});

describe('Whichever call of a throw fails, and however, while a shadow runs', () => {
  beforeAll(() => walkOn('asking for shadow', 'judging the shadow'));

  it('the shadow is out, and its promotion ended, once', async () => {
    const { expected, differing } = await eachCall({ level: 'shadow' }, { all: false, lefts: false });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], stopped: true, inFlight: [] });
    expect(expected['pointer']).toMatchObject({ serves: '1.0.0', beside: OUT });
    expect(thrown(expected)).toBe(1);
  });
});

describe('Whichever call of a throw fails, and however, while a canary serves', () => {
  beforeAll(() => walkOn('judging the shadow', 'raising the canary step'));

  it('the canary is out, and its promotion ended, once', async () => {
    const { expected, differing, noticed } = await eachCall({ level: 'canary' }, { all: false, lefts: true });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], stopped: true, inFlight: [] });
    expect(expected['pointer']).toMatchObject({ serves: '1.0.0', beside: OUT, switched: null });
    expect(noticed).toBeGreaterThan(0);
    expect(thrown(expected)).toBe(1);
  });

  it('the candidate is out for good, and its promotion ended, once', async () => {
    const { expected, differing } = await eachCall({ level: 'candidate' }, { all: false, lefts: false });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], stopped: true, inFlight: [] });
    expect(expected['pointer']).toMatchObject({ serves: '1.0.0', beside: OUT });
    expect(expected['versions']).toContainEqual({ version: '2.0.0', status: 'withdrawn', predecessor: undefined });
    expect(thrown(expected)).toBe(1);
  });

  it('the safe forecast serves, the canary is out, and every way back carries the switch, once', async () => {
    const { expected, differing, noticed } = await eachCall({ level: 'model' }, { all: true, lefts: true });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], inFlight: [] });
    expect(noticed).toBeGreaterThan(0);
    expect(expected['pointer']).toMatchObject({ beside: OUT, switched: { fallbackSegments: [] } });
    expect(thrown(expected)).toBe(1);
  });
});

describe('Whichever call of a throw fails, and however, while a narrower switch stands', () => {
  let restore: () => Promise<void>;
  beforeAll(async () => {
    restore = await account.save();
    await stop({ level: 'model', segments: ['region:north'] });
  });
  afterAll(() => restore());

  it('one switch stands, and it is the wider one', async () => {
    const { expected, differing } = await eachCall(
      { level: 'model', segments: ['tier:gold'] },
      { all: false, lefts: false },
    );
    expect(differing).toEqual([]);
    expect(expected['pointer']).toMatchObject({ switched: { fallbackSegments: ['region:north', 'tier:gold'] } });
    expect(expected['wrong']).toEqual([]);
    expect(thrown(expected)).toBe(2);
  });
});

/** Runs a step until it is done, as its machine would. */
async function recover(step: LeavingStep, one: Leaving, failed: Error): Promise<string | null> {
  let error = failed;
  for (let run = 1; run < RUNS; run++) {
    const machine = STATES[step.state];
    if (machine === undefined || !isRetried(machine, error)) break;
    const { outcome } = await account.play(() => step.run(one));
    if (!(outcome instanceof Error)) return null;
    error = outcome;
  }
  return String(error);
}

describe('Whichever call fails, and however, while a kill switch is left', () => {
  const one = leaving();
  beforeAll(async () => {
    await walkOn('raising the canary step', 'sending the notice');
    await stop({ level: 'model' });
  });

  it.each(WAY_OUT.map((step) => [step.what, step] as const))('by %s, it is left once', async (_, step) => {
    const restore = await account.save();
    const { sent, outcome } = await account.play(() => step.run(one));
    expect(outcome).not.toBeInstanceOf(Error);
    const expected = await standing(null);
    await restore();
    const differing: unknown[] = [];
    const wanted = fewerOf(cutsOf(sent), sent).filter(
      ({ at }) => step.state === 'LeaveKillSwitch' || ALL_FAULTS || keeps(sent, at),
    );
    for (const cut of wanted) {
      const first = (await account.play(() => step.run(one), cut)).outcome;
      const failed = first instanceof Error ? await recover(step, one, first) : null;
      const other = difference(await standing(failed), expected);
      await restore();
      if (other.length > 0) differing.push({ cut, call: sent[cut.at - 1], other });
    }
    for (const at of writesOf(sent)) {
      await account.play(() => step.run(one), { at, how: 'killed' });
      account.executions.status.set(one.executionArn, 'FAILED');
      await closeDead({});
      const seen = await view();
      const open = seen.runs.some((run) => run.promotionId === one.promotionId && run.end === undefined);
      const found = { open, inFlight: seen.inFlight, wrong: contradictions(seen) };
      await goBack(goingBack(`back-${step.state}-${at}`));
      const after = await view();
      await restore();
      const { switched } = seen.pointer;
      const gone = { serves: after.pointer.production, switched: after.pointer.switched, after: contradictions(after) };
      const wantedEnd = { open: false, inFlight: [], wrong: [], serves: '1.0.0', switched, after: [] };
      const other = difference({ ...found, ...gone }, wantedEnd);
      if (other.length > 0) differing.push({ left: at, call: sent[at - 1], other });
    }
    again += wanted.length;
    left += writesOf(sent).length;
    calls += new Set(wanted.map(({ at }) => at)).size;
    await leave(one, [step]);
    expect(differing).toEqual([]);
  });

  it('and in the end the version serves everything again, by a registry and ways back that say so', async () => {
    const seen = await view();
    expect(contradictions(seen)).toEqual([]);
    expect(seen.pointer).toMatchObject({ serves: '2.0.0', switched: null });
    expect(seen.runs.find(({ promotionId }) => promotionId === one.promotionId)).toMatchObject({ end: 'applied' });
  });
});
