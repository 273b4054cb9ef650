import { request as httpRequest } from 'node:http';
import {
  AppConfigClient,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { AwsError } from '../../infra/local/service.ts';
import { type SmallPlatform, startSmallPlatform } from './fixtures/small-stack.ts';

let small: SmallPlatform;

beforeAll(async () => {
  small = await startSmallPlatform();
});
afterAll(() => small.platform.stop());

/** Client settings of a caller: a function's name is that function, anything else the administrator. */
function as(accessKeyId: string) {
  const { endpoint } = small.platform;
  return { endpoint, region: 'eu-west-1', credentials: { accessKeyId, secretAccessKey: 'x' }, maxAttempts: 1 };
}

const echoed = z.object({ event: z.object({ n: z.number(), text: z.string() }), pid: z.number() });

async function endOf(executionArn: string | undefined) {
  const states = new SFNClient(as('admin'));
  const describeIt = () => states.send(new DescribeExecutionCommand({ executionArn }));
  await expect.poll(async () => (await describeIt()).status).not.toBe('RUNNING');
  return describeIt();
}

describe('the stack', () => {
  test('answers its outputs, with what a custom resource said', () => {
    expect(small.outputs).toMatchObject({
      TableName: 'Small-Table',
      BucketName: 'small-bucket',
      Made: 'Create Custom::Made string 3 string',
    });
  });
});

describe('rights', () => {
  test('a function does what its role allows and nothing else, under the error names of each service', async () => {
    const { TableName, BucketName } = small.outputs;
    const echo = new DynamoDBClient(as('echo'));
    await echo.send(new PutItemCommand({ TableName, Item: { id: { S: '1' } } }));
    await expect(echo.send(new GetItemCommand({ TableName, Key: { id: { S: '1' } } }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/Small-echo/Small-echo is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:000000000000:table/Small-Table because no identity-based policy allows the dynamodb:GetItem action',
    });
    const stranger = as('stranger');
    await expect(
      new S3Client(stranger).send(new GetObjectCommand({ Bucket: BucketName, Key: 'a' })),
    ).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    await expect(
      new LambdaClient(stranger).send(new InvokeCommand({ FunctionName: 'Small-echo' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } });
    await expect(
      new SFNClient(stranger).send(new StartExecutionCommand({ stateMachineArn: small.outputs.FlowArn })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(
      new SNSClient(stranger).send(
        new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:000000000000:t', Message: 'm' }),
      ),
    ).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
  });

  test('the whole name of a function is the same caller as its name without the stack', async () => {
    const echo = new DynamoDBClient(as('Small-echo'));
    await expect(
      echo.send(new GetItemCommand({ TableName: small.outputs.TableName, Key: { id: { S: '1' } } })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('a resource policy binds the administrator, and not a caller who got around the policies', async () => {
    const Bucket = small.outputs.BucketName;
    const admin = new S3Client(as('admin'));
    await admin.send(new PutObjectCommand({ Bucket, Key: 'kept/a', Body: 'a' }));
    const remove = new DeleteObjectCommand({ Bucket, Key: 'kept/a' });
    await expect(admin.send(remove)).rejects.toMatchObject({ name: 'AccessDenied' });
    await new S3Client(as('unguarded')).send(remove);
    await expect(admin.send(new GetObjectCommand({ Bucket, Key: 'kept/a' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
  });
});

describe('functions', () => {
  const invoke = (input: Omit<ConstructorParameters<typeof InvokeCommand>[0], 'FunctionName'>) =>
    new LambdaClient(as('admin')).send(new InvokeCommand({ FunctionName: 'Small-echo', ...input }));

  test('answer the API, with the error header when they fail', async () => {
    const fine = await invoke({ Payload: JSON.stringify({ a: 1 }) });
    expect(fine).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(JSON.parse(fine.Payload?.transformToString() ?? '')).toMatchObject({ event: { a: 1 } });
    const failed = await invoke({ Payload: JSON.stringify({ do: 'throw', name: 'NOT_FOUND', message: 'gone' }) });
    expect(failed.FunctionError).toBe('Unhandled');
    expect(JSON.parse(failed.Payload?.transformToString() ?? '')).toMatchObject({ errorType: 'NOT_FOUND' });
  });

  test('are unknown by another name or qualifier, and refuse an event that is not JSON', async () => {
    await expect(invoke({ Qualifier: 'live' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(invoke({ Payload: '{' })).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  test('take an event that nobody waits for', async () => {
    expect((await invoke({ InvocationType: 'Event', Payload: '{"by":"nobody"}' })).StatusCode).toBe(202);
    await expect.poll(() => small.functionLines.some((line) => line.includes('"by":"nobody"'))).toBe(true);
  });

  test('take and answer as many bytes as Lambda lets through, four at once', async () => {
    const text = 'x'.repeat(5_900_000);
    const runs = await Promise.all([1, 2, 3, 4].map((n) => invoke({ Payload: JSON.stringify({ n, text }) })));
    const answers = runs.map(({ Payload }) => echoed.parse(JSON.parse(Payload?.transformToString() ?? '')));
    expect(answers.map(({ event }) => event.n)).toEqual([1, 2, 3, 4]);
    expect(answers.every(({ event }) => event.text === text)).toBe(true);
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(4);
  });

  test('are reached by the changes of a table, in the form of a stream record', async () => {
    const { TableName } = small.outputs;
    await new DynamoDBClient(as('admin')).send(new PutItemCommand({ TableName, Item: { id: { S: 'streamed' } } }));
    await expect
      .poll(
        () => small.functionLines.some((line) => line.includes('"eventName":"INSERT"') && line.includes('streamed')),
        {
          timeout: 20_000,
        },
      )
      .toBe(true);
  });
});

describe('state machines', () => {
  const start = (stateMachineArn: string, input: object) =>
    new SFNClient(as('admin')).send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));

  test('invoke functions under their own role', async () => {
    const { executionArn } = await start(small.outputs.FlowArn, { a: 1 });
    expect(await endOf(executionArn)).toMatchObject({ status: 'SUCCEEDED' });
    const denied = await start(small.outputs.PowerlessArn, { a: 1 });
    const { status, cause } = await endOf(denied.executionArn);
    expect(status).toBe('FAILED');
    expect(cause).toContain('assumed-role/Small-powerless/Small-powerless is not authorized');
  });

  test('tell the event bus how an execution ended', async () => {
    const { executionArn } = await start(small.outputs.FlowArn, { do: 'throw', name: 'DEFECT', message: 'broken' });
    expect(await endOf(executionArn)).toMatchObject({ status: 'FAILED', error: 'DEFECT' });
    await expect
      .poll(() =>
        small.functionLines.some(
          (line) => line.includes('Step Functions Execution Status Change') && line.includes(executionArn ?? '-'),
        ),
      )
      .toBe(true);
  });
});

describe('schedules', () => {
  test('fire when a test says so, with the input of the rule', async () => {
    await small.platform.tick('Hourly');
    expect(small.functionLines.some((line) => line.includes('"by":"schedule"'))).toBe(true);
    await expect(small.platform.tick('Weekly')).rejects.toThrow(
      '0 scheduled rules match Weekly; there are Small-Hourly.',
    );
  });
});

describe('alarms', () => {
  const inbox = async () => (await fetch(`${small.platform.inboxUrl}/store`)).text();
  const invoke = (event: object) =>
    new LambdaClient(as('admin')).send(
      new InvokeCommand({ FunctionName: 'Small-echo', Payload: JSON.stringify(event) }),
    );

  test('ring by email when a function fails, an execution fails, or a log line says so', async () => {
    await invoke({ do: 'throw', name: 'BROKEN', message: 'x' });
    await expect.poll(inbox).toContain('Small-EchoFails');
    const input = JSON.stringify({ do: 'throw', name: 'BROKEN', message: 'x' });
    const command = new StartExecutionCommand({ stateMachineArn: small.outputs.FlowArn, input });
    await new SFNClient(as('admin')).send(command);
    await expect.poll(inbox).toContain('Small-FlowFails');
    expect(await inbox()).not.toContain('Small-Alert');
    await invoke({ do: 'log', message: 'ALERT' });
    await expect.poll(inbox).toContain('Small-Alert');
  });
});

describe('AppConfig extensions', () => {
  const client = () => new AppConfigClient(as('admin'));
  const content = { Content: '{}', ContentType: 'application/json' };

  test('are invoked under their role, and stop what they guard when it does not let them', async () => {
    const { ApplicationId, StrategyId } = small.outputs;
    const Name = 'demand';
    const environment = await client().send(new CreateEnvironmentCommand({ ApplicationId, Name }));
    const profile = { ApplicationId, Name, LocationUri: 'hosted' };
    const { Id: ConfigurationProfileId } = await client().send(new CreateConfigurationProfileCommand(profile));
    const version = { ApplicationId, ConfigurationProfileId, ...content };
    await client().send(new CreateHostedConfigurationVersionCommand(version));
    expect(small.functionLines.some((line) => line.includes('PreCreateHostedConfigurationVersion'))).toBe(true);
    const target = { ApplicationId, EnvironmentId: environment.Id, DeploymentStrategyId: StrategyId };
    const deployment = { ...target, ConfigurationProfileId, ConfigurationVersion: '1' };
    await expect(client().send(new StartDeploymentCommand(deployment))).rejects.toThrow(
      /assumed-role\/Small-powerless\/appconfig is not authorized to perform: lambda:InvokeFunction/,
    );
  });
});

describe('the HTTP API', () => {
  const eventSchema = z.object({ event: z.looseObject({ requestContext: z.looseObject({}) }) });
  const call = async (path: string, init: RequestInit = {}) => fetch(`${small.outputs.ApiUrl}${path}`, init);
  const eventOf = async (response: Response) => eventSchema.parse(await response.json()).event;

  test('hands a request over in payload format 2.0', async () => {
    const response = await call('/approvals/a%20b?k=s%26t&x=1&x=2', {
      headers: { 'X-Test': 'Yes' },
    });
    expect(response.status).toBe(200);
    expect(await eventOf(response)).toMatchObject({
      version: '2.0',
      routeKey: 'GET /approvals/{id}',
      rawPath: '/approvals/a%20b',
      rawQueryString: 'k=s%26t&x=1&x=2',
      headers: { 'x-test': 'Yes' },
      queryStringParameters: { k: 's&t', x: '1,2' },
      pathParameters: { id: 'a b' },
      requestContext: { stage: '$default', http: { method: 'GET', path: '/approvals/a%20b', sourceIp: '127.0.0.1' } },
      isBase64Encoded: false,
    });
  });

  test('hands cookies over beside the headers, and sets each that a function answers with', async () => {
    const response = await call('/approvals/1?cookies=yes', { headers: { Cookie: 'a=1; b=2' } });
    const { cookies, headers } = await eventOf(response);
    expect(cookies).toEqual(['a=1', 'b=2']);
    expect(headers).not.toHaveProperty('cookie');
    expect(response.headers.getSetCookie()).toEqual(['one=1; Path=/', 'two=2; HttpOnly']);
    expect(await eventOf(await call('/approvals/1'))).not.toHaveProperty('cookies');
  });

  test('sends HTML forms as base64, as API Gateway does, and JSON as text', async () => {
    const form = await call('/approvals/1', { method: 'POST', body: new URLSearchParams({ decision: 'approve' }) });
    expect(await eventOf(form)).toMatchObject({
      body: Buffer.from('decision=approve').toString('base64'),
      isBase64Encoded: true,
    });
    const json = await call('/approvals/1', {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await eventOf(json)).toMatchObject({ body: '{"a":1}', isBase64Encoded: false });
  });

  test.each([
    ['GET', '/approvals', 404],
    ['GET', '/approvals/1/more', 404],
    ['HEAD', '/approvals/1', 404],
    ['DELETE', '/approvals/1', 404],
    // API Gateway itself has no permission for this route's function.
    ['GET', '/shut', 500],
  ])('answers %s %s with %i', async (method, path, status) => {
    expect((await call(path, { method })).status).toBe(status);
  });

  test('refuses a body of more than 10 MB', async () => {
    const response = await call('/approvals/1', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
  });

  test('answers 500 for a function that fails, and never logs a query string', async () => {
    expect((await call('/approvals/1?k=SECRET&fail=yes')).status).toBe(500);
    expect(small.lines).toContain('GET /approvals/1 500');
    expect(small.lines.filter((line) => line.includes('SECRET'))).toEqual([]);
  });
});

describe('the endpoint', () => {
  test('answers an unsigned request, and one for a service that it does not have', async () => {
    expect((await fetch(`${small.platform.endpoint}/`)).status).toBe(403);
    const authorization =
      'AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0';
    const response = await fetch(`${small.platform.endpoint}/`, { headers: { authorization } });
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('The local platform has no sqs (it serves ');
  });

  test('does not answer a page that names this machine by another name', async () => {
    const { port } = new URL(small.platform.endpoint);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `attacker.example:${port}` };
      httpRequest({ host: '127.0.0.1', port, path: '/', headers }, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test('counts what each service was asked, by action, refused or not, and every run of a function', async () => {
    const before = (service: string, action: string) => small.platform.calls[service]?.[action] ?? 0;
    const counted = [
      ['dynamodb', 'GetItem'],
      ['s3', 'PutObject'],
      ['states', 'StartExecution'],
      ['lambda', 'InvokeFunction'],
    ] as const;
    const counts = () => counted.map(([service, action]) => before(service, action));
    const was = counts();
    const { TableName, BucketName: Bucket, FlowArn: stateMachineArn } = small.outputs;
    const get = new GetItemCommand({ TableName, Key: { id: { S: '1' } } });
    await expect(new DynamoDBClient(as('echo')).send(get)).rejects.toThrow('not authorized');
    await new S3Client(as('admin')).send(new PutObjectCommand({ Bucket, Key: 'counted/key', Body: 'x' }));
    await new LambdaClient(as('admin')).send(new InvokeCommand({ FunctionName: 'Small-stranger' }));
    const started = await new SFNClient(as('admin')).send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
    await endOf(started.executionArn);
    const [reads = 0, writes = 0, starts = 0, runs = 0] = counts().map((count, index) => count - (was[index] ?? 0));
    expect([reads, writes, starts]).toEqual([1, 1, 1]);
    // The stream may have something for the function just then.
    expect(runs).toBeGreaterThanOrEqual(2);
  });

  test('lets a test see calls, and fail them', async () => {
    const seen: string[] = [];
    small.platform.intercept((call) => {
      seen.push(`${call.caller} ${call.service} ${call.operation}`);
      if (call.operation === 'PutItem') throw new AwsError('ThrottlingException', 'Rate exceeded');
    });
    const put = new PutItemCommand({ TableName: small.outputs.TableName, Item: { id: { S: 'x' } } });
    await expect(new DynamoDBClient(as('echo')).send(put)).rejects.toMatchObject({ name: 'ThrottlingException' });
    small.platform.intercept(undefined);
    expect(seen).toEqual(['echo dynamodb PutItem']);
    await new DynamoDBClient(as('echo')).send(put);
  });
});
