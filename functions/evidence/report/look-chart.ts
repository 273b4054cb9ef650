import type { Chart, Drawing } from './chart.ts';
import { shade } from './chart-colors.ts';
import { legend, marksAcrossColumns, nameAxis, numberAxis, scaleFor } from './chart-style.ts';
import { intervalBars } from './interval-bar.ts';

/** What one look saw; null is undefined. */
export interface LookPoint {
  readonly day: string;
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface LookChart extends Pick<Chart, 'id' | 'title' | 'description'> {
  readonly axis: string;
  readonly looks: readonly LookPoint[];
  /** Fixed before the first look. */
  readonly margin: number | null;
}

const HEIGHT = 260;

/** An estimate from look to look with its bounds, and the margin that the upper one is held to. */
export function lookChart(chart: LookChart): Chart {
  const { id, title, description } = chart;
  return { id, title, description, draw: () => draw(chart) };
}

function draw({ axis, looks, margin }: LookChart): Drawing {
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  const scale = scaleFor(
    known([margin, ...looks.map(({ estimate }) => estimate)]),
    known(looks.flatMap(({ low, high }) => [low, high])),
    5,
  );
  const estimate = 'difference, with its bounds';
  const [low, high] = [scale.min - 1, scale.max + 1];
  return {
    height: HEIGHT,
    option: {
      grid: { left: 62, right: 52, top: 36, bottom: 30 },
      legend: legend([estimate]),
      xAxis: nameAxis(looks.map(({ day }) => day.slice(5))),
      yAxis: numberAxis(scale, { name: axis, gap: 46 }),
      series: [
        intervalBars(
          looks.flatMap((look, place) =>
            look.estimate === null ? [] : [{ place, low: look.low ?? low, high: look.high ?? high }],
          ),
          { scale, color: 'candidate', along: 'y' },
        ),
        {
          type: 'line',
          name: estimate,
          silent: true,
          clip: false,
          symbol: 'circle',
          symbolSize: 8,
          showAllSymbol: true,
          itemStyle: { color: shade('candidate'), borderWidth: 0 },
          lineStyle: { color: shade('candidate'), width: 1.5 },
          z: 3,
          data: looks.map((look) => look.estimate ?? '-'),
        },
        marksAcrossColumns(margin === null ? [] : [{ at: margin, name: 'margin' }]),
      ],
    },
  };
}
