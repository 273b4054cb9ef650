import {
  AppConfigClient,
  GetDeploymentStrategyCommand,
  GetExtensionCommand,
  ListExtensionAssociationsCommand,
} from '@aws-sdk/client-appconfig';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { RollbackExecutions } from '../../../functions/pointer/reconcile/rollback-execution-store.ts';
import { SharedPartsStore } from '../../../functions/pointer/reconcile/shared-parts-store.ts';
import { STARTED, stored } from '../../fakes/runs.ts';

const appConfig = mockClient(AppConfigClient);
const stepFunctions = mockClient(SFNClient);
beforeEach(() => {
  appConfig.reset();
  stepFunctions.reset();
});

const named = (name: string) => Object.assign(new Error(name), { name });
const throttled = named('ThrottlingException');

describe('The parts of AppConfig that all models share', () => {
  const store = () => new SharedPartsStore(new AppConfigClient({ region: 'eu-west-1' }));
  const APPLICATION = 'arn:aws:appconfig:eu-west-1:000000000000:application/app1';
  const extension = (id: string) => `arn:aws:appconfig:eu-west-1:000000000000:extension/${id}`;
  const asks = (...Uris: readonly string[]) => ({
    Actions: { PRE_START_DEPLOYMENT: Uris.map((Uri) => ({ Uri })), ON_DEPLOYMENT_COMPLETE: [{ Uri: 'other' }] },
  });

  it('are the strategy, and by extension of the application the functions that are asked before a deployment', async () => {
    appConfig.on(GetDeploymentStrategyCommand, { DeploymentStrategyId: 'instant' }).resolves({
      ...{ GrowthFactor: 100, DeploymentDurationInMinutes: 0, FinalBakeTimeInMinutes: 5 },
    });
    appConfig
      .on(ListExtensionAssociationsCommand, { ResourceIdentifier: APPLICATION })
      .resolves({ Items: [{ ExtensionArn: `${extension('a')}/3` }], NextToken: 'more' })
      .on(ListExtensionAssociationsCommand, { ResourceIdentifier: APPLICATION, NextToken: 'more' })
      .resolves({ Items: [{ ExtensionArn: extension('b') }] });
    appConfig
      .on(GetExtensionCommand, { ExtensionIdentifier: `${extension('a')}/3`, VersionNumber: 3 })
      .resolves(asks('vouch', 'second'))
      .on(GetExtensionCommand, { ExtensionIdentifier: extension('b') })
      .resolves({ Actions: {} });
    expect(await store().seen('instant', APPLICATION)).toEqual({
      strategy: { growthFactor: 100, deploymentMinutes: 0, bakeMinutes: 5 },
      extensions: [['vouch', 'second'], []],
    });
  });

  it('are said to be gone where they are, and nothing is said where AppConfig does not answer', async () => {
    appConfig.on(GetDeploymentStrategyCommand).rejects(named('ResourceNotFoundException'));
    appConfig.on(ListExtensionAssociationsCommand).resolves({ Items: [{ ExtensionArn: extension('a') }] });
    appConfig.on(GetExtensionCommand).rejects(named('ResourceNotFoundException'));
    expect(await store().seen('instant', APPLICATION)).toEqual({ strategy: null, extensions: [[]] });
    appConfig.on(GetExtensionCommand).rejects(throttled);
    await expect(store().extensions(APPLICATION)).rejects.toThrow('ThrottlingException');
    appConfig.on(GetDeploymentStrategyCommand).rejects(throttled);
    await expect(store().strategy('instant')).rejects.toThrow('ThrottlingException');
  });
});

describe('The executions of the rollback machine', () => {
  const MACHINE = 'arn:aws:states:eu-west-1:000000000000:stateMachine:ModelRelease-rollback';
  const ALIAS = `${MACHINE}:live`;
  const arnOf = (name: string) => `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-rollback:${name}`;
  const store = () => new RollbackExecutions(new SFNClient({ region: 'eu-west-1' }), ALIAS);
  const listed = (executionArn: string) => ({
    ...{ executionArn, stateMachineArn: MACHINE, name: executionArn.split(':').at(-1) ?? '' },
    ...{ status: 'RUNNING' as const, startDate: new Date(0) },
  });
  const runs = (name: string, input: string) =>
    stepFunctions.on(DescribeExecutionCommand, { executionArn: arnOf(name) }).resolves({ status: 'RUNNING', input });

  it('exist by their names, whatever became of them', async () => {
    stepFunctions.on(DescribeExecutionCommand).rejects(named('ExecutionDoesNotExist'));
    stepFunctions.on(DescribeExecutionCommand, { executionArn: arnOf('back-1') }).resolves({ status: 'FAILED' });
    expect(await store().exists('back-1')).toBe(true);
    expect(await store().exists('back-2')).toBe(false);
    stepFunctions.on(DescribeExecutionCommand).rejects(throttled);
    await expect(store().exists('back-2')).rejects.toThrow('ThrottlingException');
  });

  it("tell of which models a rollback runs; an input that names none is nobody else's hindrance", async () => {
    stepFunctions
      .on(ListExecutionsCommand, { stateMachineArn: MACHINE, statusFilter: 'RUNNING' })
      .resolves({ executions: [listed(arnOf('a')), listed(arnOf('b'))], nextToken: 'more' })
      .on(ListExecutionsCommand, { stateMachineArn: MACHINE, statusFilter: 'RUNNING', nextToken: 'more' })
      .resolves({ executions: [listed(arnOf('c'))] });
    runs('a', '{"model":"demand"}');
    runs('b', '{"modle":"demand"}');
    runs('c', '{"model":"returns"}');
    expect(await store().models()).toEqual(new Set(['demand', 'returns']));
  });

  it('are started by the alias, with the input of the one that died, for the version that it withdrew', async () => {
    const asked = { model: 'demand', cause: 'safety', requestedBy: { name: 'Pia', email: 'pia@shop.example' } };
    stepFunctions.on(DescribeExecutionCommand).rejects(named('ExecutionDoesNotExist'));
    const input = JSON.stringify({ ...asked, targetVersion: '1.0' });
    stepFunctions.on(DescribeExecutionCommand, { executionArn: arnOf('back-1') }).resolves({ status: 'FAILED', input });
    stepFunctions.on(StartExecutionCommand).resolves({ executionArn: arnOf('again'), startDate: new Date(0) });
    const artifact = stored('artifact');
    const known = { model: 'demand', version: '2.0', promotionId: 'demand_2-0_1', registeredAt: STARTED };
    const serving = { ...known, artifact, sha256: artifact.sha256, status: 'production' as const };
    const rollback = { executionName: 'back-1', withdrew: '2.0', known: true };
    await store().complete(rollback, { versions: [] });
    expect(stepFunctions.commandCalls(StartExecutionCommand)).toHaveLength(0);
    await store().complete(rollback, { versions: [serving] });
    const [started, ...more] = stepFunctions.commandCalls(StartExecutionCommand).map(({ args }) => args[0].input);
    expect(more).toEqual([]);
    expect(started).toMatchObject({ stateMachineArn: ALIAS, name: expect.stringMatching(/^reconcile-[0-9a-f]{32}$/) });
    expect(JSON.parse(started?.input ?? '')).toEqual({ ...asked, withdrawVersion: '2.0' });
  });
});
