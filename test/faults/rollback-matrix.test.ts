import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { View } from '../fakes/account-view.ts';
import { ALL_FAULTS, writesOf } from '../fakes/cuts.ts';
import type { Step } from '../fakes/walk.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
// Hundreds of cases on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { account } = await import('../fakes/account-clients.ts');
const { contradictions, view } = await import('../fakes/account-view.ts');
const { goBack, goingBack } = await import('../fakes/goings-back.ts');
const { functionOf, statesOf } = await import('../fakes/machines.ts');
const { candidateOf, layOut, onboard, promote, registerOnly, WAY, walkOf } = await import('../fakes/walk.ts');

const CANDIDATE = '3.0.0';
/** What has served, oldest first: the safe forecast, and what was promoted. */
const SERVED_BEFORE = ['', '1.0.0', '2.0.0'];

/**
 * States that wait, choose or only pass on, and those of a promotion that fails: what a rollback meets in them is what it
 * meets before the next step of this name.
 */
const MEETS: Readonly<Record<string, string>> = {
  Registered: 'judging the backtest',
  Refused: 'registering a candidate',
  OfflineSize: 'signing the manifest',
  SumShards: 'judging the backtest',
  SumShard: 'judging the backtest',
  MergeShards: 'judging the backtest',
  OfflineVerdict: 'signing the manifest',
  NotEligible: 'signing the manifest',
  Inconclusive: 'opening the gate into canary',
  UnknownVerdict: 'opening the gate into canary',
  PauseBeforeAsking: 'asking for shadow',
  GateStatus: 'asking for canary',
  GateClosed: 'reading the gate into production',
  EndExposure: 'opening the gate into canary',
  EnterStage: 'preparing the way back from the shadow',
  UnknownStage: 'preparing the way back from the canary',
  WaitForCycles: 'judging the shadow',
  ShadowVerdict: 'opening the gate into canary',
  Held: 'preparing the way back from the canary',
  WaitWhileHeld: 'asking whether the canary may begin',
  PromotionHeld: 'preparing the way back from production',
  WaitWhileFrozen: 'asking whether a freeze holds the promotion',
  NotExposed: 'preparing the way back from the canary',
  WaitForDays: 'raising the canary step',
  CanaryVerdict: 'taking the canary out',
  Promoted: 'closing the promotion',
  TakeOut: 'preparing the way back to the new version',
  TakenOut: 'preparing the way back to the new version',
  ConfirmTakeOut: 'preparing the way back to the new version',
  RecordTakeOut: 'preparing the way back to the new version',
  Failed: 'judging the canary',
  EndExposureOfFailed: 'judging the canary',
  CloseFailed: 'opening the gate into production',
  NoticeOfFailure: 'sending the notice',
  NotTakenOut: 'judging the canary',
  ExecutionFailed: 'sending the notice',
  Ended: 'sending the notice',
};

interface Asked {
  readonly by: 'person' | 'automation';
  readonly names: 'nothing' | 'the candidate' | 'what serves' | 'an older target';
}
const ASKED: readonly Asked[] = [
  { by: 'person', names: 'nothing' },
  { by: 'person', names: 'the candidate' },
  { by: 'automation', names: 'the candidate' },
  { by: 'person', names: 'what serves' },
  { by: 'automation', names: 'what serves' },
  { by: 'person', names: 'an older target' },
];

let cases = 0;
let names = 0;
const walk = walkOf(CANDIDATE);

beforeAll(async () => {
  await onboard();
  await promote('1.0.0');
  await promote('2.0.0');
  await layOut(walk);
});
afterAll(async () => {
  await account.stop();
  console.log(`Rollback from every state of a promotion: ${cases} cases.`);
});

function inputOf({ by, names: named }: Asked, before: View): Readonly<Record<string, unknown>> {
  const { production } = before.pointer;
  return {
    ...(by === 'automation' ? { requestedBy: 'system:matrix' } : {}),
    ...(named === 'the candidate' ? { withdrawVersion: CANDIDATE } : {}),
    ...(named === 'what serves' ? { withdrawVersion: production } : {}),
    ...(named === 'an older target' ? { targetVersion: '1.0.0' } : {}),
  };
}

