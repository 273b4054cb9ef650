import * as z from 'zod';
import type { BusEvent } from './events.ts';
import { createCloudWatch, createMetricPoints, keyOf, type Metric, statistic, statisticOf } from './metric-points.ts';
import { ACCOUNT, type Now, REGION, type Service } from './service.ts';

export interface MonitoringOptions {
  /** Publishes to a topic: what alarms do. */
  readonly publish: (topicArn: string, message: string, subject: string) => Promise<unknown>;
  /** Takes the event that EventBridge gets when an alarm changes its state. */
  readonly putEvent?: (event: BusEvent) => void;
  readonly now?: Now;
}

export interface Monitoring {
  /** Creates an alarm from the resolved properties of an AWS::CloudWatch::Alarm. @throws Error for what it cannot watch */
  createAlarm(name: string, resolved: unknown): { readonly name: string; readonly arn: string };
  /** Counts log lines as the resolved properties of an AWS::Logs::MetricFilter say. */
  createMetricFilter(resolved: unknown): void;
  /** Adds to a metric, one unless told. Alarms on it ring at once and fall silent a period later. */
  count(metric: Metric, value?: number): void;
  /** Shows the metric filters one line of a log group, and counts the metrics that are embedded in it. */
  logLine(logGroup: string, line: string): void;
  /** The API by which metrics are read. */
  readonly api: Service;
  /** Ends its timers. */
  stop(): void;
}

const metricSchema = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
});
const statSchema = z.object({ Metric: metricSchema, Period: z.number(), Stat: statistic });
const alarmSchema = z.looseObject({
  AlarmDescription: z.string().default(''),
  AlarmActions: z.array(z.string()).default([]),
  OKActions: z.array(z.string()).default([]),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  EvaluationPeriods: z.int().min(1),
  DatapointsToAlarm: z.undefined().optional(),
  Threshold: z.number(),
  TreatMissingData: z.literal('notBreaching'),
});
/** A statistic of one metric, or the sum of several that count as zero where they are missing. */
const sourceSchema = z.union([
  z
    .looseObject({
      ...metricSchema.shape,
      Period: z.number(),
      Statistic: z.literal('Sum').optional(),
      ExtendedStatistic: statistic.optional(),
      Metrics: z.undefined().optional(),
    })
    .refine(({ Statistic, ExtendedStatistic }) => (Statistic === undefined) !== (ExtendedStatistic === undefined), {
      path: ['Statistic'],
    })
    .transform(({ Period, Statistic, ExtendedStatistic, ...Metric }) => [
      { Metric, Period, Stat: Statistic ?? ExtendedStatistic ?? 'Sum' },
    ]),
  z
    .looseObject({
      Metrics: z.array(
        z.union([
          z.looseObject({ MetricStat: statSchema }).transform(({ MetricStat }) => [MetricStat]),
          z
            .looseObject({
              Expression: z
                .string()
                .regex(/^FILL\(\w+, 0\)( \+ FILL\(\w+, 0\))*$/, 'the local platform evaluates sums only'),
            })
            .transform(() => []),
        ]),
      ),
    })
    .transform(({ Metrics }) => Metrics.flat()),
]);
const filterSchema = z.looseObject({
  LogGroupName: z.string(),
  FilterPattern: z.string(),
  MetricTransformations: z.tuple([z.object({ MetricNamespace: z.string(), MetricName: z.string() })]),
});
interface Alarm {
  readonly name: string;
  readonly arn: string;
  readonly settings: z.infer<typeof alarmSchema>;
  /** Whose statistic is compared with the threshold. */
  readonly metrics: ReadonlySet<string>;
  readonly stat: string;
  /** As EventBridge names them. */
  readonly configured: readonly object[];
  readonly periodSeconds: number;
  state: 'OK' | 'ALARM';
}

/** A line in CloudWatch's embedded metric format, as far as it names its metrics. */
const embedded = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});
const numbers = z.union([z.number().transform((value) => [value]), z.array(z.number())]).catch([]);

interface MetricFilter {
  readonly logGroup: string;
  readonly member: string;
  readonly value: string;
  readonly metric: Metric;
}

