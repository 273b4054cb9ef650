import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PlatformFault } from '../../infra/local/platform-fault.ts';
import { type SmallPlatform, smallTemplate, startSmallPlatform } from './fixtures/small-stack.ts';

afterEach(() => vi.unstubAllEnvs());

async function faultOf(starting: Promise<SmallPlatform>): Promise<PlatformFault> {
  const outcome = await starting.catch((error: unknown) => error);
  if (outcome instanceof PlatformFault) return outcome;
  throw new Error('The platform started, or failed in another way.', { cause: outcome });
}

describe('npm start', () => {
  test.each([
    [['-c', 'stagse=offline,production'], '-c takes name=value with a name of firstApprovers'],
    [['-c', 'stages'], '-c takes name=value'],
    [['--port', 'http'], '--port takes a number'],
    [['--prot', '1'], "Unknown option '--prot'"],
  ])('given %j says what it takes, and starts nothing', (given, said) => {
    const file = join(import.meta.dirname, '..', '..', 'infra', 'local', 'start.ts');
    const { status, stderr } = spawnSync(process.execPath, [file, ...given], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr).toContain('Usage: npm start');
  });
});

describe('a platform that cannot start says why and what to do', () => {
  test('when its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const fault = await faultOf(startSmallPlatform({ port }));
    server.close();
    expect(fault.message).toBe(`Port ${port} of 127.0.0.1 is already in use.`);
    expect(fault.next).toContain('--port 0');
  });

  test('when Java is missing', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    vi.stubEnv('JAVA_HOME', '/nonexistent');
    const fault = await faultOf(startSmallPlatform());
    expect(fault.message).toMatch(/needs Java 17 or newer; no `java` was found\. Install it/);
  });

  test('when the template has a resource type that it does not know', async () => {
    const Resources = { ...smallTemplate.Resources, Queue: { Type: 'AWS::SQS::Queue' } };
    const fault = await faultOf(startSmallPlatform({ template: { ...smallTemplate, Resources } }));
    expect(fault.message).toBe('The local platform does not know the resource type AWS::SQS::Queue (Queue).');
  });

  test('when a role takes a managed policy whose text it does not have', async () => {
    const Properties = { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] };
    const Resources = { ...smallTemplate.Resources, Root: { Type: 'AWS::IAM::Role', Properties } };
    const fault = await faultOf(startSmallPlatform({ template: { ...smallTemplate, Resources } }));
    expect(fault.message).toContain('the managed policy arn:aws:iam::aws:policy/AdministratorAccess');
  });

  test('when a bundle is missing', async () => {
    const fault = await faultOf(startSmallPlatform({ assets: new Map() }));
    expect(fault.message).toBe('The bundle of function Small-echo is missing.');
  });

  test('when the function of a custom resource fails', async () => {
    const { Maker } = smallTemplate.Resources;
    const Broken = { ...Maker, Properties: { ...Maker.Properties, Handler: 'index.notAFunction' } };
    const Resources = { ...smallTemplate.Resources, Maker: Broken };
    const fault = await faultOf(startSmallPlatform({ template: { ...smallTemplate, Resources } }));
    expect(fault.message).toMatch(/The custom resource Made \(Custom::Made\) could not be created: .*HandlerNotFound/);
  });
});

describe('two platforms', () => {
  test('run side by side and share nothing', async () => {
    const [one, other] = await Promise.all([startSmallPlatform(), startSmallPlatform()]);
    const Item = { id: { S: 'a' } };
    const TableName = one.outputs.TableName;
    await clients(one).dynamo.send(new PutItemCommand({ TableName, Item }));
    expect((await clients(other).dynamo.send(new GetItemCommand({ TableName, Key: Item }))).Item).toBeUndefined();
    await Promise.all([one.platform.stop(), other.platform.stop()]);
  });
});

describe('a data directory', () => {
  test('keeps items and ids over a restart, and closes executions that were open as ABORTED', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'platform-data-'));
    const first = await startSmallPlatform({ dataDir });
    const { TableName, FlowArn: stateMachineArn } = first.outputs;
    const Item = { id: { S: 'kept' } };
    await clients(first).dynamo.send(new PutItemCommand({ TableName, Item }));
    const input = JSON.stringify({ do: 'sleep', milliseconds: 9_000 });
    const { executionArn } = await clients(first).states.send(new StartExecutionCommand({ stateMachineArn, input }));
    await first.platform.stop();
    const second = await startSmallPlatform({ dataDir });
    expect(second.outputs).toEqual({ ...first.outputs, ApiUrl: expect.any(String) });
    const { dynamo, states } = clients(second);
    expect((await dynamo.send(new GetItemCommand({ TableName, Key: Item }))).Item).toEqual(Item);
    const described = await states.send(new DescribeExecutionCommand({ executionArn }));
    expect(described.status).toBe('ABORTED');
    await second.platform.stop();
    rmSync(dataDir, { recursive: true });
  });
});

function clients({ platform: { endpoint } }: SmallPlatform) {
  const settings = { endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'admin', secretAccessKey: 'x' } };
  return { dynamo: new DynamoDBClient(settings), states: new SFNClient(settings) };
}
