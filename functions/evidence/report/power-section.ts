import type { Html } from '../../platform/html.ts';
import { CANARY_NAMES, differenceOf } from './canary-measures.ts';
import { counted, percentOf } from './numbers.ts';
import { section, table } from './page-parts.ts';
import type { ShadowReport } from './stage-schema.ts';

/** Whether a canary of this plan could show its margins; nothing when it was not asked. */
export function powerSection({ power }: ShadowReport): Html | null {
  if (power === null) return null;
  return section('power', 'Can the canary show anything?', [
    table({
      caption: `How much units differ before anybody is exposed, on ${counted(power.days)} days of outcomes. A metric is shown with a chance of 80 % if the candidate does no harm.`,
      columns: [
        'Metric',
        'Verdict',
        'Margin',
        'Spread of one cluster',
        'Clusters in the plan',
        'Clusters needed',
        'After',
      ],
      rows: power.metrics.map((one) => ({ name: CANARY_NAMES[one.metric]?.name ?? one.metric, cells: cells(one) })),
    }),
  ]);
}

type MetricPower = NonNullable<ShadowReport['power']>['metrics'][number];

function cells(one: MetricPower) {
  const write = differenceOf(one.metric);
  const paired = one.metric === 'paired_wape';
  return [
    {
      text: one.powered ? 'can be shown' : 'cannot be shown',
      tone: one.powered ? ('better' as const) : ('worse' as const),
    },
    write(one.margin),
    percentOf(one.sigma),
    paired ? counted(one.clusters_canary) : `${counted(one.clusters_canary)} and ${counted(one.clusters_control)}`,
    paired ? counted(one.clusters_needed) : `${counted(one.clusters_needed)} per arm`,
    one.days_needed === null ? '–' : `${one.days_needed} days`,
  ];
}
