import * as z from 'zod';
import { ACCOUNT, AwsError, type Now, REGION, type Service } from '../service.ts';

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

export interface Monitoring extends Service {
  /** Creates an alarm from the resolved properties of an AWS::CloudWatch::Alarm. @throws Error for what it cannot watch */
  createAlarm(name: string, resolved: unknown): { readonly name: string; readonly arn: string };
  /** Counts log lines as the resolved properties of an AWS::Logs::MetricFilter say. */
  createMetricFilter(resolved: unknown): void;
  /** Adds one to a metric. Alarms on it ring at once and fall silent a period later. */
  count(metric: Metric): void;
  /** Shows the metric filters one line of a log group. */
  logLine(logGroup: string, line: string): void;
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
  Metrics: z
    .array(z.object({ Id: z.string(), Expression: z.string().optional(), MetricStat: statSchema.optional() }))
    .optional(),
});
const plainAlarmSchema = metricSchema.extend({ Period: z.number(), Statistic: z.literal('Sum') });
const filterSchema = z.looseObject({
  LogGroupName: z.string(),
  FilterPattern: z.string(),
  MetricTransformations: z.tuple([z.object({ MetricNamespace: z.string(), MetricName: z.string() })]),
});
const describeSchema = z.looseObject({
  AlarmNames: z.array(z.string()).optional(),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']).optional(),
});

interface Alarm {
  readonly name: string;
  readonly arn: string;
  readonly settings: z.infer<typeof alarmSchema>;
  /** Whose sum is compared with the threshold. */
  readonly metrics: ReadonlySet<string>;
  readonly periodSeconds: number;
  readonly state: 'OK' | 'ALARM';
  readonly since: Date;
}

interface MetricFilter {
  readonly logGroup: string;
  readonly member: string;
  readonly value: string;
  readonly metric: Metric;
}

/** CloudWatch as far as alarms on counts need it: sums over one period, rung at a threshold, missing data is silence. */
export function createMonitoring(options: MonitoringOptions): Monitoring {
  const alarms = new Alarms(options);
  const filters: MetricFilter[] = [];
  return {
    createAlarm: (name, resolved) => ({ name, arn: alarms.add(name, resolved) }),
    createMetricFilter: (resolved) => void filters.push(filterOf(resolved)),
    count: (metric) => alarms.count(keyOf(metric)),
    logLine: (logGroup, line) => {
      const picked = filters.filter((filter) => filter.logGroup === logGroup && matches(filter, line));
      for (const { metric } of picked) alarms.count(keyOf(metric));
    },
    handle: async (request) => {
      const operation = request.headers['x-amz-target']?.split('.')[1];
      if (operation !== 'DescribeAlarms') {
        throw new AwsError('InvalidAction', 'The local platform has no operation of CloudWatch but DescribeAlarms.');
      }
      request.authorize('cloudwatch:DescribeAlarms', ['*']);
      const { AlarmNames, StateValue } = describeSchema.parse(JSON.parse(request.body.toString('utf8')));
      const wanted = alarms
        .all()
        .filter(({ name, state }) => (AlarmNames?.includes(name) ?? true) && (StateValue ?? state) === state);
      const body = JSON.stringify({ MetricAlarms: wanted.map(describe), CompositeAlarms: [] });
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
    },
    stop: async () => alarms.stop(),
  };
}

class Alarms {
  readonly #options: MonitoringOptions;
  readonly #alarms = new Map<string, Alarm>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Times of the last period, by metric. */
  readonly #points = new Map<string, readonly number[]>();

  constructor(options: MonitoringOptions) {
    this.#options = options;
  }

