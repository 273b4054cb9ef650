/** An axis from one round number to another, with its steps. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly interval: number;
}

/** The axis with steps of 1, 2, 2.5 or 5 times a power of ten that covers `low` to `high`, with about `steps` steps. */
export function roundScale(low: number, high: number, steps: number): Scale {
  const span = high - low > 0 ? high - low : Math.max(Math.abs(high), 1) / 10;
  const power = 10 ** Math.floor(Math.log10(span / steps));
  const factor = [1, 2, 2.5, 5].find((one) => one * power * steps >= span * 0.999) ?? 10;
  const interval = clean(factor * power);
  return {
    min: clean(Math.floor(low / interval + 1e-9) * interval),
    max: clean(Math.ceil(high / interval - 1e-9) * interval),
    interval,
  };
}

/** Without the last digits that binary fractions leave. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** Decimals that steps of `interval` need. */
export function decimalsOf(interval: number): number {
  return [0, 1, 2, 3].find((digits) => Math.abs(interval - Number(interval.toFixed(digits))) < 1e-9) ?? 4;
}
