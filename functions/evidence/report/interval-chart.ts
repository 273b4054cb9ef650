import { visibleLine } from '../../platform/html.ts';
import type { Chart, Drawing } from './chart.ts';
import { type ShadeName, shade } from './chart-colors.ts';
import { legend, type Mark, marksAcrossRows, numberAxis, scaleFor, text } from './chart-style.ts';
import { intervalBars } from './interval-bar.ts';

/** An estimate with its interval. `open`: shown, but not judged. */
export interface IntervalRow {
  readonly name: string;
  readonly estimate: number;
  /** Bounds; null where none can be given. */
  readonly bounds: readonly [low: number, high: number] | null;
  readonly open: boolean;
}

export interface IntervalChart extends Pick<Chart, 'id' | 'title' | 'description'> {
  /** What the numbers are, with their unit. */
  readonly axis: string;
  readonly rows: readonly IntervalRow[];
  readonly marks: readonly Mark[];
  /** What the two kinds of rows are. */
  readonly kinds: { readonly judged: string; readonly open: string };
}

const ROW_HEIGHT = 24;

/** Estimates below each other with their intervals; zero and the marks are lines across. */
export function intervalChart(chart: IntervalChart): Chart {
  const { id, title, description } = chart;
  return { id, title, description, draw: ({ narrow }) => draw(chart, narrow) };
}

function draw({ axis, rows, marks, kinds }: IntervalChart, narrow: boolean): Drawing {
  const scale = scaleFor(
    [...rows.map(({ estimate }) => estimate), ...marks.map(({ at }) => at)],
    rows.flatMap(({ bounds }) => bounds ?? []),
    narrow ? 4 : 8,
  );
  const shown = [
    { open: false, name: kinds.judged, color: 'candidate' as const },
    { open: true, name: kinds.open, color: 'soft' as const },
  ].filter(({ open }) => rows.some((row) => row.open === open));
  const [top, bottom] = [marks.length === 0 ? 34 : 50, 46];
  return {
    height: top + bottom + rows.length * ROW_HEIGHT,
    option: {
      grid: { left: narrow ? 136 : 190, right: 22, top, bottom },
      legend: legend(shown.map(({ name }) => name)),
      xAxis: numberAxis(scale, { name: axis, gap: 28 }),
      yAxis: rowAxis(
        rows.map(({ name }) => name),
        narrow,
      ),
      series: [
        ...shown.flatMap(({ open, name, color }) => [
          intervalBars(
            rows.flatMap(({ bounds, open: is }, place) =>
              is === open && bounds !== null ? [{ place, low: bounds[0], high: bounds[1] }] : [],
            ),
            { scale, color, along: 'x' },
          ),
          points(rows, { open, name, color }),
        ]),
        marksAcrossRows(marks, scale),
      ],
    },
  };
}

/** Names of rows from top to bottom. They are cut well before the edge: the font of a page may be wider than was measured. */
export function rowAxis(names: readonly string[], narrow: boolean) {
  return {
    type: 'category',
    data: names.map(visibleLine),
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...text(narrow ? 11 : 12), interval: 0, width: narrow ? 106 : 150, overflow: 'truncate' },
  };
}

interface Kind {
  readonly open: boolean;
  readonly name: string;
  readonly color: ShadeName;
}

function points(rows: readonly IntervalRow[], { open, name, color }: Kind) {
  return {
    type: 'scatter',
    clip: false,
    name,
    silent: true,
    symbol: 'circle',
    symbolSize: 9,
    itemStyle: { color: shade(open ? 'paper' : color), borderColor: shade(color), borderWidth: 2, opacity: 1 },
    z: 3,
    data: rows.flatMap((row, place) => (row.open === open ? [[row.estimate, place]] : [])),
  };
}
