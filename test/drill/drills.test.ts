import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteHostedConfigurationVersionCommand } from '@aws-sdk/client-appconfig';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DrillStore } from '../../functions/drill/drill-store.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import { ANA, CHANGE_RECORD, REPLENISHMENT } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 480_000 });

const MODEL = 'demand';
const ROOT = join(import.meta.dirname, '..', '..');

let scene: Scene;
let drills: DrillStore;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drills-'));
  scene = await Scene.start();
  drills = new DrillStore(scene.stack.clients.dynamo, scene.output('RegistryTableName'));
  await scene.onboard(MODEL, { policy: { notice: { leadTime: 'PT0S', acknowledge: 'all' } } });
});
afterAll(async () => {
  await scene.stop();
  await rm(folder, { recursive: true, force: true });
});

const drilled = (count: number) =>
  until(async () => {
    const found = await drills.newest(MODEL, count);
    return found.length < count ? undefined : found;
  });

async function object(key: string): Promise<string> {
  const { Body } = await scene.stack.clients.s3.send(
    new GetObjectCommand({ Bucket: scene.output('EvidenceBucketName'), Key: key }),
  );
  return (await Body?.transformToString()) ?? '';
}

/** What `npm run drill` prints, and its exit code. */
async function drillFromTheCommandLine(...options: readonly string[]) {
  const outputs = join(folder, 'outputs.json');
  const { DrillStateMachineArn, ApprovalBaseUrl } = {
    DrillStateMachineArn: scene.output('DrillStateMachineArn'),
    ApprovalBaseUrl: scene.output('ApprovalBaseUrl'),
  };
  await writeFile(outputs, JSON.stringify({ ModelRelease: { DrillStateMachineArn, ApprovalBaseUrl } }));
  const all = ['functions/drill/drill.cli.ts', '--outputs', outputs, ...options];
  const run = spawn(join(ROOT, 'node_modules', '.bin', 'node'), all, { cwd: ROOT });
  let text = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  const code = await new Promise<number | null>((resolve) => run.on('close', resolve));
  return { code, text };
}

describe('Drills on the whole stack', () => {
  it('begin with the onboarding, which does not wait for them', async () => {
    const [first] = await drilled(1);
    expect(first).toMatchObject({ passed: true, from: '', to: '', production: '', reasons: [] });
    expect(await scene.types(MODEL)).toContain('drill-completed');
    expect(await scene.serves(MODEL)).toBe('seasonal-naive');
  });

  it('run from the command line, and leave their evidence, and the trend as a page', async () => {
    const { code, text } = await drillFromTheCommandLine('--model', MODEL, '--name', ANA.name, '--email', ANA.email);
    expect(text).toContain('PASSED');
    expect(text).toMatch(/detect +\d+\.\d\d s\n +decide +\d+\.\d\d s/);
    expect(text).toContain('The last 2: 2 passed');
    expect(code).toBe(0);
    const [newest] = await drilled(2);
    const entry = (await scene.ledger(MODEL)).findLast(({ type }) => type === 'drill-completed');
    expect(entry).toMatchObject({ data: { passed: true, total: newest?.total } });
    const name = newest?.executionName ?? '';
    expect(JSON.parse(await object(evidencePaths.drill(MODEL, name)))).toMatchObject({ schema: 1, passed: true });
    expect(await object(evidencePaths.drillTrend(MODEL, name, 'html'))).toContain('Rollback drills of demand');
    expect(await scene.types(MODEL)).not.toContain('rolled-back');
  });

  it('refuse what is no drill', async () => {
    expect(await drillFromTheCommandLine('--model', 'nobody')).toMatchObject({ code: 2 });
    expect(await drillFromTheCommandLine()).toMatchObject({
      code: 2,
      text: expect.stringContaining('--model is missing.'),
    });
  });
});

