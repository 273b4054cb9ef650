/** Kinds of segments in the order in which people look for them; others follow by name. */
const KINDS = ['region', 'category', 'regime', 'volume', 'horizon'];

/** By kind, then by name with numbers as numbers; the same on every machine. */
export function bySegment(a: string, b: string): number {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (kindA !== kindB) return rank(kindA) - rank(kindB) || (kindA < kindB ? -1 : 1);
  const [partsA, partsB] = [partsOf(a), partsOf(b)];
  const at = partsA.findIndex((part, index) => part !== partsB[index]);
  if (at < 0) return partsA.length - partsB.length;
  const [partA = '', partB = ''] = [partsA[at], partsB[at]];
  return Number(partA) - Number(partB) || (partA < partB ? -1 : 1);
}

function kindOf(segment: string): string {
  return segment.slice(0, Math.max(segment.indexOf(':'), 0));
}

function rank(kind: string): number {
  const at = KINDS.indexOf(kind);
  return at < 0 ? KINDS.length : at;
}

function partsOf(segment: string): readonly string[] {
  return segment.match(/\d+|\D+/g) ?? [];
}

/** The `most` things with the highest rank, in the order that they had. */
export function highest<T>(things: readonly T[], most: number, rankOf: (thing: T) => number): readonly T[] {
  if (things.length <= most) return things;
  const kept = new Set(
    things
      .map((thing, index) => ({ index, rank: rankOf(thing) }))
      .toSorted((a, b) => b.rank - a.rank || a.index - b.index)
      .slice(0, most)
      .map(({ index }) => index),
  );
  return things.filter((_, index) => kept.has(index));
}
