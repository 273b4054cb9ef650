import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Cut } from '../fakes/account.ts';
import type { View } from '../fakes/account-view.ts';
import { ALL_FAULTS, cutsOf, writesOf } from '../fakes/cuts.ts';
import type { Step } from '../fakes/walk.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
// Hundreds of cases on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { account } = await import('../fakes/account-clients.ts');
const { contradictions, outcomeOf, view } = await import('../fakes/account-view.ts');
const { goBackAsStarted } = await import('../fakes/goings-back.ts');
const { isRetried, statesOf } = await import('../fakes/machines.ts');
const { closeDead, layOut, onboard, promote, readAgain, repeatCallbacks, wait, WAY, walkOf } = await import(
  '../fakes/walk.ts'
);

const STATES = statesOf('promotion');
/** Passed before or later with other words, and the same code. */
const PASSED_AGAIN: readonly string[] = [
  ...['opening the gate into shadow', 'asking for shadow', 'deciding on shadow', 'reading the gate into shadow'],
  ...['opening the gate into canary', 'asking for canary', 'deciding on canary', 'reading the gate into canary'],
  ...['preparing the way back from the shadow', 'preparing the way back from the canary'],
  ...['preparing the way back from production', 'exposing the first canary step', 'judging the shadow'],
];
/** As often as the machine runs a step at most. */
const RUNS = 5;

const walk = walkOf('2.0.0');
let again = 0;
let dead = 0;
let calls = 0;

beforeAll(async () => {
  await onboard();
  await promote('1.0.0');
  await layOut(walk);
});
afterAll(async () => {
  await account.stop();
  console.log(
    `Promotion: ${calls} calls failed in turn: ${again} cases of a step run again, ${dead} of a dead execution.`,
  );
});

/** Runs a step until it is done, as its machine would, or the person whose page failed. */
async function recover(step: Step, failed: Error): Promise<unknown> {
  const { state } = step;
  if (state === 'AwaitDecision') return askAgain();
  let error = failed;
  for (let run = 1; run < RUNS; run++) {
    const machine = state === null ? undefined : STATES[state];
    if (machine !== undefined && !isRetried(machine, error)) return error;
    const { outcome } = await account.play(() => step.run(walk));
    if (!(outcome instanceof Error)) return outcome;
    error = outcome;
  }
  return error;
}

/** A wait that could not begin is an open gate that nobody may have been asked about: the flow asks again. */
async function askAgain(): Promise<unknown> {
  await readAgain(walk);
  return wait(walk);
}

async function runAgain(step: Step, cut: Cut) {
  const { outcome } = await account.play(() => step.run(walk), cut);
  const answer = outcome instanceof Error ? await recover(step, outcome) : outcome;
  if (step.state === null) await repeatCallbacks();
  const seen = await view();
  const failed = answer instanceof Error ? `${answer.name}: ${answer.message}` : null;
  return { cut, failed, wrong: contradictions(seen), outcome: outcomeOf(seen) };
}

/** The step takes effect up to a call, and nothing runs any more: the schedule for dead promotions finds it. */
async function abandon(step: Step, at: number) {
  await account.play(() => step.run(walk), { at, how: 'killed' });
  account.executions.status.set(walk.executionArn, 'FAILED');
  await closeDead({});
  await goBackAsStarted();
  await closeDead({});
  const seen = await view();
  const { promotionId } = walk;
  const open = seen.runs.some((run) => run.promotionId === promotionId && run.end === undefined);
  return { at, open, inFlight: seen.inFlight, beside: candidatesOf(seen), wrong: contradictions(seen) };
}

function candidatesOf({ pointer, versions }: View): readonly unknown[] {
  const candidates = versions.filter(({ status }) => status === 'candidate').map(({ version }) => version);
  return pointer.beside.filter((one) => candidates.includes(String(one)));
}

/** Plays a step from where it stands, again and again, and leaves it done. */
async function eachFrom<T, R>(wanted: readonly T[], play: (one: T) => Promise<R>): Promise<readonly R[]> {
  const { gate, tokens } = walk;
  const restore = await account.save();
  const found: R[] = [];
  for (const one of wanted) {
    found.push(await play(one));
    await restore();
    Object.assign(walk, { gate, tokens });
  }
  return found;
}

describe('Whichever call fails, and however', () => {
  it.each(WAY.map((step) => [step.what, step] as const))(
    'while %s, nothing is lost and nothing happens twice',
    async (_, step) => {
      if (!ALL_FAULTS && PASSED_AGAIN.includes(step.what)) {
        await step.run(walk);
        return;
      }
      const [whole] = await eachFrom([0], async () => {
        const { outcome, sent } = await account.play(() => step.run(walk));
        return { failed: outcome instanceof Error, sent, outcome: outcomeOf(await view()) };
      });
      const sent = whole?.sent ?? [];
      const wanted = cutsOf(sent);
      const found = await eachFrom(wanted, (cut) => runAgain(step, cut));
      const writing = writesOf(sent);
      const left = await eachFrom(writing, (at) => abandon(step, at));
      await step.run(walk);
      again += found.length;
      dead += left.length;
      calls += new Set(wanted.map(({ at }) => at)).size;
      expect(whole?.failed).toBe(false);
      const expected = { failed: null, wrong: [], outcome: whole?.outcome };
      const differing = found.filter(({ cut, ...one }) => JSON.stringify(one) !== JSON.stringify(expected));
      expect(differing.map((one) => ({ call: sent[one.cut.at - 1], ...one }))).toEqual([]);
      expect(left).toEqual(writing.map((at) => ({ at, open: false, inFlight: [], beside: [], wrong: [] })));
    },
  );
});
