import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endExposure } from '../../functions/pointer/end-exposure.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { recordRollback } from '../../functions/rollback/record-rollback.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import { type Cut, runCut } from '../fakes/cut.ts';
import { ReleaseStage } from '../fakes/release-stage.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

let tables: Tables;
let models = 0;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

/** Prepares a stage and answers the step to be disturbed. */
type Scene = (
  stage: ReleaseStage,
) => Promise<(cut?: Cut) => Promise<{ readonly outcome: unknown; readonly calls: number }>>;

const SCENES: Readonly<Record<string, Scene>> = {
  'moving the pointer to a first document': async (stage) => {
    const id = await stage.onboarding();
    return disturbed(
      () => stage.movePorts(),
      (ports) => movePointer(ports, id),
    );
  },
  'moving the pointer to a candidate': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.candidate('2.0');
    await prepareReturn(stage.returnPorts(), id, stage.now());
    return disturbed(
      () => stage.movePorts(),
      (ports) => movePointer(ports, id),
    );
  },
  'moving the pointer to an adopted version': async (stage) => {
    const id = await stage.adoption('0.9');
    return disturbed(
      () => stage.movePorts(),
      (ports) => movePointer(ports, id),
    );
  },
  'putting a candidate beside production': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.candidate('2.0', 1, { stage: 'shadow' });
    await stage.prepare(id);
    return disturbed(
      () => stage.movePorts(),
      (ports) => movePointer(ports, id),
    );
  },
  'going on to the next canary step': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.canaried('2.0');
    await stage.advance(id, 1);
    return disturbed(
      () => stage.movePorts(),
      (ports) => movePointer(ports, id),
    );
  },
  'ending an exposure': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.canaried('2.0');
    return disturbed(
      () => stage.endPorts(),
      (ports) => endExposure(ports, id),
    );
  },
  'preparing the way back beside a shadow': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.shadowed('2.0');
    await stage.enter(id, 'canary');
    return disturbed(
      () => stage.returnPorts(),
      (ports) => prepareReturn(ports, id, stage.now()),
    );
  },
  'preparing the way back': async (stage) => {
    await stage.onboard();
    const id = await stage.candidate('1.0');
    return disturbed(
      () => stage.returnPorts(),
      (ports) => prepareReturn(ports, id, stage.now()),
    );
  },
  'going back': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    await stage.promote('2.0');
    const event = stage.rollbackEvent();
    return disturbed(
      () => stage.rollBackPorts(),
      (ports) => rollBack(ports, event),
    );
  },
  'going back while a deployment runs': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    await stage.promote('2.0');
    const id = await stage.candidate('3.0');
    await prepareReturn(stage.returnPorts(), id, stage.now());
    stage.appConfig.slow = true;
    await movePointer(stage.movePorts(), id).catch(() => undefined);
    stage.appConfig.slow = false;
    const event = stage.rollbackEvent();
    return disturbed(
      () => stage.rollBackPorts(),
      (ports) => rollBack(ports, event),
    );
  },
  'recording a rollback': async (stage) => {
    await stage.onboard();
    await stage.promote('1.0');
    await stage.promote('2.0');
    await stage.registered('3.0');
    const answer = await stage.rollBack();
    if (answer.outcome !== 'deployed') throw new Error(answer.outcome);
    const event = { rollback: answer, confirmation: { confirmed: true, confirmedAt: stage.now() } };
    const now = stage.now();
    return disturbed(
      () => stage.recordPorts(),
      (ports) => recordRollback(ports, event, now),
    );
  },
};

/** A step that is disturbed is run again by the state machine, with the same event, unless it answered all the same. */
async function play(scene: Scene, cut?: Cut) {
  models += 1;
  const stage = new ReleaseStage(tables, `m${models}`);
  const run = await scene(stage);
  const first = await run(cut);
  const died = first.outcome instanceof Error;
  const answer = died ? (await run()).outcome : first.outcome;
  return { stage, answer, died, calls: first.calls };
}

function disturbed<P extends object>(ports: () => P, step: (ports: P) => Promise<unknown>) {
  return (cut?: Cut) => runCut(ports(), step, cut);
}

function cuts(calls: number, ...ways: readonly Cut['how'][]): readonly Cut[] {
  return ways.flatMap((how) => Array.from({ length: calls }, (_, index) => ({ at: index + 1, how })));
}

const DIFFERING = ['documentSha256', 'manifestSha256', 'startedAt', 'approvedAt', 'deployedAt', 'at', 'seconds'];

/** Answers and states of two models differ by the model's name, its digests and instants alone. */
function alike(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, member) => (DIFFERING.includes(key) ? '-' : member))
      .replaceAll(/\bm\d+\b/g, 'm')
      .replaceAll(/m\d+_/g, 'm_'),
  );
}

/**
 * What must hold however a call failed: a rollback may then take its other way, and serves the same. It may leave the
 * comparator of an earlier promotion beside it, but no candidate.
 */
async function served(stage: ReleaseStage) {
  const { serves, exposes, statuses, deployments } = await stage.state();
  const hosted = deployments.map(({ hostedVersion }) => hostedVersion);
  const candidates = exposes?.filter((version) => statuses[version] === 'candidate');
  return {
    serves,
    candidates,
    statuses,
    deployedTwice: hosted.filter((version, index) => hosted.indexOf(version) !== index),
  };
}

/** Steps on the way of a promotion and of a rollback are disturbed by promotion-calls and rollback-calls; these are not. */
const DISTURBED = [
  ...['moving the pointer to a first document', 'moving the pointer to an adopted version'],
  ...['preparing the way back beside a shadow', 'going back while a deployment runs'],
];

describe.each(Object.entries(SCENES).filter(([what]) => DISTURBED.includes(what)))(
  'Disturbed while %s',
  (_what, scene) => {
    it('ends, run again, as if it had never been killed, wherever it died', async () => {
      const whole = await play(scene);
      const expected = { died: true, state: alike(await whole.stage.state()), answer: alike(whole.answer) };
      const wanted = cuts(whole.calls, 'killed');
      const played = await Promise.all(
        wanted.map(async (cut) => {
          const { stage, answer, died } = await play(scene, cut);
          return { cut, died, state: alike(await stage.state()), answer: alike(answer) };
        }),
      );
      expect(whole.died).toBe(false);
      expect(played).toEqual(wanted.map((cut) => ({ cut, ...expected })));
    });

    it('serves the same whichever call failed, with or without effect, and deploys nothing twice', async () => {
      const whole = await play(scene);
      const expected = alike(await served(whole.stage));
      const wanted = cuts(whole.calls, 'unsent', 'unanswered');
      const played = await Promise.all(
        wanted.map(async (cut) => {
          const { stage, answer } = await play(scene, cut);
          return { cut, failed: answer instanceof Error, state: alike(await served(stage)) };
        }),
      );
      expect(played).toEqual(wanted.map((cut) => ({ cut, failed: false, state: expected })));
    });
  },
);

describe.each(Object.entries(SCENES))('Not disturbed while %s', (_what, scene) => {
  it('answers the same when nothing disturbed it and it runs twice', async () => {
    models += 1;
    const stage = new ReleaseStage(tables, `m${models}`);
    const run = await scene(stage);
    const first = await run();
    const state = await stage.state();
    expect((await run()).outcome).toEqual(first.outcome);
    expect(first.outcome).not.toBeInstanceOf(Error);
    expect(await stage.state()).toEqual(state);
  });
});
