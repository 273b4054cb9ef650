import { CreateDeploymentStrategyCommand, StartDeploymentCommand } from '@aws-sdk/client-appconfig';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANA, OWNER, PIPELINE, REPLENISHMENT } from '../fakes/inputs.ts';
import type { Place } from '../fakes/places.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'back';
const OTTO = { name: 'Otto Operator', email: 'otto@shop.example' };
const TWO_STEPS = {
  steps: [
    { percentage: 20, hold: 'P1D' },
    { percentage: 50, hold: 'P7D' },
  ],
  maxDuration: 'PT10M',
};

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL, { policy: { canaryPlan: TWO_STEPS } });
});
afterAll(() => scene.stop());

/** Rolls the model back and answers what its execution ended with. */
async function rollBack(name: string, over: Readonly<Record<string, unknown>> = {}) {
  const asked = { model: MODEL, cause: 'safety', requestedBy: OTTO, ...over };
  return scene.ended(await scene.rollBack(name, asked));
}

interface Rolled {
  readonly promotionId: string;
  readonly arn: string;
  /** What serves after it, with nothing beside. */
  readonly served: string;
}

/** The promotion is over with the rollback, and nothing of it is left. */
async function expectOver({ promotionId, arn, served }: Rolled): Promise<void> {
  expect(await scene.promotion(promotionId)).toMatchObject({ end: 'rolled-back', reasons: [{ code: 'ROLLED_BACK' }] });
  expect(await scene.over(arn)).toBe('ABORTED');
  expect(await scene.pointer(MODEL)).toMatchObject({
    productionVersion: served,
    ...{ shadowVersion: '', canaryVersion: '', canaryPercentage: 0 },
  });
  expect(await scene.registry.inFlight(MODEL, 'promotion')).toBeNull();
  for (const { email } of [PIPELINE, OWNER]) await scene.mail.notice(promotionId, email, 'rolled-back');
}

describe('Without a version in production', () => {
  it('a rollback that names nothing takes out the shadow, and the safe forecast serves on', async () => {
    const started = await scene.at('shadow', MODEL, '1.0.0');
    expect(await rollBack('back-1')).toMatchObject({ end: 'rolled-back', from: '1.0.0', to: '' });
    await expectOver({ ...started, served: '' });
    expect(await scene.serves(MODEL)).toBe('seasonal-naive');
    expect(await scene.promoted(MODEL, '1.1.0')).toBe('promoted');
  });
});

interface Case {
  readonly when: string;
  readonly place: Place;
  readonly version: string;
  readonly days?: number;
  readonly by: unknown;
  readonly names: boolean;
}

const CASES: readonly Case[] = [
  { when: 'waits to be let into shadow', place: 'shadow gate', version: '2.0.0', by: OTTO, names: true },
  { when: 'runs as shadow', place: 'shadow', version: '2.1.0', by: 'system:bias', names: true },
  { when: 'waits to be let into canary', place: 'canary gate', version: '2.2.0', by: OTTO, names: true },
  { when: 'serves the first canary step', place: 'canary', version: '2.3.0', by: OTTO, names: false },
  { when: 'serves the last step', place: 'canary', version: '2.4.0', days: 1, by: 'system:stockouts', names: true },
  { when: 'waits for production', place: 'production gate', version: '2.5.0', by: OTTO, names: true },
];

