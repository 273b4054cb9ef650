import type { Chart, Drawing } from '../../evidence/report/chart.ts';
import { type ShadeName, shade } from '../../evidence/report/chart-colors.ts';
import { legend, marksAcrossColumns, nameAxis, numberAxis } from '../../evidence/report/chart-style.ts';
import { roundScale } from '../../evidence/report/scale.ts';
import { PHASES, type Phase } from '../drill-items.ts';
import type { Trend, TrendPoint } from '../trend.ts';

const HEIGHT = 300;
const FILLS: Readonly<Record<Phase, ShadeName>> = {
  detect: 'ink',
  decide: 'comparator',
  switch: 'candidate',
  converge: 'soft',
};

/** The seconds of each phase of each drill, one on the other, against the limit of the newest. */
export function drillChart(trend: Trend): Chart {
  const limit = trend.drills.at(-1)?.maxSeconds ?? 0;
  return {
    id: 'trend',
    title: 'Seconds by phase, drill by drill',
    description: `Each column is a drill, the newest on the right; its parts are the phases in their order, from below. ${limitWords(trend, limit)} A drill that did not come to its end shows what was measured until then.`,
    draw: ({ narrow }) => draw(trend, { limit, narrow }),
  };
}

function draw({ drills }: Trend, { limit, narrow }: { readonly limit: number; readonly narrow: boolean }): Drawing {
  const highest = highestOf(drills);
  const shown = isShown(drills, limit);
  const scale = roundScale(0, shown ? Math.max(highest, limit) : highest, 5);
  return {
    height: HEIGHT,
    option: {
      grid: { left: 56, right: shown ? 52 : 16, top: narrow ? 58 : 36, bottom: 30 },
      legend: { ...legend([...PHASES]), itemWidth: 14, itemGap: narrow ? 14 : 26 },
      xAxis: nameAxis(drills.map(({ at }) => at.slice(5, 10))),
      yAxis: numberAxis(scale, { name: 'seconds', gap: 40, signed: false }),
      series: [
        ...PHASES.map((phase) => ({
          ...{ type: 'bar', name: phase, stack: 'phases', silent: true, barMaxWidth: 44 },
          itemStyle: { color: shade(FILLS[phase]) },
          data: drills.map(({ seconds }) => seconds[phase] ?? 0),
        })),
        marksAcrossColumns(shown ? [{ at: limit, name: 'limit' }] : []),
      ],
    },
  };
}

/** A limit far above all of them would flatten them; it is then told in words alone. */
function isShown(drills: Trend['drills'], limit: number): boolean {
  return limit <= highestOf(drills) * 6;
}

function limitWords({ drills }: Trend, limit: number): string {
  return isShown(drills, limit)
    ? `The dashed line is the limit, ${limit} s.`
    : `The limit, ${limit} s, is far above what is drawn.`;
}

function highestOf(drills: Trend['drills']): number {
  return Math.max(...drills.map(heightOf), 1);
}

function heightOf({ seconds }: TrendPoint): number {
  return PHASES.reduce((sum, phase) => sum + (seconds[phase] ?? 0), 0);
}
