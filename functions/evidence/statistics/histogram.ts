/** A zero bin, one bin below the first edge, then one from each edge on. An edge belongs to the bin on its right. */
export interface HistogramSpec {
  readonly name: 'H1' | 'H2';
  readonly edges: readonly number[];
  readonly bins: number;
}

/**
 * Counts and sums of values in bins of one specification, mergeable by addition. Sums are integers of 1e-12 units, so
 * that neither order nor sharding changes a bit.
 */
export interface Histogram {
  readonly counts: readonly number[];
  readonly sums: readonly bigint[];
}

/** Units of a histogram's sums in one. */
const PICO = 1e12;

/** 2 to the power of 0, 1/4, 1/2 and 3/4: the edges are exact powers times these, because logarithms differ by runtime. */
const QUARTERS = [1, 1.189207115002721, Math.SQRT2, 1.681792830507429] as const;

/** 2^(quarters / 4). */
function powerOfTwo(quarters: number): number {
  const part = ((quarters % 4) + 4) % 4;
  return (QUARTERS[part] ?? 1) * 2 ** ((quarters - part) / 4);
}

function spec(name: 'H1' | 'H2', step: number, from: number, to: number): HistogramSpec {
  const edges = Array.from({ length: to - from + 1 }, (_, index) => powerOfTwo((from + index) * step));
  return { name, edges, bins: edges.length + 2 };
}

/** For raw units or milliseconds: edges 2^(k/2), k = -8 … 34; 45 bins. */
export const H1 = spec('H1', 2, -8, 34);

/** For ratios to a reference level: edges 2^(k/4), k = -16 … 16; 35 bins. */
export const H2 = spec('H2', 1, -16, 16);

/** The bin of a value that is not negative: 0 for exactly 0, then 1 + the number of edges up to the value. */
export function binOf({ edges }: HistogramSpec, value: number): number {
  if (value === 0) return 0;
  let [from, to] = [0, edges.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (value >= (edges[middle] ?? Number.POSITIVE_INFINITY)) from = middle + 1;
    else to = middle;
  }
  return 1 + from;
}

export function histogramOf(kind: HistogramSpec, values: readonly number[]): Histogram {
  const counts = new Array<number>(kind.bins).fill(0);
  const sums = new Array<bigint>(kind.bins).fill(0n);
  for (const value of values) {
    const bin = binOf(kind, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
    sums[bin] = (sums[bin] ?? 0n) + BigInt(Math.round(value * PICO));
  }
  return { counts, sums };
}

/** Of all values of the parts together; the parts are of one specification. */
export function mergeHistograms(kind: HistogramSpec, parts: readonly Histogram[]): Histogram {
  const bins = Array.from({ length: kind.bins }, (_, bin) => bin);
  return {
    counts: bins.map((bin) => parts.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0)),
    sums: bins.map((bin) => parts.reduce((sum, { sums }) => sum + (sums[bin] ?? 0n), 0n)),
  };
}

/** Of counts and sums by bin, as a statement answers them; bins that are not named are empty. */
export function histogramFrom(
  kind: HistogramSpec,
  bins: readonly { readonly bin: number; readonly n: number; readonly total: bigint }[],
): Histogram {
  const found = new Map(bins.map((one) => [one.bin, one]));
  const all = Array.from({ length: kind.bins }, (_, bin) => found.get(bin));
  return { counts: all.map((one) => one?.n ?? 0), sums: all.map((one) => one?.total ?? 0n) };
}

export function countOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Mean of all values; null without one. */
export function meanOf(histogram: Histogram): number | null {
  const n = countOf(histogram);
  return n === 0 ? null : Number(histogram.sums.reduce((sum, one) => sum + one, 0n)) / PICO / n;
}

/** Mean of the values in each bin with its share of all values; only bins with values, in order. */
export function massesOf({ counts, sums }: Histogram): readonly { readonly at: number; readonly share: number }[] {
  const n = countOf({ counts, sums });
  return counts.flatMap((count, bin) =>
    count === 0 ? [] : [{ at: Number(sums[bin] ?? 0n) / PICO / count, share: count / n }],
  );
}