  all(): readonly Alarm[] {
    return [...this.#alarms.values()];
  }

  add(name: string, resolved: unknown): string {
    const alarm = alarmOf(name, resolved, this.#now());
    this.#alarms.set(name, alarm);
    return alarm.arn;
  }

  count(metric: string): void {
    const watching = this.all().filter(({ metrics }) => metrics.has(metric));
    const longest = Math.max(0, ...watching.map(({ periodSeconds }) => periodSeconds));
    const at = this.#now().getTime();
    const recent = (this.#points.get(metric) ?? []).filter((point) => point > at - longest * 1_000);
    this.#points.set(metric, [...recent, at]);
    for (const { name, periodSeconds } of watching) {
      this.#evaluate(name);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#evaluate(name);
      }, periodSeconds * 1_000);
      this.#timers.add(timer.unref());
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #evaluate(name: string): void {
    const alarm = this.#alarms.get(name);
    if (alarm === undefined) return;
    const { metrics, periodSeconds, settings } = alarm;
    const from = this.#now().getTime() - periodSeconds * 1_000;
    const points = [...metrics].flatMap((metric) => this.#points.get(metric) ?? []);
    const sum = points.filter((point) => point > from).length;
    const state = sum >= settings.Threshold ? 'ALARM' : 'OK';
    if (state === alarm.state) return;
    this.#alarms.set(name, { ...alarm, state, since: this.#now() });
    const [subject, message] = noticeOf(alarm, state, sum, this.#now());
    for (const topic of state === 'ALARM' ? settings.AlarmActions : settings.OKActions) {
      this.#options.publish(topic, message, subject).catch(() => undefined);
    }
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

function keyOf({ namespace, name, dimensions = {} }: Metric): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function keyOfSchema({ Namespace, MetricName, Dimensions }: z.infer<typeof metricSchema>): string {
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
  return keyOf({ namespace: Namespace, name: MetricName, dimensions });
}

function alarmOf(name: string, resolved: unknown, since: Date): Alarm {
  const settings = alarmSchema.parse(resolved);
  const stats = settings.Metrics?.flatMap(({ MetricStat }) => MetricStat ?? []) ?? plainStat(resolved);
  const expression = settings.Metrics?.find(({ Expression }) => Expression !== undefined)?.Expression;
  if (expression !== undefined && !/^FILL\(\w+, 0\)( \+ FILL\(\w+, 0\))*$/.test(expression)) {
    throw new Error(`The local platform evaluates sums only, not ${expression}.`);
  }
  return {
    name,
    arn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`,
    settings,
    metrics: new Set(stats.map(({ Metric: metric }) => keyOfSchema(metric))),
    periodSeconds: Math.max(...stats.map(({ Period }) => Period)),
    state: 'OK',
    since,
  };
}

function plainStat(resolved: unknown): readonly z.infer<typeof statSchema>[] {
  const { Period, Statistic, ...metric } = plainAlarmSchema.parse(resolved);
  return [{ Metric: metric, Period, Stat: Statistic }];
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
  try {
    return z.looseObject({}).parse(JSON.parse(line))[member] === value;
  } catch {
    return false;
  }
}

function noticeOf(alarm: Alarm, state: Alarm['state'], sum: number, at: Date): readonly [string, string] {
  const message = {
    AlarmName: alarm.name,
    AlarmDescription: alarm.settings.AlarmDescription,
    AWSAccountId: ACCOUNT,
    NewStateValue: state,
    NewStateReason: `Threshold Crossed: 1 datapoint [${sum}] against the threshold (${alarm.settings.Threshold}).`,
    StateChangeTime: at.toISOString(),
    Region: REGION,
    AlarmArn: alarm.arn,
    OldStateValue: alarm.state,
  };
  return [`${state}: "${alarm.name}" in ${REGION}`.slice(0, 100), JSON.stringify(message)];
}

function describe(alarm: Alarm): object {
  const { AlarmDescription, AlarmActions, OKActions, Threshold, ComparisonOperator } = alarm.settings;
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    StateValue: alarm.state,
    StateUpdatedTimestamp: alarm.since.getTime() / 1_000,
    ...{ AlarmDescription, AlarmActions, OKActions, Threshold, ComparisonOperator },
  };
}
