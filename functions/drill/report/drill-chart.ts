import type { Chart, Drawing } from '../../evidence/report/chart.ts';
import { shade } from '../../evidence/report/chart-colors.ts';
import { legend, marksAcrossColumns, nameAxis, numberAxis } from '../../evidence/report/chart-style.ts';
import { roundScale } from '../../evidence/report/scale.ts';
import { PHASES, type Phase } from '../drill-items.ts';
import type { Trend, TrendPoint } from '../trend.ts';

const HEIGHT = 300;
/** Told apart by lightness and frame as well as by colour, so that grey print says the same. */
const FILLS: Readonly<Record<Phase, { readonly color: string; readonly opacity: number }>> = {
  detect: { color: shade('ink'), opacity: 0.9 },
  decide: { color: shade('comparator'), opacity: 0.95 },
  switch: { color: shade('candidate'), opacity: 0.95 },
  converge: { color: shade('candidate'), opacity: 0.35 },
};

/** The seconds of each phase of each drill, one on the other, against the limit of the newest. */
export function drillChart(trend: Trend): Chart {
  const limit = trend.drills.at(-1)?.maxSeconds ?? 0;
  return {
    id: 'trend',
    title: 'Seconds by phase, drill by drill',
    description: `Each column is a drill, the newest on the right; its parts are the phases in their order, from below. The dashed line is the limit, ${limit} s. A drill that did not come to its end shows what was measured until then.`,
    draw: ({ narrow }) => draw(trend, { limit, narrow }),
  };
}

function draw({ drills }: Trend, { limit, narrow }: { readonly limit: number; readonly narrow: boolean }): Drawing {
  const highest = Math.max(...drills.map(heightOf), 1);
  // A limit far above all of them would flatten them; it is then told in words alone.
  const shown = limit <= highest * 6;
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
          itemStyle: FILLS[phase],
          data: drills.map(({ seconds }) => seconds[phase] ?? 0),
        })),
        marksAcrossColumns(shown ? [{ at: limit, name: 'limit' }] : []),
      ],
    },
  };
}

function heightOf({ seconds }: TrendPoint): number {
  return PHASES.reduce((sum, phase) => sum + (seconds[phase] ?? 0), 0);
}
