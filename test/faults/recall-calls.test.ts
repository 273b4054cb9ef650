import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Cut } from '../fakes/account.ts';
import { ALL_FAULTS, cutsOf, fewerOf, keeps } from '../fakes/cuts.ts';
import { difference, type Found } from '../fakes/difference.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('../../functions/platform/clock.ts', () => import('../fakes/moved-clock.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
// A data engine is opened for each list; on a busy machine that is slow, and not wrong.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 });

const { account } = await import('../fakes/account-clients.ts');
const { contradictions, outcomeOf, view } = await import('../fakes/account-view.ts');
const { goingBack, WAY_BACK } = await import('../fakes/goings-back.ts');
const { setAhead } = await import('../fakes/moved-clock.ts');
const { onboard, promote } = await import('../fakes/walk.ts');
const { acknowledge, linksOf, logForecasts, recall, recalled } = await import('../fakes/recalling.ts');

/** So much later the schedule comes again; a letter that did not leave is tried again by then. */
const AGAIN_MINUTES = 16;
/** As often as the schedule comes at most, or somebody posts. */
const RUNS = 5;
const TEAM = 'replenishment@shop.example';
const OWNER = 'olga@shop.example';
let cases = 0;
let calls = 0;

beforeAll(async () => {
  await onboard();
  await promote('1.0.0');
  await promote('2.0.0');
  await logForecasts('first', ['milk', 'bread']);
  const going = goingBack('back-1');
  for (const step of WAY_BACK.slice(0, 3)) await step.run(going);
});
afterAll(async () => {
  await account.stop();
  console.log(`Recall: ${calls} calls failed in turn, in ${cases} cases.`);
});

interface Acting {
  /** Of the clock, after the rollback. */
  readonly minutes: number;
  readonly act: () => Promise<unknown>;
}

/** The schedule comes, and comes again; or somebody posts, and posts again until an answer comes. */
async function play({ minutes, act }: Acting, cut?: Cut): Promise<Found> {
  setAhead(minutes);
  let { outcome } = await account.play(act, cut);
  setAhead(minutes + AGAIN_MINUTES);
  for (let run = 1; run < RUNS && outcome instanceof Error; run++) ({ outcome } = await account.play(act));
  ({ outcome } = await account.play(recall));
  setAhead(0);
  const seen = await view();
  const failed = outcome instanceof Error ? String(outcome) : null;
  return { failed, wrong: contradictions(seen), ...(await recalled()), ...outcomeOf(seen) };
}

/**
 * Disturbs every call of an act that comes next, and leaves everything as it was. Where it is not `whole`, those that
 * keep nothing are left out: another case has the same ones.
 */
async function eachCall(acting: Acting, { whole }: { readonly whole: boolean }) {
  const restore = await account.save();
  setAhead(acting.minutes);
  const { sent } = await account.play(acting.act);
  await restore();
  const expected = await play(acting);
  await restore();
  const differing: unknown[] = [];
  const wanted = fewerOf(cutsOf(sent), sent).filter(({ at }) => whole || ALL_FAULTS || keeps(sent, at));
  for (const cut of wanted) {
    const other = difference(await play(acting, cut), expected);
    await restore();
    if (other.length > 0) differing.push({ cut, call: sent[cut.at - 1], other });
  }
  cases += wanted.length;
  calls += new Set(wanted.map(({ at }) => at)).size;
  return { expected, differing };
}

const recallsIn = ({ entries }: Found) => [entries].flat().filter((type) => type === 'forecasts-recalled').length;

describe('Whichever call of a recall fails, and however', () => {
  it('while it is made, it is recorded once, with its list, and everybody concerned is told', async () => {
    const { expected, differing } = await eachCall({ minutes: 0, act: recall }, { whole: true });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({
      wrong: [],
      recalls: [{ part: 1, status: 'open', forecasts: 4, asked: [TEAM, OWNER], answers: [] }],
      open: [{ part: 1 }],
      told: [OWNER, TEAM],
    });
    expect(recallsIn(expected)).toBe(1);
    await recall();
  });

  it('while a team acknowledges it, its answer stands once, and closes it', async () => {
    const [link] = linksOf(TEAM);
    const { expected, differing } = await eachCall({ minutes: 1, act: () => acknowledge(link) }, { whole: true });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({
      wrong: [],
      recalls: [{ part: 1, status: 'closed', answers: [`${TEAM} acknowledged by Rita`] }],
      open: [],
    });
    await acknowledge(link);
  });

  it('while it is looked for what came later, a second list has that alone, once', async () => {
    await logForecasts('late', ['salt']);
    const { expected, differing } = await eachCall({ minutes: 31, act: recall }, { whole: false });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({
      wrong: [],
      recalls: [
        { part: 1, status: 'closed' },
        { part: 2, status: 'open', forecasts: 2 },
      ],
      pending: [{ part: 3 }],
    });
    expect(recallsIn(expected)).toBe(2);
    setAhead(31);
    await recall();
    setAhead(0);
  });

  it('while it is looked for the last time, nothing is recorded, and it is not looked again', async () => {
    const { expected, differing } = await eachCall({ minutes: 7 * 60 + 1, act: recall }, { whole: true });
    expect(differing).toEqual([]);
    expect(expected).toMatchObject({ wrong: [], pending: [] });
    expect(recallsIn(expected)).toBe(2);
  });
});
