import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { AlarmMetricsStore } from '../../../functions/rollback/alarm/alarm-metrics-store.ts';

const cloudWatch = mockClient(CloudWatchClient);
const store = new AlarmMetricsStore(new CloudWatchClient({}));
const MINUTES = { until: '2026-03-01T10:00:00.000Z', count: 10 };

/** Answers values by metric and dimensions; a metric without a value has none. */
function holds(values: Readonly<Record<string, readonly number[]>>): void {
  cloudWatch.on(GetMetricDataCommand).callsFake(({ MetricDataQueries = [] }) => ({
    MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }: MetricDataQuery) => {
      const { Metric, Stat } = MetricStat ?? {};
      const of = (Metric?.Dimensions ?? []).map(({ Value }) => Value).slice(1);
      return { Id, Values: values[[Metric?.MetricName, ...of, Stat].join(' ')] ?? [] };
    }),
  }));
}

describe('The metrics of the minutes behind us', () => {
  beforeEach(() => cloudWatch.reset());

  it('are asked for by name, version by version, and added up', async () => {
    holds({
      'FORECASTS_ASKED demand 2.0 Sum': [100, 50],
      'FORECASTS_MISSING demand 2.0 Sum': [40],
      'FORECASTS_INVALID demand 1.0 Sum': [2],
      'ANSWER_MS demand 2.0 p50': [2_999, 3_000, 9_000],
    });
    const names = ['2.0', '1.0'].map((version) => ({ model: 'demand', version }));
    expect(await store.ofVersions(names, MINUTES)).toEqual([
      { asked: 150, missing: 40, invalid: 0, answeredMinutes: 3, slowMinutes: 2 },
      { asked: 0, missing: 0, invalid: 2, answeredMinutes: 0, slowMinutes: 0 },
    ]);
    const [call] = cloudWatch.commandCalls(GetMetricDataCommand);
    expect(call?.args[0].input).toMatchObject({
      ...{ StartTime: new Date('2026-03-01T09:50:00.000Z'), EndTime: new Date(MINUTES.until) },
    });
    expect(call?.args[0].input.MetricDataQueries?.[0]?.MetricStat).toEqual({
      Metric: {
        ...{ Namespace: 'ModelRelease', MetricName: 'FORECASTS_ASKED' },
        Dimensions: [
          { Name: 'service', Value: 'inference' },
          { Name: 'model', Value: 'demand' },
          { Name: 'version', Value: '2.0' },
        ],
      },
      ...{ Period: 60, Stat: 'Sum' },
    });
  });

  it('say of each model what went wrong with its requests', async () => {
    holds({ 'REQUESTS_FAILED other Sum': [1, 1], 'PREDICTIONS_NOT_LOGGED demand Sum': [4] });
    expect(await store.ofModels(['demand', 'other'], MINUTES)).toEqual([
      { requestsFailed: 0, notLogged: 4 },
      { requestsFailed: 2, notLogged: 0 },
    ]);
  });

  it.each([
    ['nothing is there', {}, false],
    ['answers are quick', { 'ANSWER_MS p99': [40, 2_000] }, false],
    ['answers are slow', { 'ANSWER_MS p99': [40, 3_000] }, true],
    ['a version failed', { 'SHADOW_FAILED Sum': [1] }, true],
    ['a request failed', { 'REQUESTS_FAILED Sum': [1] }, true],
  ])('say by six of them whether anything is amiss: %s', async (_, values, amiss) => {
    holds(values);
    expect(await store.isAnythingAmiss(MINUTES)).toBe(amiss);
    expect(cloudWatch.commandCalls(GetMetricDataCommand)).toHaveLength(1);
    expect(cloudWatch.commandCalls(GetMetricDataCommand)[0]?.args[0].input.MetricDataQueries).toHaveLength(6);
  });

  it('are read page by page, in calls of as many as CloudWatch takes', async () => {
    const one = (Values: readonly number[], NextToken?: string) => ({
      MetricDataResults: [{ Id: 'q0', Values: [...Values] }],
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    cloudWatch
      .on(GetMetricDataCommand)
      .resolvesOnce(one([1], 'more'))
      .resolves(one([2]));
    const names = Array.from({ length: 200 }, (_, index) => ({ model: 'demand', version: `1.${index}` }));
    expect((await store.ofVersions(names, MINUTES))[0]).toMatchObject({ asked: 5 });
    expect(cloudWatch.commandCalls(GetMetricDataCommand)).toHaveLength(3);
    expect(await store.ofVersions([], MINUTES)).toEqual([]);
    expect(cloudWatch.commandCalls(GetMetricDataCommand)).toHaveLength(3);
  });
});