/** Reads the letter that the team has, looks at its page, and posts its form. */
async function acknowledge(promotionId: string): Promise<void> {
  const letter = (await scene.mail.letters(promotionId, REPLENISHMENT.email)).find((text) =>
    text.includes('/notices/'),
  );
  const link = /https?:\/\/\S+\/notices\/\S+/.exec(letter ?? '')?.[0] ?? '';
  const page = await fetch(link);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Acknowledge for Replenishment')]);
  expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
  const post = (name: string) =>
    fetch(link, { method: 'POST', body: new URLSearchParams({ name, model: MODEL, note: '' }) });
  expect((await post('')).status).toBe(400);
  expect((await post('Rita Reorder')).status).toBe(200);
  expect((await post('Rita Reorder')).status).toBe(409);
}

describe('An approved canary', () => {
  it('is held while there is nothing to go back to, then until the team has acknowledged, and goes on by itself', async () => {
    const { promotionId } = await scene.at('canary gate', MODEL, '1.0');
    const back = await scene.registry.returnDocument(MODEL, '');
    const { profileId } = (await scene.registry.model(MODEL)) ?? { profileId: '' };
    await scene.appConfig().send(
      new DeleteHostedConfigurationVersionCommand({
        ApplicationId: scene.output('AppConfigApplicationId'),
        ConfigurationProfileId: profileId,
        VersionNumber: back?.hostedVersion,
      }),
    );
    await scene.approve(promotionId, ANA.email, '1.0', 'canary');
    const holds = await until(async () => (await scene.promotion(promotionId)).holds);
    // Without a document to go back to, neither the rollback nor the kill switch is armed.
    expect(holds).toMatchObject([{ reasons: expect.arrayContaining(['NOT_READY safe forecast']) }]);
    expect(await scene.pointer(MODEL)).toMatchObject({ shadowVersion: '1.0', canaryVersion: '' });
    await scene.lambda().send(
      new InvokeCommand({
        FunctionName: 'ModelRelease-prepare-return',
        Payload: Buffer.from(JSON.stringify({ promotionId })),
      }),
    );
    const waiting = 'NOTICE_NOT_ACKNOWLEDGED Replenishment';
    await until(async () => {
      const held = (await scene.promotion(promotionId)).holds?.at(-1);
      return held?.reasons.length === 1 && held.reasons[0] === waiting ? true : undefined;
    });
    await acknowledge(promotionId);
    await until(async () => ((await scene.pointer(MODEL))?.canaryVersion === '1.0' ? true : undefined));
    // The bus tells of it, and the team is written to.
    await until(async () => {
      const letters = await scene.mail.letters(promotionId, REPLENISHMENT.email);
      return letters.find((text) => text.includes('Event: stage-entered'));
    });
    const entries = await scene.ledger(MODEL);
    const of = (wanted: string) => entries.filter(({ type }) => type === wanted).map(({ data }) => data);
    expect(of('readiness-checked')).toMatchObject([{ ready: false }, { ready: true }]);
    const held = of('canary-held').map((data) => data['held']);
    expect([held.at(0), held.at(-1)]).toEqual([true, false]);
    expect(of('notice-acknowledged')).toMatchObject([{ team: 'Replenishment', name: 'Rita Reorder' }]);
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});

describe('A critical change of settings', () => {
  it('is held after its approval until the team has acknowledged, and then takes effect by itself', async () => {
    const before = await scene.registry.model(MODEL);
    const change = { ...CHANGE_RECORD, type: 'thresholds', critical: true };
    // The notice is given as the policy in force says, whatever the change makes of it.
    const policy = { ...before?.policy, notice: { leadTime: 'PT0S', acknowledge: 'none' } };
    const { promotionId, arn } = await scene.change(MODEL, 1, { change, policy });
    await scene.approve(promotionId, ANA.email, MODEL);
    await until(async () => {
      const held = (await scene.registry.run(MODEL, promotionId))?.holds?.at(-1);
      return held?.reasons[0] === 'NOTICE_NOT_ACKNOWLEDGED Replenishment' ? true : undefined;
    });
    await acknowledge(promotionId);
    expect(await scene.ended(arn)).toMatchObject({ end: 'applied' });
    expect((await scene.registry.model(MODEL))?.policy.notice).toEqual(policy.notice);
  });
});
