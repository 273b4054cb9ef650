import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sesSender } from '../../functions/platform/email-store.ts';
import { AlertStore } from '../../functions/rollback/alert/alert-store.ts';
import { type Alert, sendAlert } from '../../functions/rollback/alert/send-alert.ts';
import { ANA, BEN, OWNER } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'alarmed';
let scene: Scene;
let folder: string;

beforeAll(async () => {
  scene = await Scene.start();
  folder = await mkdtemp(join(tmpdir(), 'alert-'));
  await scene.onboard(MODEL);
});
afterAll(async () => {
  await scene.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Sends an alert with the rights of a function that asks people, as every function does that alerts. */
async function alert(over: Partial<Alert>) {
  const caller = scene.clientSettings('request-approval');
  const { environment } = scene.stack.platform.functions.find('ModelRelease-request-approval');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(caller), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return sendAlert(
    {
      registry: scene.registry,
      alerts: new AlertStore(client, environment['APPROVALS_TABLE'] ?? ''),
      sendEmail: sesSender(new SESv2Client(caller), environment['SENDER_EMAIL'] ?? ''),
      publish: async () => {},
      onUndelivered: () => {},
      random: randomBytes,
      baseUrl: scene.output('ApprovalBaseUrl'),
      now: () => new Date().toISOString(),
    },
    {
      ...{ id: 'alert-1', model: MODEL, version: '', cause: 'metric-degradation', trigger: 'system:test' },
      ...{ headline: 'It is worse than before.', detail: '', rolledBack: false, ...over },
    },
  );
}

async function linkOf(reference: string, email: string): Promise<string> {
  return until(async () => {
    const letters = await scene.mail.letters(reference, email);
    return letters.flatMap((text) => /https?:\/\/\S+\/rollbacks\/\S+/.exec(text) ?? [])[0];
  });
}

async function post(link: string, over: Readonly<Record<string, string>> = {}) {
  const body = new URLSearchParams({
    model: MODEL,
    cause: 'safety',
    target: '',
    detail: 'Shelves are empty.',
    ...over,
  });
  const response = await fetch(link, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}

/** Runs `npm run rollback` as somebody would, with the outputs of this stack. */
async function command(...args: readonly string[]) {
  const outputs = join(folder, 'outputs.json');
  await writeFile(outputs, JSON.stringify({ ModelRelease: scene.stack.platform.outputs }));
  const argv = ['functions/rollback/rollback.cli.ts', '--outputs', outputs, '--model', MODEL, ...args];
  const { AWS_ENDPOINT_URL: _, ...env } = process.env;
  return new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((resolve) => {
    execFile(process.execPath, argv, { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

describe('An alert', () => {
  it('is rolled back from by one person through the link in the email, once', async () => {
    const { promotionId } = await scene.at('shadow', MODEL, '1.0.0');
    expect(await alert({ id: 'alert-1', version: '1.0.0' })).toEqual({ recipients: 3 });
    expect(await alert({ id: 'alert-1', version: '1.0.0' })).toEqual({ recipients: 3 });
    for (const { email } of [OWNER, ANA, BEN]) expect(await scene.mail.letters('alert-1', email)).toHaveLength(1);

    const link = await linkOf('alert-1', ANA.email);
    for (const method of ['GET', 'HEAD'] as const) expect((await fetch(link, { method })).status).toBe(200);
    expect((await fetch(link.replace(/.$/, '!'))).status).toBe(404);
    expect((await scene.pointer(MODEL))?.shadowVersion).toBe('1.0.0');

    const wrong = await post(link, { model: 'alarm' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('Shelves are empty.');
    expect((await scene.pointer(MODEL))?.shadowVersion).toBe('1.0.0');

    const [first, twin] = await Promise.all([post(link), post(link)]);
    // The slower one may come when the version is gone already.
    expect([first.status, twin.status]).toContain(200);
    for (const { status } of [first, twin]) expect([200, 409]).toContain(status);
    expect(await scene.closed(promotionId)).toMatchObject({ end: 'rolled-back' });
    const entries = await until(async () => {
      const rolledBack = (await scene.ledger(MODEL)).filter(({ type }) => type === 'rolled-back');
      return rolledBack.length > 0 ? rolledBack : undefined;
    });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ actor: { kind: 'person', email: ANA.email } });

    const again = await post(link);
    expect(again.status).toBe(409);
    expect(again.text).toContain('Version 1.0.0 does not serve any more');
    // The people are told, and what was handed on is recalled, before the execution ends.
    await until(async () => ((await (await fetch(link)).text()).includes('finished') ? true : undefined));
    expect(await post(await linkOf('alert-1', BEN.email))).toMatchObject({ status: 409 });
  });
});

describe('npm run rollback', () => {
  it('says what is wrong, lists what there is, refuses what is none, and goes back', async () => {
    const who = ['--name', BEN.name, '--email', BEN.email];
    expect(await command('--cause', 'safety')).toMatchObject({ code: 2 });
    expect(await command('--targets')).toMatchObject({
      code: 0,
      out: expect.stringContaining('There is no version to go back to.'),
    });
    const refused = await command('--cause', 'safety', ...who, '--version', '9.9');
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('UNKNOWN_VERSION') });
    const { promotionId } = await scene.at('shadow', MODEL, '1.1.0');
    const done = await command('--cause', 'safety', ...who, '--version', '1.1.0', '--wait');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('from version 1.1.0 to the safe forecast in') });
    expect(done.out).toContain(`Closed with it: ${promotionId}.`);
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
