import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
  let notices: { readonly topic: string; readonly subject: string; readonly state: unknown }[];

  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-11-01T00:00:00Z') });
    notices = [];
    monitoring = createMonitoring({
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

  it.each([
    ['an average', { ...FORGED, ...RULES, Statistic: 'Average' }, /Statistic/],
    ['another expression', { ...RULES, Metrics: [{ Id: 'e', Expression: 'a / b' }, stat('Errors')] }, /sums only/],
    ['more periods', { ...FORGED, ...RULES, EvaluationPeriods: 3 }, /EvaluationPeriods/],
  ])('refuse %s, which they could not watch', (_what, properties, message) => {
    expect(() => monitoring.createAlarm('x', properties)).toThrow(message);
  });
  it('refuse a metric filter that they could not match', () => {
    const MetricTransformations = [{ MetricNamespace: 'n', MetricName: 'm' }];
    const filter = { LogGroupName: 'l', FilterPattern: 'ERROR', MetricTransformations };
    expect(() => monitoring.createMetricFilter(filter)).toThrow(/not the pattern ERROR/);
  });
});
