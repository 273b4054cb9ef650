import * as z from 'zod';
import { ACCOUNT, type Now, REGION } from './service.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, string>>;
}

export interface MonitoringOptions {
  /** Publishes to a topic: what alarms do. */
  readonly publish: (topicArn: string, message: string, subject: string) => Promise<unknown>;
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
  /** Ends its timers. */
  stop(): void;
}

const metricSchema = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
});
const statSchema = z.object({ Metric: metricSchema, Period: z.number(), Stat: z.literal('Sum') });
const alarmSchema = z.looseObject({
  AlarmDescription: z.string().default(''),
  AlarmActions: z.array(z.string()).default([]),
  OKActions: z.array(z.string()).default([]),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  EvaluationPeriods: z.literal(1),
  Threshold: z.number(),
  TreatMissingData: z.literal('notBreaching'),
});
/** The sum of one metric, or of several that count as zero where they are missing. */
const sourceSchema = z.union([
  z
    .looseObject({
      ...metricSchema.shape,
      Period: z.number(),
      Statistic: z.literal('Sum'),
      Metrics: z.undefined().optional(),
    })
    .transform(({ Period, Statistic, ...Metric }) => [{ Metric, Period, Stat: Statistic }]),
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
  /** Whose sum is compared with the threshold. */
  readonly metrics: ReadonlySet<string>;
  readonly periodSeconds: number;
  state: 'OK' | 'ALARM';
}

/** What was added to a metric, and when. */
interface Point {
  readonly at: number;
  readonly value: number;
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
const values = z.union([z.number().transform((value) => [value]), z.array(z.number())]).catch([]);

interface MetricFilter {
  readonly logGroup: string;
  readonly member: string;
  readonly value: string;
  readonly metric: Metric;
}

/** CloudWatch as far as alarms on counts need it: sums over one period, rung at a threshold, missing data is silence. */
export function createMonitoring({ publish, now = () => new Date() }: MonitoringOptions): Monitoring {
  const alarms: Alarm[] = [];
  const filters: MetricFilter[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const points = new Map<string, Point[]>();
  const evaluate = (alarm: Alarm): void => {
    const from = now().getTime() - alarm.periodSeconds * 1_000;
    const sum = [...alarm.metrics]
      .flatMap((metric) => points.get(metric) ?? [])
      .reduce((total, { at, value }) => total + (at > from ? value : 0), 0);
    const state = sum >= alarm.settings.Threshold ? 'ALARM' : 'OK';
    if (state !== alarm.state) ring(alarm, { state, sum, at: now() }, publish);
  };
  const count = (metric: Metric, value = 1): void => {
    const key = keyOf(metric);
    const watching = alarms.filter(({ metrics }) => metrics.has(key));
    const at = now().getTime();
    const from = at - Math.max(0, ...watching.map(({ periodSeconds }) => periodSeconds * 1_000));
    if (watching.length > 0)
      points.set(key, [...(points.get(key) ?? []).filter((point) => point.at > from), { at, value }]);
    for (const alarm of watching) {
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
      for (const { metric, value } of embeddedMetrics(line)) count(metric, value);
    },
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function keyOf({ namespace, name, dimensions = {} }: Metric): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function alarmOf(name: string, resolved: unknown): Alarm {
  const stats = sourceSchema.parse(resolved);
  const metrics = stats.map(({ Metric: { Namespace, MetricName, Dimensions } }) => {
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    return keyOf({ namespace: Namespace, name: MetricName, dimensions });
  });
  return {
    ...{ name, arn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`, settings: alarmSchema.parse(resolved) },
    ...{ metrics: new Set(metrics), periodSeconds: Math.max(...stats.map(({ Period }) => Period)), state: 'OK' },
  };
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

function embeddedMetrics(line: string): readonly { readonly metric: Metric; readonly value: number }[] {
  if (!line.includes('"_aws"')) return [];
  const found = embedded.safeParse(jsonOf(line)).data;
  if (found === undefined) return [];
  return found._aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(found[name])]));
      return Metrics.map(({ Name: name }) => ({
        metric: { namespace, name, dimensions },
        value: values.parse(found[name]).reduce((sum, one) => sum + one, 0),
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

/** Changes the state of an alarm and tells its topics. */
function ring(
  alarm: Alarm,
  { state, sum, at }: { readonly state: Alarm['state']; readonly sum: number; readonly at: Date },
  publish: MonitoringOptions['publish'],
): void {
  const { name, arn, settings, state: OldStateValue } = alarm;
  alarm.state = state;
  const message = JSON.stringify({
    ...{ AlarmName: name, AlarmDescription: settings.AlarmDescription, AWSAccountId: ACCOUNT, NewStateValue: state },
    NewStateReason: `Threshold Crossed: 1 datapoint [${sum}] against the threshold (${settings.Threshold}).`,
    ...{ StateChangeTime: at.toISOString(), Region: REGION, AlarmArn: arn, OldStateValue },
  });
  const subject = `${state}: "${name}" in ${REGION}`.slice(0, 100);
  for (const topic of state === 'ALARM' ? settings.AlarmActions : settings.OKActions) {
    publish(topic, message, subject).catch(() => undefined);
  }
}
