import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Cut } from '../fakes/account.ts';
import { cutsOf } from '../fakes/cuts.ts';
import type { GoingBack, RollbackStep } from '../fakes/goings-back.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
// Hundreds of cases on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { account } = await import('../fakes/account-clients.ts');
const { contradictions, outcomeOf, view } = await import('../fakes/account-view.ts');
const { goBack, goingBack, WAY_BACK } = await import('../fakes/goings-back.ts');
const { isRetried, statesOf } = await import('../fakes/machines.ts');
const { layOut, onboard, promote, walkOf, walkTo } = await import('../fakes/walk.ts');

const STATES = statesOf('rollback');
/** As often as the machine runs a step at most. */
const RUNS = 5;
let cases = 0;
let calls = 0;

beforeAll(async () => {
  await onboard();
  await promote('1.0.0');
  await promote('2.0.0');
});
afterAll(async () => {
  await account.stop();
  console.log(`Rollback: ${calls} calls failed in turn, in ${cases} cases.`);
});

/** Runs a step until it is done, as its machine would; null for one that the machine goes on without. */
async function recover(step: RollbackStep, going: GoingBack, failed: Error): Promise<Error | null> {
  let error = failed;
  for (let run = 1; run < RUNS; run++) {
    const machine = STATES[step.state];
    if (machine === undefined || !isRetried(machine, error)) return error;
    const { outcome } = await account.play(() => step.run(going));
    if (!(outcome instanceof Error)) return null;
    error = outcome;
  }
  return error;
}

/** A way back from a step on, up to its record: what comes after changes nothing that was decided. */
const fromStep = (at: RollbackStep) => WAY_BACK.slice(WAY_BACK.indexOf(at), Math.max(WAY_BACK.indexOf(at) + 1, 3));

async function disturbed(from: GoingBack, at: RollbackStep, cut: Cut) {
  const going = { ...from };
  let failed: Error | null = null;
  for (const step of fromStep(at)) {
    const { outcome } = await account.play(() => step.run(going), step === at ? cut : undefined);
    if (outcome instanceof Error) failed ??= await recover(step, going, outcome);
  }
  const seen = await view();
  const said = failed === null ? null : `${failed.name}: ${failed.message}`;
  return { failed: said, wrong: contradictions(seen), outcome: outcomeOf(seen) };
}

/** Disturbs every call of a step of a way back that begins where everything stands now, and leaves it there. */
async function eachCall(going: GoingBack, at: RollbackStep) {
  const back = await account.save();
  for (const step of WAY_BACK.slice(0, WAY_BACK.indexOf(at))) await step.run(going);
  const whole = { ...going };
  const restore = await account.save();
  const { sent } = await account.play(() => at.run(whole));
  for (const step of fromStep(at).slice(1)) await step.run(whole);
  const expected = { failed: null, wrong: [], outcome: outcomeOf(await view()) };
  await restore();
  const differing = [];
  const wanted = cutsOf(sent);
  for (const cut of wanted) {
    const found = await disturbed(going, at, cut);
    await restore();
    if (JSON.stringify(found) !== JSON.stringify(expected)) differing.push({ cut, call: sent[cut.at - 1], ...found });
  }
  await back();
  cases += wanted.length;
  calls += new Set(wanted.map(({ at: number }) => number)).size;
  return { expected, differing };
}

const named = WAY_BACK.map((step) => [step.what, step] as const);

describe('Whichever call of a rollback from a promoted version fails, and however', () => {
  it.each(named)('while %s, the version before serves, and the rollback is recorded once', async (_, step) => {
    const { expected, differing } = await eachCall(goingBack('back-1'), step);
    expect(expected.outcome.pointer).toMatchObject({ serves: '1.0.0', beside: ['', '', 0] });
    expect(expected.outcome.entries.filter((type) => type === 'rolled-back')).toHaveLength(1);
    expect(differing).toEqual([]);
  });
});

describe('Whichever call of a rollback amid a canary fails, and however', () => {
  beforeAll(async () => {
    await walkTo(await layOut(walkOf('3.0.0')), ({ what }) => what === 'raising the canary step');
  });

  it.each(named)('while %s, the candidate is out, its promotion closed, and production as it was', async (_, step) => {
    const { expected, differing } = await eachCall(goingBack('back-2'), step);
    expect(expected.outcome.pointer).toMatchObject({ serves: '2.0.0', beside: ['', '', 0] });
    expect(expected.outcome.inFlight).toEqual([]);
    expect(expected.outcome.runs.find(({ promotionId }) => promotionId === 'demand_3-0-0_1')).toMatchObject({
      end: 'rolled-back',
    });
    expect(differing).toEqual([]);
  });
});

describe('A rollback while the tables are down', () => {
  it('moves the pointer all the same; asked again once they answer, it is recorded, once, under its own name', async () => {
    const restore = await account.save();
    const going = goingBack('back-3');
    const first = await account.play(() => WAY_BACK[0]?.run(going) ?? Promise.reject(), { down: ['dynamodb'] });
    expect(first.outcome).toMatchObject({ outcome: 'deployed', from: '3.0.0', to: '2.0.0' });
    const lost = await account.play(
      () => WAY_BACK[2]?.run({ ...going, confirmation: { confirmed: false } }) ?? Promise.reject(),
      {
        down: ['dynamodb'],
      },
    );
    expect(lost.outcome).toBeInstanceOf(Error);
    const again = await goBack(goingBack('back-4', { withdrawVersion: '3.0.0' }));
    expect(again.answer).toMatchObject({ outcome: 'deployed', executionName: 'back-3', from: '3.0.0' });
    const seen = await view();
    expect(contradictions(seen)).toEqual([]);
    expect(seen.entries.filter(({ type }) => type === 'rolled-back')).toMatchObject([
      { data: { executionName: 'back-3' } },
    ]);
    expect(seen.inFlight).toEqual([]);
    await restore();
  });
});
