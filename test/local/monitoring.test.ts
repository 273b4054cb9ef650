import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BusEvent } from '../../infra/local/events.ts';
import { createMonitoring, type Monitoring } from '../../infra/local/monitoring.ts';
import { REGION } from '../../infra/local/service.ts';

const TOPIC = 'arn:aws:sns:x:topic';
const RULES = {
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  EvaluationPeriods: 1,
  Threshold: 2,
  TreatMissingData: 'notBreaching',
  AlarmActions: [TOPIC],
  OKActions: [TOPIC],
};
const FORGED = { Namespace: 'ModelRelease', MetricName: 'CALLBACK_FORGED', Statistic: 'Sum', Period: 60 };
const stat = (MetricName: string) => ({
  Id: MetricName.toLowerCase(),
  ReturnData: false,
  MetricStat: {
    Metric: { Namespace: 'AWS/Lambda', MetricName, Dimensions: [{ Name: 'FunctionName', Value: 'judge' }] },
    Period: 60,
    Stat: 'Sum',
  },
});

describe('Alarms on this machine', () => {
  let monitoring: Monitoring;
  let events: BusEvent[];
  let notices: { readonly topic: string; readonly subject: string; readonly state: unknown }[];

  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-11-01T00:00:00Z') });
    [notices, events] = [[], []];
    monitoring = createMonitoring({
      putEvent: (event) => events.push(event),
      publish: async (topic, message, subject) => {
        notices.push({ topic, subject, state: JSON.parse(message).NewStateValue });
      },
    });
  });
  afterEach(() => {
    monitoring.stop();
    vi.useRealTimers();
  });

  it('ring once when the sum of a period reaches the threshold, and tell when it is over', async () => {
    monitoring.createAlarm('forged', { ...FORGED, ...RULES });
    const forged = { namespace: 'ModelRelease', name: 'CALLBACK_FORGED' };
    monitoring.count(forged);
    expect(notices).toEqual([]);
    monitoring.count(forged);
    monitoring.count(forged);
    expect(notices).toEqual([{ topic: TOPIC, subject: `ALARM: "forged" in ${REGION}`, state: 'ALARM' }]);

    await vi.advanceTimersByTimeAsync(60_000);
    expect(notices.map(({ state }) => state)).toEqual(['ALARM', 'OK']);
  });

  it('do not add up what lies a period apart', async () => {
    monitoring.createAlarm('forged', { ...FORGED, ...RULES });
    monitoring.count({ namespace: 'ModelRelease', name: 'CALLBACK_FORGED' });
    await vi.advanceTimersByTimeAsync(61_000);
    monitoring.count({ namespace: 'ModelRelease', name: 'CALLBACK_FORGED' });
    expect(notices).toEqual([]);
  });

  it('add up the metrics of a sum, of their own dimensions only', () => {
    const Metrics = [
      { Id: 'e', Expression: 'FILL(errors, 0) + FILL(throttles, 0)' },
      stat('Errors'),
      stat('Throttles'),
    ];
    monitoring.createAlarm('failing', { ...RULES, Metrics });
    const metric = (name: string, FunctionName: string) => ({
      namespace: 'AWS/Lambda',
      name,
      dimensions: { FunctionName },
    });
    monitoring.count(metric('Errors', 'judge'));
    monitoring.count(metric('Throttles', 'other'));
    expect(notices).toEqual([]);
    monitoring.count(metric('Throttles', 'judge'));
    expect(notices).toHaveLength(1);
  });

  it('count the log lines that a metric filter picks', () => {
    monitoring.createAlarm('forged', { ...FORGED, ...RULES, Threshold: 1 });
    monitoring.createMetricFilter({
      LogGroupName: 'read-gate',
      FilterPattern: '{ $.message = "CALLBACK_FORGED" }',
      MetricTransformations: [{ MetricNamespace: 'ModelRelease', MetricName: 'CALLBACK_FORGED', MetricValue: '1' }],
    });
    for (const line of ['CALLBACK_FORGED', '{"message":"other"}', '[1]', '{"level":"CALLBACK_FORGED"}']) {
      monitoring.logLine('read-gate', line);
    }
    monitoring.logLine('another', '{"message":"CALLBACK_FORGED"}');
    expect(notices).toEqual([]);
    monitoring.logLine('read-gate', '{"message":"CALLBACK_FORGED","level":"ERROR"}');
    expect(notices).toHaveLength(1);
  });

  it('add up the metrics that a line holds in the embedded format, each under its dimensions', () => {
    const Dimensions = [{ Name: 'service', Value: 'inference' }];
    monitoring.createAlarm('stale', { ...FORGED, ...RULES, MetricName: 'POINTER_STALE', Dimensions, Threshold: 5 });
    const line = (service: string, POINTER_STALE: unknown) => {
      const Metrics = [{ Name: 'POINTER_STALE', Unit: 'Count' }];
      const CloudWatchMetrics = [{ Namespace: 'ModelRelease', Dimensions: [['service']], Metrics }];
      return JSON.stringify({ _aws: { Timestamp: 1, CloudWatchMetrics }, service, POINTER_STALE });
    };
    for (const other of [line('other', 9), line('inference', 'nine'), '{"_aws":1}', '{"_aws"']) {
      monitoring.logLine('forecast', other);
    }
    monitoring.logLine('forecast', line('inference', [1, 3]));
    expect(notices).toEqual([]);
    monitoring.logLine('forecast', line('inference', 1));
    expect(notices).toHaveLength(1);
  });

  it('put on the bus what AWS puts there, at every change of state', async () => {
    const Dimensions = [{ Name: 'service', Value: 'inference' }];
    monitoring.createAlarm('forged', { ...FORGED, ...RULES, Threshold: 1, Dimensions });
    monitoring.count({ namespace: 'ModelRelease', name: 'CALLBACK_FORGED', dimensions: { service: 'inference' } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events.map(({ detail }) => JSON.parse(JSON.stringify(detail)).state.value)).toEqual(['ALARM', 'OK']);
    expect(events[0]).toEqual({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [expect.stringMatching(/^arn:aws:cloudwatch:.*:alarm:forged$/)],
      detail: {
        alarmName: 'forged',
        state: { value: 'ALARM', reason: expect.any(String), timestamp: '2026-11-01T00:00:00.000+0000' },
        previousState: { value: 'OK' },
        configuration: {
          description: '',
          metrics: [
            {
              id: 'm1',
              metricStat: {
                metric: { namespace: 'ModelRelease', name: 'CALLBACK_FORGED', dimensions: { service: 'inference' } },
                ...{ period: 60, stat: 'Sum' },
              },
              returnData: true,
            },
          ],
        },
      },
    });
  });

  it('ring for a percentile of several periods in a row, and not for one slow minute', async () => {
    const { Statistic: _, ...metric } = FORGED;
    const SLOW = { ...metric, MetricName: 'ANSWER_MS', ExtendedStatistic: 'p99' };
    monitoring.createAlarm('slow', { ...SLOW, ...RULES, Threshold: 3_000, EvaluationPeriods: 3 });
    const answered = (milliseconds: number) =>
      monitoring.count({ namespace: 'ModelRelease', name: 'ANSWER_MS' }, milliseconds);
    for (const milliseconds of [9_000, 20, 9_000, 9_000]) {
      answered(milliseconds);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(notices).toEqual([]);
    answered(9_000);
    expect(notices).toHaveLength(1);
  });

  it('have metrics that can be read, of the last hour, by minutes', async () => {
    const line = (model: string, value: number | readonly number[]) => {
      const Metrics = [{ Name: 'FORECASTS_ASKED' }];
      const CloudWatchMetrics = [{ Namespace: 'ModelRelease', Dimensions: [['service', 'model']], Metrics }];
      return JSON.stringify({ _aws: { CloudWatchMetrics }, service: 'inference', model, FORECASTS_ASKED: value });
    };
    monitoring.logLine('forecast', line('demand', [3, 4]));
    monitoring.logLine('forecast', line('other', 9));
    await vi.advanceTimersByTimeAsync(60_000);
    monitoring.logLine('forecast', line('demand', 5));
    const read = async (Stat: string, body: object = {}) => {
      const Dimensions = [
        { Name: 'model', Value: 'demand' },
        { Name: 'service', Value: 'inference' },
      ];
      const Metric = { Namespace: 'ModelRelease', MetricName: 'FORECASTS_ASKED', Dimensions };
      const MetricDataQueries = [{ Id: 'q0', MetricStat: { Metric, Period: 60, Stat } }];
      const until = Date.now() / 1000;
      const input = { MetricDataQueries, StartTime: until - 600, EndTime: until + 1, ...body };
      const asked: [string, readonly string[]][] = [];
      const { body: answer } = await monitoring.api.handle({
        ...{ method: 'POST', path: '/', query: new URLSearchParams(), body: Buffer.from(JSON.stringify(input)) },
        headers: { 'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData' },
        authorize: (action, resources) => asked.push([action, resources]),
      });
      expect(asked).toEqual([['cloudwatch:GetMetricData', ['*']]]);
      return JSON.parse(String(answer)).MetricDataResults[0];
    };
    const start = Date.parse('2026-11-01T00:00:00Z') / 1000;
    expect(await read('Sum')).toMatchObject({ Id: 'q0', Timestamps: [start + 60, start], Values: [5, 7] });
    expect(await read('p50')).toMatchObject({ Values: [5, 3] });
    expect(await read('SampleCount')).toMatchObject({ Values: [1, 2] });
    await expect(read('Sum', { StartTime: 5, EndTime: 5 })).rejects.toMatchObject({ code: 'ValidationError' });
    await expect(read('Average')).rejects.toMatchObject({ code: 'ValidationException' });
    await vi.advanceTimersByTimeAsync(3_600_000);
    monitoring.logLine('forecast', line('demand', 6));
    const until = Date.now() / 1000;
    expect(await read('Sum', { StartTime: until - 7200 })).toMatchObject({ Values: [6] });
  });

  it.each([
    ['an average', { ...FORGED, ...RULES, Statistic: 'Average' }, /Statistic/],
    ['another expression', { ...RULES, Metrics: [{ Id: 'e', Expression: 'a / b' }, stat('Errors')] }, /sums only/],
    [
      'some of several periods',
      { ...FORGED, ...RULES, EvaluationPeriods: 3, DatapointsToAlarm: 2 },
      /DatapointsToAlarm/,
    ],
  ])('refuse %s, which they could not watch', (_what, properties, message) => {
    expect(() => monitoring.createAlarm('x', properties)).toThrow(message);
  });
  it('refuse a metric filter that they could not match', () => {
    const MetricTransformations = [{ MetricNamespace: 'n', MetricName: 'm' }];
    const filter = { LogGroupName: 'l', FilterPattern: 'ERROR', MetricTransformations };
    expect(() => monitoring.createMetricFilter(filter)).toThrow(/not the pattern ERROR/);
  });
});
