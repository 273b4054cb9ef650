import * as z from 'zod';
import { jsonService, operation } from './gateway/json-service.ts';
import { AwsError, type Now, type Service } from './service.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** The statistics that are computed here, of the values of one window. */
export const statistic = z
  .string()
  .regex(/^(Sum|SampleCount|p\d{1,2})$/, 'the local platform computes Sum, SampleCount and p0 to p99');

/** What was added to metrics, for an hour. */
export interface MetricPoints {
  add(metric: Metric, value: number): void;
  /** Values of metrics that were added after `from` and until `until` (milliseconds), in no order. */
  within(keys: Iterable<string>, from: number, until: number): readonly number[];
}

const KEPT_MS = 3_600_000;

export function keyOf({ namespace, name, dimensions = {} }: Metric): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

export function createMetricPoints(now: Now): MetricPoints {
  const points = new Map<string, { readonly at: number; readonly value: number }[]>();
  return {
    add: (metric, value) => {
      const at = now().getTime();
      const key = keyOf(metric);
      const kept = points.get(key) ?? [];
      while ((kept[0]?.at ?? at) <= at - KEPT_MS) kept.shift();
      kept.push({ at, value });
      points.set(key, kept);
    },
    within: (keys, from, until) =>
      [...keys]
        .flatMap((key) => (points.get(key) ?? []).filter(({ at }) => at > from && at <= until))
        .map(({ value }) => value),
  };
}

/** Of no values there is no statistic. */
export function statisticOf(values: readonly number[], stat: string): number | undefined {
  if (values.length === 0) return undefined;
  if (stat === 'SampleCount') return values.length;
  if (stat === 'Sum') return values.reduce((sum, value) => sum + value, 0);
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((Number(stat.slice(1)) / 100) * sorted.length) - 1)];
}

const query = z.object({
  Id: z.string().regex(/^[a-z][a-zA-Z0-9_]*$/),
  MetricStat: z.object({
    Metric: z.object({
      ...{ Namespace: z.string(), MetricName: z.string() },
      Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
    }),
    Period: z.int().min(60).multipleOf(60),
    Stat: statistic,
  }),
});
/** Times are seconds, as JSON has them. */
const metricDataRequest = z.object({
  MetricDataQueries: z.array(query).min(1).max(500),
  ...{ StartTime: z.number(), EndTime: z.number() },
});

/** The CloudWatch API as far as metrics are read here. */
export function createCloudWatch(points: MetricPoints): Service {
  return {
    handle: jsonService({
      GetMetricData: operation(metricDataRequest, ({ MetricDataQueries, StartTime, EndTime }, authorize) => {
        authorize('cloudwatch:GetMetricData', ['*']);
        if (StartTime >= EndTime) {
          throw new AwsError('ValidationError', 'The parameter StartTime must be less than the parameter EndTime.');
        }
        const results = MetricDataQueries.map(({ Id, MetricStat: { Metric: asked, Period, Stat } }) => {
          const dimensions = Object.fromEntries(asked.Dimensions.map(({ Name, Value }) => [Name, Value]));
          const key = keyOf({ namespace: asked.Namespace, name: asked.MetricName, dimensions });
          // The newest period first, each from a whole minute on, as AWS answers.
          const first = Math.floor(StartTime / Period) * Period;
          const count = Math.max(0, Math.ceil((EndTime - first) / Period));
          const found = Array.from({ length: count }, (_, index) => first + index * Period)
            .toReversed()
            .flatMap((start) => {
              const value = statisticOf(points.within([key], start * 1000 - 1, (start + Period) * 1000 - 1), Stat);
              return value === undefined ? [] : [{ start, value }];
            });
          return {
            ...{ Id, Label: asked.MetricName, StatusCode: 'Complete' },
            ...{ Timestamps: found.map(({ start }) => start), Values: found.map(({ value }) => value) },
          };
        });
        return { MetricDataResults: results, Messages: [] };
      }),
    }),
  };
}
