import { visibleLine } from '../../platform/html.ts';
import { type ShadeName, shade } from './chart-colors.ts';
import { decimalsOf, roundScale, type Scale } from './scale.ts';

/** Text of one size and colour. */
export function text(fontSize: number, color: ShadeName = 'ink') {
  return { fontSize, color: shade(color) };
}

/** An axis of numbers with its name beneath or beside it; `signed`: with a plus before what is above zero. */
export function numberAxis(
  scale: Scale,
  { name, gap, signed = true }: { readonly name: string; readonly gap: number; readonly signed?: boolean },
) {
  return {
    type: 'value',
    ...scale,
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: text(12, 'soft'),
    axisLabel: { ...text(11, 'soft'), formatter: (value: number) => tick(value, scale, signed) },
    splitLine: { lineStyle: { color: shade('grid') } },
  };
}

function tick(value: number, { interval }: Scale, signed: boolean): string {
  const words = Math.abs(value).toFixed(decimalsOf(interval));
  if (Number(words) === 0) return '0';
  if (value < 0) return `−${words}`;
  return signed ? `+${words}` : words;
}

/** An axis of names. */
export function nameAxis(names: readonly string[]) {
  return {
    type: 'category',
    data: names.map(visibleLine),
    axisLine: { lineStyle: { color: shade('soft') } },
    axisTick: { show: false },
    axisLabel: { ...text(11, 'soft'), hideOverlap: true },
  };
}

export function legend(names: readonly string[]) {
  return { top: 0, left: 0, itemWidth: 22, itemGap: 26, data: names, textStyle: text(12) };
}

/** A line across the chart at a value of one axis, with a name at its end. */
export interface Mark {
  readonly at: number;
  readonly name: string;
}

/** Lines across rows, from top to bottom. A name near the edge leans inwards, so that it is not cut. */
export function marksAcrossRows(marks: readonly Mark[], { min, max }: Scale) {
  const side = (at: number) =>
    (at - min) / (max - min) > 0.75 ? 'right' : (at - min) / (max - min) < 0.25 ? 'left' : 'center';
  // Names of rows go downwards, so that a line across them starts at the top.
  return markLines(
    marks,
    ({ at }) => ({ xAxis: at }),
    ({ at }) => ({ position: 'start', align: side(at) }),
  );
}

/** Lines across columns, from left to right, with their names behind them. */
export function marksAcrossColumns(marks: readonly Mark[]) {
  return markLines(
    marks,
    ({ at }) => ({ yAxis: at }),
    () => ({ position: 'end' }),
  );
}

/** A series that draws nothing but marks: zero as a whole line, the others dashed. */
function markLines(marks: readonly Mark[], place: (mark: Mark) => object, label: (mark: Mark) => object) {
  const line = (mark: Mark, color: ShadeName, type: 'solid' | 'dashed') => ({
    ...place(mark),
    lineStyle: { color: shade(color), type, width: 1.5 },
    label: { show: mark.name !== '', formatter: mark.name, ...text(11, color), ...label(mark) },
  });
  const zero = line({ at: 0, name: '' }, 'ink', 'solid');
  const data = [zero, ...marks.map((mark) => line(mark, 'limit', 'dashed'))];
  return { type: 'scatter', clip: false, data: [], markLine: { silent: true, symbol: 'none', data } };
}

/**
 * The scale that shows all `values`, and `bounds` as far as they leave the values readable: one interval of hardly any
 * data would otherwise flatten all others.
 */
export function scaleFor(values: readonly number[], bounds: readonly number[], steps: number): Scale {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const room = Math.max(high - low, 2);
  return roundScale(
    Math.max(Math.min(low, ...bounds), low - room),
    Math.min(Math.max(high, ...bounds), high + room),
    steps,
  );
}
