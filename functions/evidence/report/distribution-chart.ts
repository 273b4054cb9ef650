import type { Chart, Drawing } from './chart.ts';
import { shade } from './chart-colors.ts';
import { legend, nameAxis, numberAxis, text } from './chart-style.ts';
import { roundScale } from './scale.ts';

export interface DistributionChart extends Pick<Chart, 'id' | 'title' | 'description'> {
  readonly names: { readonly candidate: string; readonly comparator: string };
  readonly axis: { readonly bins: string; readonly shares: string };
  /** Bins in order; shares in percent. A bin without a name is drawn without one. */
  readonly bins: readonly { readonly name: string; readonly candidate: number; readonly comparator: number }[];
}

const HEIGHT = 300;

/** Two distributions over the same bins: the candidate as bars, the comparator as steps above them. */
export function distributionChart(chart: DistributionChart): Chart {
  const { id, title, description } = chart;
  return { id, title, description, draw: ({ narrow }) => draw(chart, narrow) };
}

/** The steps need a place on both sides to begin and to end at. */
const NOTHING = { name: '', candidate: 0, comparator: 0 };

function draw({ names, axis, bins: filled }: DistributionChart, narrow: boolean): Drawing {
  const bins = [NOTHING, ...filled, NOTHING];
  const highest = Math.max(1, ...bins.flatMap(({ candidate, comparator }) => [candidate, comparator]));
  return {
    height: HEIGHT,
    option: {
      grid: { left: 52, right: 14, top: 40, bottom: 52 },
      legend: legend([names.candidate, names.comparator]),
      xAxis: {
        ...nameAxis(bins.map(({ name }) => name)),
        axisLabel: { ...text(11, 'soft'), interval: (_: number, name: string) => name !== '' },
        name: axis.bins,
        nameLocation: 'middle',
        nameGap: 28,
        nameTextStyle: text(12, 'soft'),
      },
      yAxis: numberAxis(roundScale(0, highest, narrow ? 4 : 6), { name: axis.shares, gap: 36, signed: false }),
      series: [
        {
          type: 'bar',
          clip: false,
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
