import { CANARY_NAMES } from './canary-measures.ts';
import type { Chart } from './chart.ts';
import type { Measured } from './gate-report.ts';
import { lookChart } from './look-chart.ts';
import type { CanaryLookReport } from './stage-schema.ts';

/** A metric of the canary as people call it, and the unit of its differences. */
export function metricName(metric: string): { readonly name: string; readonly unit: string } {
  return CANARY_NAMES[metric] ?? { name: metric, unit: '' };
}

/** What each look saw of one metric, in order. */
export function looksAt(metric: string, looks: readonly CanaryLookReport[]) {
  return looks.flatMap(({ day, metrics }) => {
    const found = metrics[metric];
    return found === undefined ? [] : [{ day, ...found }];
  });
}

/** One metric from look to look, with its bounds and its margin. */
export function metricLookChart(metric: string, looks: readonly CanaryLookReport[]): Chart {
  const { name, unit } = metricName(metric);
  const seen = looksAt(metric, looks);
  const hundred = (value: Measured) => (typeof value === 'number' ? value * 100 : null);
  return lookChart({
    id: `looks-${metric}`,
    title: `${name}, from look to look`,
    description: `Difference between canary and control at each look, in ${unit}, with its bounds. Harm is said when the lower bound stays above zero and the difference reaches the margin; a pass needs the upper bound below the dashed line of the margin.`,
    axis: unit,
    looks: seen.map(({ day, tau, lcb, ucb }) => ({
      day,
      estimate: hundred(tau),
      low: hundred(lcb),
      high: hundred(ucb),
    })),
    margin: hundred(seen.at(-1)?.margin ?? null),
  });
}