/** CloudWatch as far as it is used: one statistic per period, alarms at a threshold, missing data is silence. */
export function createMonitoring(options: MonitoringOptions): Monitoring {
  const { publish, putEvent = () => undefined, now = () => new Date() } = options;
  const alarms: Alarm[] = [];
  const filters: MetricFilter[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const points = createMetricPoints(now);
  const evaluate = (alarm: Alarm): void => {
    const periodMs = alarm.periodSeconds * 1_000;
    const until = now().getTime();
    const { EvaluationPeriods, Threshold } = alarm.settings;
    const values = Array.from({ length: EvaluationPeriods }, (_, index) => {
      const end = until - index * periodMs;
      return statisticOf(points.within(alarm.metrics, end - periodMs, end), alarm.stat);
    });
    const isBreaching = values.every((value) => value !== undefined && value >= Threshold);
    const state = isBreaching ? 'ALARM' : 'OK';
    if (state !== alarm.state) ring(alarm, { state, value: values[0] ?? 0, at: now() }, { publish, putEvent });
  };
  const count = (metric: Metric, value = 1): void => {
    points.add(metric, value);
    const key = keyOf(metric);
    for (const alarm of alarms.filter(({ metrics }) => metrics.has(key))) {
      evaluate(alarm);
      const timer = setTimeout(() => {
        timers.delete(timer);
        evaluate(alarm);
      }, alarm.periodSeconds * 1_000);
      timers.add(timer.unref());
    }
  };
  return {
    createAlarm: (name, resolved) => {
      const alarm = alarmOf(name, resolved);
      alarms.push(alarm);
      return alarm;
    },
    createMetricFilter: (resolved) => void filters.push(filterOf(resolved)),
    count,
    logLine: (logGroup, line) => {
      for (const filter of filters) if (filter.logGroup === logGroup && matches(filter, line)) count(filter.metric);
      for (const { metric, values } of embeddedMetrics(line)) for (const value of values) count(metric, value);
    },
    api: createCloudWatch(points),
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function alarmOf(name: string, resolved: unknown): Alarm {
  const stats = sourceSchema.parse(resolved);
  const metrics = stats.map(({ Metric: { Namespace, MetricName, Dimensions } }) => {
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    return keyOf({ namespace: Namespace, name: MetricName, dimensions });
  });
  return {
    ...{ name, arn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`, settings: alarmSchema.parse(resolved) },
    ...{ metrics: new Set(metrics), stat: stats[0]?.Stat ?? 'Sum', configured: stats.map(configuredOf), state: 'OK' },
    periodSeconds: Math.max(...stats.map(({ Period }) => Period)),
  };
}

/** A watched metric as EventBridge's event has it: names in lower case, dimensions as an object. */
function configuredOf({ Metric: metric, Period, Stat }: z.infer<typeof statSchema>, index: number): object {
  const dimensions = Object.fromEntries(metric.Dimensions.map(({ Name, Value }) => [Name, Value]));
  const of = { namespace: metric.Namespace, name: metric.MetricName, dimensions };
  return { id: `m${index + 1}`, metricStat: { metric: of, period: Period, stat: Stat }, returnData: true };
}

function filterOf(resolved: unknown): MetricFilter {
  const { LogGroupName, FilterPattern, MetricTransformations } = filterSchema.parse(resolved);
  const [{ MetricNamespace: namespace, MetricName: name }] = MetricTransformations;
  const [, member, value] = /^\{ \$\.(\w+) = "([^"]*)" \}$/.exec(FilterPattern) ?? [];
  if (member !== undefined && value !== undefined) {
    return { logGroup: LogGroupName, member, value, metric: { namespace, name } };
  }
  throw new Error(`The local platform matches one member of a JSON line, not the pattern ${FilterPattern}.`);
}

function matches({ member, value }: MetricFilter, line: string): boolean {
  return z.looseObject({}).safeParse(jsonOf(line)).data?.[member] === value;
}

function embeddedMetrics(line: string): readonly { readonly metric: Metric; readonly values: readonly number[] }[] {
  if (!line.includes('"_aws"')) return [];
  const found = embedded.safeParse(jsonOf(line)).data;
  if (found === undefined) return [];
  return found._aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(found[name])]));
      return Metrics.map(({ Name: name }) => ({
        metric: { namespace, name, dimensions },
        values: numbers.parse(found[name]),
      }));
    }),
  );
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Changes the state of an alarm, tells its topics, and puts the event on the bus that AWS puts there. */
function ring(
  alarm: Alarm,
  { state, value, at }: { readonly state: Alarm['state']; readonly value: number; readonly at: Date },
  { publish, putEvent }: Required<Pick<MonitoringOptions, 'publish' | 'putEvent'>>,
): void {
  const { name, arn, settings, state: OldStateValue, configured } = alarm;
  alarm.state = state;
  const reason = `Threshold Crossed: 1 datapoint [${value}] against the threshold (${settings.Threshold}).`;
  const message = JSON.stringify({
    ...{ AlarmName: name, AlarmDescription: settings.AlarmDescription, AWSAccountId: ACCOUNT, NewStateValue: state },
    ...{ NewStateReason: reason, StateChangeTime: at.toISOString(), Region: REGION, AlarmArn: arn, OldStateValue },
  });
  const subject = `${state}: "${name}" in ${REGION}`.slice(0, 100);
  for (const topic of state === 'ALARM' ? settings.AlarmActions : settings.OKActions) {
    publish(topic, message, subject).catch(() => undefined);
  }
  const timestamp = at.toISOString().replace('Z', '+0000');
  const detail = {
    alarmName: name,
    state: { value: state, reason, timestamp },
    previousState: { value: OldStateValue },
    configuration: { description: settings.AlarmDescription, metrics: configured },
  };
  const detailType = 'CloudWatch Alarm State Change';
  putEvent({ source: 'aws.cloudwatch', detailType, detail, resources: [arn] });
}
