import type { Chart, Drawing } from './chart.ts';
import { shade } from './chart-colors.ts';
import {
  legend,
  type Mark,
  marksAcrossColumns,
  marksAcrossRows,
  nameAxis,
  numberAxis,
  scaleFor,
} from './chart-style.ts';
import { rowAxis } from './interval-chart.ts';

/** The same number of the candidate and of what it is compared with; null is undefined. */
export interface PairRow {
  readonly name: string;
  readonly candidate: number | null;
  readonly comparator: number | null;
}

export interface PairChart extends Pick<Chart, 'id' | 'title' | 'description'> {
  readonly axis: string;
  readonly rows: readonly PairRow[];
  readonly marks: readonly Mark[];
  readonly names: { readonly candidate: string; readonly comparator: string };
}

const ROW_HEIGHT = 24;
const LINE_HEIGHT = 280;

/** Candidate as full circles, comparator as hollow diamonds. */
const LOOKS = {
  candidate: { symbol: 'circle', symbolSize: 9, color: 'candidate', fill: 'candidate', type: 'solid' },
  comparator: { symbol: 'diamond', symbolSize: 11, color: 'comparator', fill: 'paper', type: 'dashed' },
} as const;

/** Pairs below each other, for names that have no order. */
export function pairChart(chart: PairChart): Chart {
  const { id, title, description, rows } = chart;
  const [top, bottom] = [chart.marks.length === 0 ? 34 : 50, 46];
  const draw = (narrow: boolean): Drawing => {
    const scale = scaleOf(chart, narrow ? 4 : 8);
    return {
      height: top + bottom + rows.length * ROW_HEIGHT,
      option: {
        grid: { left: narrow ? 136 : 190, right: 22, top, bottom },
        legend: legend([chart.names.candidate, chart.names.comparator]),
        xAxis: numberAxis(scale, { name: chart.axis, gap: 28 }),
        yAxis: rowAxis(
          rows.map(({ name }) => name),
          narrow,
        ),
        series: [
          ...(['comparator', 'candidate'] as const).map((side) => ({
            type: 'scatter',
            clip: false,
            ...pointsOf(chart, side),
            data: rows.flatMap((row, place) => (row[side] === null ? [] : [[row[side], place]])),
          })),
          marksAcrossRows(chart.marks, scale),
        ],
      },
    };
  };
  return { id, title, description, draw: ({ narrow }) => draw(narrow) };
}

/** Pairs side by side and joined by lines, for names that follow each other. */
export function courseChart(chart: PairChart): Chart {
  const { id, title, description, rows, marks } = chart;
  const draw = (narrow: boolean): Drawing => ({
    height: LINE_HEIGHT,
    option: {
      grid: { left: 58, right: marks.length === 0 ? 22 : 44, top: 40, bottom: 34 },
      legend: legend([chart.names.candidate, chart.names.comparator]),
      xAxis: nameAxis(rows.map(({ name }) => name)),
      yAxis: numberAxis(scaleOf(chart, 6), { name: chart.axis, gap: 42 }),
      series: [
        ...(['comparator', 'candidate'] as const).map((side) => ({
          type: 'line',
          clip: false,
          ...pointsOf(chart, side),
          lineStyle: { color: shade(LOOKS[side].color), width: 2, type: LOOKS[side].type },
          showAllSymbol: !narrow || rows.length < 20,
          data: rows.map((row) => row[side] ?? '-'),
        })),
        marksAcrossColumns(chart.marks),
      ],
    },
  });
  return { id, title, description, draw: ({ narrow }) => draw(narrow) };
}

function scaleOf({ rows, marks }: PairChart, steps: number) {
  const values = rows.flatMap(({ candidate, comparator }) => [candidate, comparator].filter((one) => one !== null));
  return scaleFor([...values, ...marks.map(({ at }) => at)], [], steps);
}

function pointsOf({ names }: PairChart, side: 'candidate' | 'comparator') {
  const { symbol, symbolSize, color, fill } = LOOKS[side];
  return {
    name: names[side],
    silent: true,
    symbol,
    symbolSize,
    itemStyle: { color: shade(fill), borderColor: shade(color), borderWidth: 2, opacity: 1 },
    z: side === 'candidate' ? 4 : 3,
  };
}
