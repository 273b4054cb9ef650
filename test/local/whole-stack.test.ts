import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const outputsSchema = z.object({ ModelRelease: z.record(z.string(), z.string()) });
const json = z.looseObject({});

const HORIZON_DAYS = 7;
const answerSchema = z.object({
  revision: z.number(),
  forecasts: z.array(z.object({ sku: z.string(), targetDate: z.string(), arm: z.string() })),
});

/** A forecast request for so many SKUs of one store, each with more than a year of history. */
function batchOf(skus: number, requestId: string): object {
  const history = Array.from({ length: 400 }, (_, day) => day % 7);
  const requests = Array.from({ length: skus }, (_, index) => ({ sku: `sku-${index}`, store: 's1', history }));
  return { model: 'ghost', asOf: '2026-03-01', horizonDays: HORIZON_DAYS, requestId, requests };
}

let directory = '';
let platform: ChildProcess;
let output = '';
let endpoint = '';
let inbox = '';
let outputs: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'whole-stack-'));
  const start = join(root, 'infra', 'local', 'start.ts');
  platform = spawn(process.execPath, [start, '--port', '0', '--out', directory], { cwd: root });
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (output.includes('Stop it with Ctrl-C')) resolve();
    };
    platform.stdout?.on('data', listen);
    platform.stderr?.on('data', listen);
    platform.once('exit', () => reject(new Error(`npm start ended: ${output}`)));
  });
  endpoint = /Endpoint {2}(\S+)/.exec(output)?.[1] ?? '';
  inbox = /Inbox {5}(\S+)/.exec(output)?.[1] ?? '';
  outputs = outputsSchema.parse(JSON.parse(readFileSync(join(directory, 'outputs.json'), 'utf8'))).ModelRelease;
});