/**
 * What must serve, and which version must be withdrawn, from what anybody can see: what served before in which order, what
 * the pointer shows, and whether the candidate is known. Null: the rollback has to refuse, and to change nothing.
 */
function right(
  { by, names: named }: Asked,
  { pointer, versions, runs }: View,
): { serves: string; withdrawn: string } | null {
  const { production, beside } = pointer;
  const [shadow, canary, share] = beside;
  const before = [...SERVED_BEFORE.filter((one) => one !== production)].at(-1) ?? '';
  const known = versions.some(({ version }) => version === CANDIDATE);
  switch (named) {
    case 'an older target':
      return { serves: '1.0.0', withdrawn: production };
    case 'what serves':
      return { serves: before, withdrawn: production };
    case 'nothing':
      return canary === CANDIDATE && Number(share) > 0
        ? { serves: production, withdrawn: CANDIDATE }
        : { serves: before, withdrawn: production };
    case 'the candidate': {
      if (production === CANDIDATE) return { serves: before, withdrawn: CANDIDATE };
      if (!known) return null;
      const exposed = shadow === CANDIDATE || canary === CANDIDATE;
      // Automation names what it saw at work; a person also what must not come to work.
      const waits = runs.some((run) => run.kind === 'promotion' && run.version === CANDIDATE);
      return exposed || (by === 'person' && waits) ? { serves: production, withdrawn: CANDIDATE } : null;
    }
  }
}

/** Goes back from where everything stands; answers what is wrong with how it ended. */
async function wrongWith(asked: Asked, times = 1): Promise<readonly string[]> {
  cases += 1;
  const before = await view();
  const wanted = right(asked, before);
  const going = () => goingBack(`back-${++names}`, inputOf(asked, before));
  const went = await Promise.all(
    Array.from({ length: times }, async () => goBack(going()).catch((error: Error) => error)),
  );
  const after = await view();
  const found = [
    ...contradictions(after),
    ...went.flatMap((one) => (one instanceof Error ? [`${one.name}: ${one.message}`] : [])),
  ];
  const said = after.entries.filter(({ type }) => type === 'rolled-back');
  const [entry] = said;
  if (wanted === null) {
    if (JSON.stringify(after.pointer) !== JSON.stringify(before.pointer))
      found.push('a refused rollback moved the pointer');
    if (said.length > 0) found.push('a refused rollback was recorded');
    return found;
  }
  const { serves, withdrawn } = wanted;
  const { pointer, versions, inFlight } = after;
  if (pointer.production !== serves) found.push(`${pointer.serves} serves, and not ${serves || 'the safe forecast'}`);
  if (pointer.beside.join() !== ',,0') found.push(`beside it: ${pointer.beside.join()}`);
  if (versions.find(({ version }) => version === withdrawn)?.status !== 'withdrawn')
    found.push(`${withdrawn} is not withdrawn`);
  if (said.length !== 1) found.push(`recorded ${said.length} times`);
  if (
    entry?.data['from'] !== withdrawn ||
    entry.data['to'] !== serves ||
    entry.data['cause'] !== 'metric-degradation'
  ) {
    found.push(`the entry says ${JSON.stringify(entry?.data)}`);
  }
  if (typeof entry?.data['seconds'] !== 'number') found.push('its seconds are not recorded');
  if (inFlight.length > 0) found.push(`${inFlight.join()} is still in flight`);
  const closed = before.inFlight.filter(
    (id) => !after.entries.some(({ type, data }) => type === 'promotion-ended' && data['promotionId'] === id),
  );
  if (closed.length > 0) found.push(`${closed.join()} was not closed`);
  return found;
}

/** A new promotion may begin, whatever there was before. */
async function wrongWithNext(): Promise<readonly string[]> {
  const next = walkOf('9.0.0');
  await layOut(next);
  const { outcome } = await registerOnly(next, await candidateOf(next));
  return outcome === 'registered' ? [] : [`a new promotion is ${outcome}`];
}

