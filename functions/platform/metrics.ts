import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logger } from './logger.ts';
import { INFERENCE_METRICS } from './metric-names.ts';

/** Counts that become CloudWatch metrics from lines of the log (embedded metric format), without a call. */
export interface Counts {
  /** Adds to a count of this invocation. */
  add(name: string, count: number): void;
  /** Tells the log of something amiss, and counts it once. Names and counts, never data. */
  signal(name: string, detail: Readonly<Record<string, string | number>>): void;
  /** Writes what was counted since the last call as one line; nothing when nothing was. */
  publish(): void;
}

/** The counts of inference, for the alarms and metrics that `INFERENCE_METRICS` describes. */
export function inferenceCounts(): Counts {
  const metrics = new Metrics(INFERENCE_METRICS);
  const add = (name: string, count: number) => {
    if (count > 0) metrics.addMetric(name, MetricUnit.Count, count);
  };
  return {
    add,
    signal: (name, detail) => {
      logger.error(name, detail);
      add(name, 1);
    },
    publish: () => {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