afterAll(() => {
  platform.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

function aws(...parameters: readonly string[]) {
  const env = {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'somebody',
    AWS_SECRET_ACCESS_KEY: 'x',
    // Version 1 of the CLI reads this one alone.
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_PAGER: '',
  };
  return run('aws', [...parameters, '--output', 'json'], { env, cwd: directory });
}

async function awsJson(...parameters: readonly string[]) {
  const { stdout } = await aws(...parameters);
  return json.parse(JSON.parse(stdout === '' ? '{}' : stdout));
}

function hasCli(): boolean {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('The AWS CLI is not on PATH: the whole stack is not driven with it here.');
    return false;
  }
}

describe('npm start', () => {
  test('says where the endpoint, the inbox and the outputs are, and how to stop', () => {
    expect(output).toContain('http://127.0.0.1:');
    expect(output).toContain(join(directory, 'outputs.json'));
    expect(output).toContain(`Console   ${endpoint}/console`);
    expect(output).toContain('Stop it with Ctrl-C.');
  });

  test('writes every output of the public contract', () => {
    expect(Object.keys(outputs)).toEqual(
      expect.arrayContaining([
        'OnboardingStateMachineArn',
        'PromotionStateMachineArn',
        'RollbackStateMachineArn',
        'RegistryTableName',
        'LedgerTableName',
        'EvidenceBucketName',
        'PredictionBucketName',
        'InferenceFunctionName',
        'NotificationTopicArn',
        'SigningKeyArn',
        'LedgerKeyArn',
        'AppConfigApplicationId',
        'ApprovalBaseUrl',
        'DescribeReleaseFunctionName',
      ]),
    );
  });
});

describe.runIf(hasCli())('the AWS CLI drives', () => {
  test('dynamodb: writes and reads an item; the ledger takes none from an administrator', async () => {
    const table = outputs['RegistryTableName'] ?? '';
    await awsJson('dynamodb', 'put-item', '--table-name', table, '--item', '{"pk":{"S":"a"},"sk":{"S":"b"}}');
    const read = ['dynamodb', 'get-item', '--table-name', table, '--key', '{"pk":{"S":"a"},"sk":{"S":"b"}}'];
    expect(await awsJson(...read)).toEqual({ Item: { pk: { S: 'a' }, sk: { S: 'b' } } });
    const ledger = ['dynamodb', 'put-item', '--table-name', outputs['LedgerTableName'] ?? ''];
    await expect(aws(...ledger, '--item', '{"model":{"S":"a"},"seq":{"N":"1"}}')).rejects.toThrow(
      /AccessDeniedException.*with an explicit deny in a resource-based policy/,
    );
  });

  test('s3: puts and gets an object; what is locked away is written with a condition only', async () => {
    const bucket = outputs['EvidenceBucketName'] ?? '';
    writeFileSync(join(directory, 'body.csv'), 'a,b\n1,2\n');
    await aws('s3', 'cp', 'body.csv', `s3://${bucket}/incoming/body.csv`);
    await aws('s3', 'cp', `s3://${bucket}/incoming/body.csv`, 'back.csv');
    expect(readFileSync(join(directory, 'back.csv'), 'utf8')).toBe('a,b\n1,2\n');
    await expect(aws('s3', 'cp', 'body.csv', `s3://${bucket}/evidence/body.csv`)).rejects.toThrow(/AccessDenied/);
  });

  test('kms: nobody but the signing functions signs, everybody reads the public key', async () => {
    const key = ['--key-id', outputs['SigningKeyArn'] ?? ''];
    const { SigningAlgorithms } = await awsJson('kms', 'get-public-key', ...key);
    expect(SigningAlgorithms).toEqual(['ECDSA_SHA_256']);
    writeFileSync(join(directory, 'message'), 'message');
    const sign = ['kms', 'sign', ...key, '--message', 'fileb://message', '--signing-algorithm', 'ECDSA_SHA_256'];
    await expect(aws(...sign)).rejects.toThrow(/AccessDeniedException/);
  });

  test('appconfig: lists the application that the stack owns, and has no pointer yet', async () => {
    const { Items } = await awsJson('appconfig', 'list-applications');
    expect(Items).toMatchObject([{ Id: outputs['AppConfigApplicationId'], Name: 'model-release' }]);
    const application = ['--application-id', outputs['AppConfigApplicationId'] ?? ''];
    expect(await awsJson('appconfig', 'list-environments', ...application)).toMatchObject({ Items: [] });
  });

  test('stepfunctions: an invalid promotion ends rejected, with every fault', async () => {
    const stateMachineArn = outputs['PromotionStateMachineArn'] ?? '';
    const { executionArn } = await awsJson(
      ...[
        'stepfunctions',
        'start-execution',
        '--state-machine-arn',
        stateMachineArn,
        '--name',
        'ghost_1_1',
        '--input',
        '{}',
      ],
    );
    const describeIt = () => awsJson('stepfunctions', 'describe-execution', '--execution-arn', String(executionArn));
    await expect
      .poll(async () => (await describeIt())['status'], { timeout: 60_000, interval: 500 })
      .not.toBe('RUNNING');
    const described = await describeIt();
    expect(described).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(String(described['output']))).toMatchObject({ end: 'rejected' });
  });

  test('lambda: invokes a function of the stack', async () => {
    const name = outputs['DescribeReleaseFunctionName'] ?? '';
    writeFileSync(join(directory, 'event.json'), '{"model":"ghost"}');
    expect(
      await awsJson('lambda', 'invoke', '--function-name', name, '--payload', 'fileb://event.json', 'answer.json'),
    ).toMatchObject({ StatusCode: 200 });
    expect(readFileSync(join(directory, 'answer.json'), 'utf8')).not.toBe('');
  });

  test('lambda: forecasts a batch of megabytes for a model that nobody onboarded, by the safe forecast', async () => {
    const name = outputs['InferenceFunctionName'] ?? '';
    writeFileSync(join(directory, 'batch.json'), JSON.stringify(batchOf(5_000, 'by-cli')));
    expect(statSync(join(directory, 'batch.json')).size).toBeGreaterThan(4_000_000);
    const call = ['lambda', 'invoke', '--function-name', name, '--payload', 'fileb://batch.json', 'forecasts.json'];
    const answered = await awsJson(...call);
    expect(answered).toMatchObject({ StatusCode: 200 });
    expect(answered).not.toHaveProperty('FunctionError');
    const { revision, forecasts } = answerSchema.parse(
      JSON.parse(readFileSync(join(directory, 'forecasts.json'), 'utf8')),
    );
    expect(revision).toBe(0);
    expect(forecasts).toHaveLength(5_000 * HORIZON_DAYS);
    expect(forecasts[0]).toMatchObject({ sku: 'sku-0', targetDate: '2026-03-02', arm: 'fallback' });
  });

  test('s3: finds the forecasts in the log, which takes no second writing and no deletion from anybody', async () => {
    const log = `s3://${outputs['PredictionBucketName']}/predictions/`;
    const { stdout } = await aws('s3', 'ls', '--recursive', log);
    const [key = ''] = /predictions\/\S*by-cli-0\.ndjson\.gz/.exec(stdout) ?? [];
    expect(key).toMatch(/^predictions\/model=ghost\/date=2026-03-01\/arm=fallback\/version=/);
    const object = key.slice('predictions/'.length);
    await expect(aws('s3', 'cp', 'batch.json', log + object)).rejects.toThrow(/AccessDenied/);
    await expect(aws('s3', 'rm', log + object)).rejects.toThrow(/AccessDenied/);
    const at = ['--bucket', outputs['PredictionBucketName'] ?? '', '--key', key, '--body', 'batch.json'];
    await expect(aws('s3api', 'put-object', ...at, '--if-none-match', '*')).rejects.toThrow(/PreconditionFailed/);
  });

  test('sesv2 and sns: what is sent lies in the inbox', async () => {
    const content = '{"Simple":{"Subject":{"Data":"Hello"},"Body":{"Text":{"Data":"World"}}}}';
    const send = ['sesv2', 'send-email', '--from-email-address', 'a@example.com'];
    await aws(...send, '--destination', 'ToAddresses=b@example.com', '--content', content);
    await aws('sns', 'publish', '--topic-arn', outputs['AlarmTopicArn'] ?? '', '--message', 'Notice');
    const store = await (await fetch(`${inbox}/store`)).text();
    expect(store).toContain('World');
    expect(store).toContain('Notice');
  });
});