/** Tries from where everything stands, and leaves it there. */
async function eachFrom<T>(wanted: readonly T[], play: (one: T) => Promise<readonly string[]>) {
  const { gate, tokens } = walk;
  const restore = await account.save();
  const wrong: { readonly of: T; readonly found: readonly string[] }[] = [];
  for (const one of wanted) {
    const found = await play(one);
    if (found.length > 0) wrong.push({ of: one, found });
    await restore();
    Object.assign(walk, { gate, tokens });
  }
  return wrong;
}

const MOVES = [
  'putting the candidate beside production',
  'exposing the first canary step',
  'exposing the last canary step',
  'moving the pointer to the candidate',
];
/** Places at which everything is asked that can be; elsewhere, unless FAULTS=all, what differs by place. */
const WHOLE = [
  ...['registering a candidate', 'signing the manifest', 'deciding on shadow', 'judging the shadow'],
  ...['raising the canary step', 'deciding on production', 'moving the pointer to the candidate', 'sending the notice'],
];
const askedAt = (what: string) => (ALL_FAULTS || WHOLE.includes(what) ? ASKED : ASKED.slice(1, 3));
/** Places at which two ask at once, and at which somebody asks again a moment later. */
const OFTEN = ['judging the shadow', 'raising the canary step', 'sending the notice'];

describe('A rollback', () => {
  it('is tried from every state that the machine of a promotion has', () => {
    const states = Object.entries(statesOf('promotion'));
    const passed = WAY.map(({ state }) => state);
    const missing = states
      .filter(([name]) => !passed.includes(name) && MEETS[name] === undefined)
      .map(([name]) => name);
    expect(missing).toEqual([]);
    expect(Object.keys(MEETS).filter((name) => !states.some(([one]) => one === name))).toEqual([]);
    expect(Object.values(MEETS).filter((what) => !WAY.some((step) => step.what === what))).toEqual([]);
    expect(states.filter(([, state]) => functionOf(state) !== null).length).toBeGreaterThan(15);
  });

  it.each(WAY.map((step) => [step.what, step] as const))(
    'right before %s goes to the right version',
    async (_, step: Step) => {
      const { what } = step;
      try {
        expect(await eachFrom(askedAt(what), (asked) => wrongWith(asked))).toEqual([]);
        if (OFTEN.includes(what)) {
          const twice = async (asked: Asked) => wrongWith(asked, 2);
          expect(await eachFrom(ASKED.slice(0, 2), twice)).toEqual([]);
          expect(await eachFrom(ASKED.slice(0, 2), againAndOn)).toEqual([]);
        }
        if (MOVES.includes(what)) expect(await eachFrom(await phasesOf(step), amid(step))).toEqual([]);
      } finally {
        await step.run(walk);
      }
    },
  );
});

/** The same request a moment later goes no second step back; afterwards a new promotion may begin. */
async function againAndOn(asked: Asked): Promise<readonly string[]> {
  const first = await wrongWith(asked);
  const { pointer } = await view();
  const { answer } = await goBack(goingBack(`again-${++names}`));
  const after = await view();
  const moved = after.pointer.production !== pointer.production;
  return [
    ...first,
    ...(moved ? [`asked again, it answered ${JSON.stringify(answer)}`] : []),
    ...contradictions(after),
    ...(await wrongWithNext()),
  ];
}

interface Phase extends Asked {
  readonly call: number;
}

/** A move in pieces: after each call that changed something, its process is gone, and somebody goes back. */
async function phasesOf(step: Step): Promise<readonly Phase[]> {
  const restore = await account.save();
  const { sent } = await account.play(() => step.run(walk));
  await restore();
  return writesOf(sent).flatMap((call) => ASKED.slice(0, ALL_FAULTS ? 3 : 1).map((asked) => ({ ...asked, call })));
}

function amid(step: Step): (phase: Phase) => Promise<readonly string[]> {
  return async (phase) => {
    await account.play(() => step.run(walk), { at: phase.call, how: 'killed' });
    const found = await wrongWith(phase);
    const { pointer, inFlight } = await view();
    if (inFlight.length > 0) return found;
    // What is left of the promotion comes to itself once more.
    await account.play(() => step.run(walk));
    const after = await view();
    const moved = JSON.stringify(after.pointer) !== JSON.stringify(pointer);
    return [...found, ...(moved ? ['the step that it overtook moved the pointer'] : []), ...contradictions(after)];
  };
}
