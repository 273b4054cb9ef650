import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemReturn } from 'echarts';
import { type ShadeName, shade } from './chart-colors.ts';
import type { Scale } from './scale.ts';

/** An interval at one place of the other axis. */
export interface Interval {
  readonly place: number;
  readonly low: number;
  readonly high: number;
}

interface Look {
  readonly scale: Scale;
  readonly color: ShadeName;
  /** Which axis the numbers are on. */
  readonly along: 'x' | 'y';
}

/** Intervals as lines with an end cap, or with an arrow where they go on beyond the scale. */
export function intervalBars(intervals: readonly Interval[], look: Look) {
  return {
    type: 'custom',
    clip: false,
    silent: true,
    z: 2,
    data: intervals.map(({ place, low, high }) => [low, high, place]),
    encode: look.along === 'x' ? { x: [0, 1], y: 2 } : { x: 2, y: [0, 1] },
    renderItem: (_: unknown, api: CustomSeriesRenderItemAPI) => bar(api, look),
  };
}

type Point = readonly [number, number];

function bar(api: CustomSeriesRenderItemAPI, { scale, color, along }: Look): CustomSeriesRenderItemReturn {
  const [low, high, place] = [Number(api.value(0)), Number(api.value(1)), Number(api.value(2))];
  const at = (value: number): Point => {
    const [x = 0, y = 0] = api.coord(along === 'x' ? [value, place] : [place, value]);
    return [x, y];
  };
  const style = { stroke: shade(color), lineWidth: 2, fill: 'none' };
  const line = (...points: readonly Point[]) => ({
    type: 'polyline' as const,
    shape: { points: points.map(([x, y]) => [x, y]) },
    style,
  });
  const [from, to] = [at(Math.max(low, scale.min)), at(Math.min(high, scale.max))];
  return {
    type: 'group',
    children: [line(from, to), line(...end(from, to, low < scale.min)), line(...end(to, from, high > scale.max))],
  };
}

/** A cap across the end, or an arrow that points away from the other end. */
function end(tip: Point, other: Point, beyond: boolean): readonly Point[] {
  const [x, y] = tip;
  const length = Math.hypot(x - other[0], y - other[1]) || 1;
  const [dx, dy] = [(x - other[0]) / length, (y - other[1]) / length];
  const back = beyond ? 5 : 0;
  const side = (sign: 1 | -1): Point => [x - dx * back + dy * 4 * sign, y - dy * back - dx * 4 * sign];
  return beyond ? [side(1), tip, side(-1)] : [side(1), side(-1)];
}
