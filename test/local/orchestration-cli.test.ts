import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import type { ServiceRequest } from '../../infra/local/service.ts';
import { createStepFunctions } from '../../infra/local/step-functions/step-functions.ts';
import { aws, hasAwsCli } from './fixtures/aws-cli.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const FLAGS = '{"version":"1","flags":{"pointer":{}},"values":{"pointer":{"enabled":true}}}';
const IdSchema = z.object({ Id: z.string() });

describe.runIf(hasAwsCli)('with the aws command', () => {
  let directory: string;
  let states: Served;
  let appConfig: Served;
  let applicationId: string;
  const tokens: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'aws-cli-'));
    const stepFunctions = createStepFunctions({
      invoke: async (_machine, _functionArn, payload) => {
        tokens.push(z.object({ taskToken: z.string() }).parse(payload).taskToken);
        return { payload: null };
      },
    });
    const ask = {
      ...{ Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', End: true },
      Parameters: {
        FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:ask',
        Payload: { 'taskToken.$': '$$.Task.Token' },
      },
    };
    stepFunctions.createStateMachine({
      StateMachineName: 'flow',
      DefinitionString: JSON.stringify({ StartAt: 'Ask', States: { Ask: ask } }),
    });
    states = await serveOne('states', stepFunctions);
    const { control, data, createApplication } = createAppConfig({ invoke: async () => ({ payload: null }) });
    applicationId = createApplication({ Name: 'model-release' }).Id;
    const isData = ({ path }: ServiceRequest): boolean => /^\/configuration(sessions)?$/.test(path);
    const both = { handle: (request: ServiceRequest) => (isData(request) ? data : control).handle(request) };
    appConfig = await serveOne('appconfig', both);
  });

  afterAll(async () => {
    await Promise.all([states.stop(), appConfig.stop()]);
    rmSync(directory, { recursive: true });
  });

  it('an execution is started, answered, described and read back', async () => {
    const sfn = (...parameters: string[]) => aws(states.endpoint, 'stepfunctions', ...parameters);
    const machine = ['--state-machine-arn', 'arn:aws:states:eu-west-1:000000000000:stateMachine:flow'];
    await sfn('start-execution', ...machine, '--name', 'by-hand', '--input', '{"model":"m"}');
    await vi.waitFor(() => expect(tokens).toHaveLength(1));
    await sfn('send-task-success', '--task-token', tokens[0] ?? '', '--task-output', '{"decision":"approve"}');
    const execution = ['--execution-arn', 'arn:aws:states:eu-west-1:000000000000:execution:flow:by-hand'];
    const describeIt = () => sfn('describe-execution', ...execution);
    // Each look starts the command anew.
    await vi.waitFor(async () => expect(await describeIt()).toMatchObject({ status: 'SUCCEEDED' }), 30_000);
    expect(await describeIt()).toMatchObject({ output: '{"decision":"approve"}', startDate: expect.anything() });
    const history = z.object({ events: z.array(z.object({ type: z.string() })) });
    const { events } = history.parse(await sfn('get-execution-history', ...execution));
    expect(events.at(-1)?.type).toBe('ExecutionSucceeded');
    expect(await sfn('list-executions', ...machine)).toMatchObject({ executions: [{ name: 'by-hand' }] });
    const again = sfn('start-execution', ...machine, '--name', 'by-hand');
    await expect(again).rejects.toThrow(/ExecutionAlreadyExists/);
  });

  it('a configuration is made, deployed, reverted and read from the data plane', async () => {
    const config = (command: string, ...parameters: string[]) =>
      aws(appConfig.endpoint, 'appconfig', command, '--application-id', applicationId, ...parameters);
    const { Id: env } = IdSchema.parse(await config('create-environment', '--name', 'demand-es'));
    const type = ['--type', 'AWS.AppConfig.FeatureFlags', '--location-uri', 'hosted', '--name', 'demand-es'];
    const { Id: profile } = IdSchema.parse(await config('create-configuration-profile', ...type));
    const [content, out] = [join(directory, 'flags.json'), join(directory, 'out.json')];
    writeFileSync(content, FLAGS);
    const version = ['--content', `fileb://${content}`, '--content-type', 'application/json', out];
    await config('create-hosted-configuration-version', '--configuration-profile-id', profile, ...version);
    expect(readFileSync(out, 'utf8')).toBe(FLAGS);
    const place = ['--environment-id', env, '--configuration-profile-id', profile];
    const how = ['--deployment-strategy-id', 'AppConfig.AllAtOnce', '--configuration-version', '1'];
    const started = await config('start-deployment', ...place, ...how);
    expect(started).toMatchObject({ DeploymentNumber: 1, State: 'BAKING', PercentageComplete: 100 });
    const session = await aws(
      ...([appConfig.endpoint, 'appconfigdata', 'start-configuration-session'] as const),
      ...['--application-identifier', 'model-release', '--environment-identifier', 'demand-es'],
      ...['--configuration-profile-identifier', 'demand-es'],
    );
    const { InitialConfigurationToken } = z.object({ InitialConfigurationToken: z.string() }).parse(session);
    const read = ['get-latest-configuration', '--configuration-token', InitialConfigurationToken, out];
    await aws(appConfig.endpoint, 'appconfigdata', ...read);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual({ pointer: { enabled: true } });
    const deployment = ['--environment-id', env, '--deployment-number', '1'];
    expect(await config('stop-deployment', ...deployment, '--allow-revert')).toMatchObject({ State: 'ROLLED_BACK' });
    expect(await config('get-deployment', ...deployment)).toMatchObject({ State: 'ROLLED_BACK' });
    expect(await config('list-deployments', '--environment-id', env)).toMatchObject({
      Items: [{ State: 'ROLLED_BACK' }],
    });
  });
});

it.runIf(!hasAwsCli)('the aws command is not on this machine: its checks of the orchestration APIs did not run', () => {
  expect(hasAwsCli).toBe(false);
});