describe('While a candidate', () => {
  it.each(CASES)('$when, a rollback takes it out for good and leaves production alone', async (one) => {
    const { version, place, days = 0 } = one;
    const started = await scene.at(place, MODEL, version);
    if (days > 0) {
      await scene.feed(started.promotionId, days);
      await until(async () => ((await scene.pointer(MODEL))?.canaryPercentage === 50 ? true : undefined));
    }
    const asked = { requestedBy: one.by, ...(one.names ? { withdrawVersion: version } : {}) };
    expect(await rollBack(`back-from-${version.replaceAll('.', '-')}`, asked)).toMatchObject({
      ...{ end: 'rolled-back', from: version, to: '1.1.0' },
    });
    await expectOver({ ...started, served: '1.1.0' });
    expect(await scene.registry.version(MODEL, version)).toMatchObject({ status: 'withdrawn' });
    expect(await scene.registry.version(MODEL, '1.1.0')).toMatchObject({ status: 'production' });
    for (const link of await scene.mail.links(started.promotionId, ANA.email)) {
      expect(await scene.mail.answer(link, version)).toBe(409);
    }
    const twice = await rollBack(`back-twice-${version.replaceAll('.', '-')}`, { withdrawVersion: version });
    expect(twice).toMatchObject({ end: 'already-withdrawn' });
  });

  it('is about to be deployed, a rollback overtakes its deployment, which then finds itself refused', async () => {
    const started = await scene.at('canary gate', MODEL, '3.0.0');
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = false;
    scene.stack.platform.intercept(async ({ caller, operation }) => {
      if (caller !== 'move-pointer' || !/^POST .*\/deployments$/.test(operation)) return;
      arrived = true;
      await held;
    });
    await scene.approve(started.promotionId, ANA.email, '3.0.0', 'canary');
    await until(async () => (arrived ? true : undefined));
    const gone = await rollBack('back-overtakes', { withdrawVersion: '3.0.0' }).finally(() => {
      release();
      scene.stack.platform.intercept(undefined);
    });
    expect(gone).toMatchObject({ end: 'rolled-back', from: '3.0.0', to: '1.1.0' });
    await expectOver({ ...started, served: '1.1.0' });
  });

  it('runs as shadow and somebody deploys by hand, slowly, a rollback stops that deployment', async () => {
    const started = await scene.at('shadow', MODEL, '3.1.0');
    const number = await deploySlowly();
    expect(await rollBack('back-in-progress', { withdrawVersion: '3.1.0' })).toMatchObject({
      ...{ end: 'rolled-back', from: '3.1.0', to: '1.1.0' },
    });
    await expectOver({ ...started, served: '1.1.0' });
    const stopped = (await scene.ledger(MODEL)).findLast(({ type }) => type === 'rolled-back');
    expect(stopped?.data['deploymentNumber']).toBeGreaterThan(number);
  });

  it('runs beside a production version that is rolled back, the promotion ends with it', async () => {
    const started = await scene.at('shadow', MODEL, '4.0.0');
    expect(await rollBack('back-production')).toMatchObject({ end: 'rolled-back', from: '1.1.0', to: '' });
    await expectOver({ ...started, served: '' });
    expect(await scene.serves(MODEL)).toBe('seasonal-naive');
    expect(await scene.registry.version(MODEL, '4.0.0')).toMatchObject({ status: 'candidate' });
    // Nothing was found against the candidate: it may try again, against what serves now.
    const again = await scene.at('shadow gate', MODEL, '4.0.0', 2);
    expect(await scene.promotion(again.promotionId)).toMatchObject({ baseline: '' });
    await scene.stopExecution(again.arn);
    expect(await scene.closed(again.promotionId)).toMatchObject({ end: 'withdrawn' });
  });
});

describe('All these rollbacks', () => {
  const objectAt = async (key: string): Promise<string> => {
    const { s3 } = scene.stack.clients;
    const got = await s3.send(new GetObjectCommand({ Bucket: scene.output('EvidenceBucketName'), Key: key }));
    return (await got.Body?.transformToString()) ?? '';
  };

  it('are told on the topic of events, have a release note each, and stand in the change log of the model', async () => {
    const count = (entries: readonly { readonly type: string }[], type: string) =>
      entries.filter((one) => one.type === type).length;
    const entries = await until(async () => {
      const all = await scene.ledger(MODEL);
      // One for the promotion and one for the onboarding besides.
      return count(all, 'release-noted') === count(all, 'rolled-back') + 2 ? all : undefined;
    });
    const last = entries.findLast(({ type }) => type === 'rolled-back');
    const note = await objectAt(`release-notes/rollbacks/${MODEL}/${String(last?.seq).padStart(12, '0')}.md`);
    expect(note).toContain(`# ${MODEL}: rolled back to the safe forecast`);
    expect(note).toContain('Before it was let in, the error of version 1.1.0 had been measured to be');
    const log = await until(async () => {
      const text = await objectAt(`change-logs/${MODEL}/change-log.md`);
      return text.split('Release note: s3:').length > 2 * count(entries, 'rolled-back') ? text : undefined;
    });
    expect(log).toContain(': In production 1.1.0');
    const told = await scene.mail.letters('Event: rolled-back', 'model-release-alerts@example.com');
    expect(told.filter((text) => text.includes(`Model: ${MODEL}`))).toHaveLength(count(entries, 'rolled-back'));
    const teams = await scene.mail.letters('as a canary', REPLENISHMENT.email);
    expect(teams.some((text) => text.includes(`Version 2.3.0 of ${MODEL} serves 20 % of the units`))).toBe(true);
    expect(await scene.mail.letters('Event: gate-judged', 'model-release-alerts@example.com')).toEqual([]);
  });

  it('leave a ledger in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});

/** An administrator deploys the document to go back to again, with a strategy that bakes for minutes. */
async function deploySlowly(): Promise<number> {
  const item = await scene.registry.model(MODEL);
  const target = await scene.registry.returnDocument(MODEL, '1.1.0');
  const appConfig = scene.appConfig();
  const { Id } = await appConfig.send(
    new CreateDeploymentStrategyCommand({
      ...{ Name: 'slow', DeploymentDurationInMinutes: 0, GrowthFactor: 100 },
      ...{ FinalBakeTimeInMinutes: 30, ReplicateTo: 'NONE' },
    }),
  );
  const { DeploymentNumber = 0, State } = await appConfig.send(
    new StartDeploymentCommand({
      ApplicationId: scene.output('AppConfigApplicationId'),
      EnvironmentId: item?.environmentId,
      ConfigurationProfileId: item?.profileId,
      ConfigurationVersion: String(target?.hostedVersion),
      DeploymentStrategyId: Id,
    }),
  );
  expect(State).toBe('BAKING');
  return DeploymentNumber;
}
