import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logger } from './logger.ts';
import { INFERENCE_METRICS, VERSION_METRICS } from './metric-names.ts';

/** Whose a count is: a model's, or one version's of it. */
export interface CountedOf {
  readonly model: string;
  readonly version?: string;
}

/** What one invocation asked of a version and got. */
export type VersionFigures = Readonly<Partial<Record<keyof typeof VERSION_METRICS, number>>>;

/** Counts that become CloudWatch metrics from lines of the log (embedded metric format), without a call. */
export interface Counts {
  /** Adds to a count of this invocation; with `of` also to that of a model or version. */
  add(name: string, count: number, of?: CountedOf): void;
  /** What a version was asked, and how long the answer took; milliseconds count without a version, too. */
  measure(of: Required<CountedOf>, figures: VersionFigures): void;
  /** Tells the log of something amiss, and counts it once, for the model and version that it names, too. Names and counts, never data. */
  signal(name: string, detail: Readonly<Record<string, string | number>>): void;
  /** Writes what was counted since the last call, as one line per model and version; nothing when nothing was. */
  publish(): void;
}

/** The counts of inference, for the alarms and metrics that `INFERENCE_METRICS` describes. */
export function inferenceCounts(): Counts {
  const all = new Metrics(INFERENCE_METRICS);
  const own = new Map<string, Metrics>();
  /** Metrics of a model or version: a line of their own, since all metrics of a line are counted under all its dimensions. */
  const metricsOf = ({ model, version = '' }: CountedOf): Metrics => {
    const key = `${model}/${version}`;
    const known = own.get(key);
    if (known !== undefined) return known;
    const made = new Metrics(INFERENCE_METRICS);
    made.addDimensions(version === '' ? { model } : { model, version });
    own.set(key, made);
    return made;
  };
  const add: Counts['add'] = (name, count, of) => {
    if (count <= 0) return;
    all.addMetric(name, MetricUnit.Count, count);
    if (of !== undefined) metricsOf(of).addMetric(name, MetricUnit.Count, count);
  };
  return {
    add,
    measure: (of, { answerMs, ...counts }) => {
      if (answerMs !== undefined) all.addMetric(VERSION_METRICS.answerMs, MetricUnit.Milliseconds, answerMs);
      if (of.version === '') return;
      if (answerMs !== undefined) metricsOf(of).addMetric(VERSION_METRICS.answerMs, MetricUnit.Milliseconds, answerMs);
      for (const kind of ['asked', 'missing', 'invalid'] as const) {
        const count = counts[kind] ?? 0;
        if (count > 0) metricsOf(of).addMetric(VERSION_METRICS[kind], MetricUnit.Count, count);
      }
    },
    signal: (name, detail) => {
      logger.error(name, detail);
      const { model, version } = detail;
      if (typeof model !== 'string') add(name, 1);
      else add(name, 1, typeof version === 'string' ? { model, version } : { model });
    },
    publish: () => {
      for (const metrics of [all, ...own.values()]) {
        if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
      }
      own.clear();
    },
  };
}
