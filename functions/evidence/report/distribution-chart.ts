import type { Chart, Drawing } from './chart.ts';
import { shade } from './chart-colors.ts';
import { legend, nameAxis, numberAxis } from './chart-style.ts';
import { roundScale } from './scale.ts';

export interface DistributionChart extends Pick<Chart, 'id' | 'title' | 'description'> {
  readonly names: { readonly candidate: string; readonly comparator: string };
  readonly axis: { readonly bins: string; readonly shares: string };
  /** Bins in order; shares in percent. */
  readonly bins: readonly { readonly name: string; readonly candidate: number; readonly comparator: number }[];
}

const HEIGHT = 300;

/** Two distributions over the same bins: the candidate as bars, the comparator as steps above them. */
export function distributionChart(chart: DistributionChart): Chart {
  const { id, title, description } = chart;
  return { id, title, description, draw: ({ narrow }) => draw(chart, narrow) };
}

function draw({ names, axis, bins }: DistributionChart, narrow: boolean): Drawing {
  const highest = Math.max(1, ...bins.flatMap(({ candidate, comparator }) => [candidate, comparator]));
  return {
    height: HEIGHT,
    option: {
      grid: { left: 52, right: 14, top: 40, bottom: 52 },
      legend: legend([names.candidate, names.comparator]),
      xAxis: {
        ...nameAxis(bins.map(({ name }) => name)),
        name: axis.bins,
        nameLocation: 'middle',
        nameGap: 28,
        nameTextStyle: { fontSize: 12, color: shade('soft') },
      },
      yAxis: numberAxis(roundScale(0, highest, narrow ? 4 : 6), { name: axis.shares, gap: 36, signed: false }),
      series: [
        {
          type: 'bar',
          name: names.candidate,
          silent: true,
          barCategoryGap: '12%',
          itemStyle: { color: shade('candidate') },
          data: bins.map(({ candidate }) => candidate),
        },
        {
          type: 'line',
          name: names.comparator,
          silent: true,
          clip: false,
          step: 'middle',
          symbol: 'none',
          lineStyle: { color: shade('comparator'), width: 2.5 },
          itemStyle: { color: shade('comparator') },
          data: bins.map(({ comparator }) => comparator),
        },
      ],
    },
  };
}