describe('the SDK', () => {
  test('forecasts for four callers at the same time, each logged once', async () => {
    const credentials = { accessKeyId: 'somebody', secretAccessKey: 'x' };
    const client = new LambdaClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
    const FunctionName = outputs['InferenceFunctionName'];
    const callers = ['caller-1', 'caller-2', 'caller-3', 'caller-4'];
    const runs = await Promise.all(
      callers.map((id) => client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(batchOf(500, id)) }))),
    );
    for (const { FunctionError, Payload } of runs) {
      expect(FunctionError).toBeUndefined();
      const { forecasts } = answerSchema.parse(JSON.parse(Payload?.transformToString() ?? ''));
      expect(forecasts).toHaveLength(500 * HORIZON_DAYS);
    }
    const s3 = new S3Client({ endpoint, region: 'eu-west-1', credentials });
    const log = { Bucket: outputs['PredictionBucketName'], Prefix: 'predictions/model=ghost/' };
    const { Contents = [] } = await s3.send(new ListObjectsV2Command(log));
    const ids = Contents.flatMap(({ Key = '' }) => /(caller-\d)-0\.ndjson\.gz$/.exec(Key)?.[1] ?? []);
    expect(ids.toSorted()).toEqual(callers);
  });
});

describe('the approval page', () => {
  test('answers an unknown link with 404, by GET and HEAD', async () => {
    const link = `${outputs['ApprovalBaseUrl']}/approvals/unknown?k=secret`;
    expect((await fetch(link)).status).toBe(404);
    expect((await fetch(link, { method: 'HEAD' })).status).toBe(404);
  });

  test('answers a report behind an unknown link as the page does, not as a route that nobody has', async () => {
    const page = await fetch(`${outputs['ApprovalBaseUrl']}/approvals/unknown?k=secret`);
    const report = await fetch(`${outputs['ApprovalBaseUrl']}/approvals/unknown/reports/offline-risk-summary?k=secret`);
    expect(report.status).toBe(404);
    expect(await report.text()).toBe(await page.text());
    expect(
      (await fetch(`${outputs['ApprovalBaseUrl']}/approvals/unknown/reports?k=secret`)).headers.get('content-type'),
    ).toBe('application/json');
  });
});

describe('the console', () => {
  test('stands before any model does, and knows none that is not there', async () => {
    const all = await fetch(`${endpoint}/console`);
    expect([all.status, await all.text()]).toEqual([200, expect.stringContaining('No model was onboarded yet.')]);
    expect(await (await fetch(`${endpoint}/console/ghost`)).text()).toContain('There is no model of this name.');
    expect((await fetch(`${endpoint}/console/ghost/more`)).status).toBe(404);
  });
});

describe('Ctrl-C', () => {
  test('ends everything', async () => {
    const { stdout } = await run('pgrep', ['-P', String(platform.pid)]);
    const children = stdout.trim().split('\n').map(Number);
    platform.kill('SIGINT');
    const [code] = await once(platform, 'exit');
    expect(code).toBe(0);
    await expect(fetch(endpoint)).rejects.toThrow();
    expect(children.length).toBeGreaterThan(0);
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
