import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { INFERENCE_METRICS, REQUESTS_FAILED, SLOW_ANSWER_MS, VERSION_METRICS } from '../../platform/metric-names.ts';
import type { Figures, ModelLook } from './decide-alarm.ts';

/** The minutes that are looked at: so many, up to an instant in UTC. */
export interface Minutes {
  readonly until: string;
  readonly count: number;
}

export interface VersionName {
  readonly model: string;
  readonly version: string;
}

interface Series {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: 'Sum' | 'p50' | 'p99';
}

const PERIOD_SECONDS = 60;
/** CloudWatch's bound of one call. */
const MAX_QUERIES = 500;

/** Signals that make the schedule look any further. */
const AMISS = [
  'PRODUCTION_FAILED',
  'MODEL_NOT_LOADED',
  'SHADOW_FAILED',
  'PREDICTIONS_NOT_LOGGED',
  REQUESTS_FAILED,
] as const;

/**
 * What inference counted, by minutes. Versions are asked for by name: CloudWatch lists a new metric only a quarter of an
 * hour after its first value, but answers for it as soon as it has one.
 */
export class AlarmMetricsStore {
  readonly #client: CloudWatchClient;

  constructor(client: CloudWatchClient) {
    this.#client = client;
  }

  /** Whether anything failed at all, of whatever model. */
  async isAnythingAmiss(minutes: Minutes): Promise<boolean> {
    const failed = AMISS.map((name) => ({ name, dimensions: {}, stat: 'Sum' }) as const);
    const slow = { name: VERSION_METRICS.answerMs, dimensions: {}, stat: 'p99' } as const;
    const [answers = [], ...counts] = await this.#read([slow, ...failed], minutes);
    return counts.some((values) => total(values) > 0) || answers.some(isSlow);
  }

  /** What each version was asked and gave, in the given order. */
  async ofVersions(names: readonly VersionName[], minutes: Minutes): Promise<readonly Figures[]> {
    const { asked, missing, invalid, answerMs } = VERSION_METRICS;
    const series = names.flatMap(({ model, version }) => [
      ...[asked, missing, invalid].map((name) => ({ name, dimensions: { model, version }, stat: 'Sum' }) as const),
      { name: answerMs, dimensions: { model, version }, stat: 'p50' } as const,
    ]);
    const values = await this.#read(series, minutes);
    return names.map((_, index) => {
      const [askedOf = [], missingOf = [], invalidOf = [], medians = []] = values.slice(index * 4, index * 4 + 4);
      return {
        ...{ asked: total(askedOf), missing: total(missingOf), invalid: total(invalidOf) },
        ...{ answeredMinutes: medians.length, slowMinutes: medians.filter(isSlow).length },
      };
    });
  }

  /** What went wrong with requests of each model, in the given order. */
  async ofModels(
    models: readonly string[],
    minutes: Minutes,
  ): Promise<readonly Pick<ModelLook, 'requestsFailed' | 'notLogged'>[]> {
    const series = models.flatMap((model) =>
      [REQUESTS_FAILED, 'PREDICTIONS_NOT_LOGGED'].map(
        (name) => ({ name, dimensions: { model }, stat: 'Sum' }) as const,
      ),
    );
    const values = await this.#read(series, minutes);
    return models.map((_, index) => ({
      requestsFailed: total(values[index * 2] ?? []),
      notLogged: total(values[index * 2 + 1] ?? []),
    }));
  }

  /** Of each series a value per minute that has one. */
  async #read(series: readonly Series[], { until, count }: Minutes): Promise<readonly (readonly number[])[]> {
    const found = new Map<string, number[]>();
    const queries = series.map(queryOf);
    const end = new Date(Date.parse(until));
    const start = new Date(end.getTime() - count * 60_000);
    for (let at = 0; at < queries.length; at += MAX_QUERIES) {
      let token: string | undefined;
      do {
        const page = await this.#client.send(
          new GetMetricDataCommand({
            MetricDataQueries: queries.slice(at, at + MAX_QUERIES),
            ...{ StartTime: start, EndTime: end, NextToken: token },
          }),
        );
        for (const { Id = '', Values = [] } of page.MetricDataResults ?? []) {
          found.set(Id, [...(found.get(Id) ?? []), ...Values]);
        }
        token = page.NextToken;
      } while (token !== undefined);
    }
    return queries.map(({ Id = '' }) => found.get(Id) ?? []);
  }
}

function queryOf({ name, dimensions, stat }: Series, index: number): MetricDataQuery {
  const { namespace, serviceName: service } = INFERENCE_METRICS;
  const Dimensions = Object.entries({ service, ...dimensions }).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: `q${index}`,
    MetricStat: {
      Metric: { Namespace: namespace, MetricName: name, Dimensions },
      ...{ Period: PERIOD_SECONDS, Stat: stat },
    },
  };
}

function isSlow(milliseconds: number): boolean {
  return milliseconds >= SLOW_ANSWER_MS;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
