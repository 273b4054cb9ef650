/** The allowed name that a misspelt one was most likely meant to be; null when none is near. */
export function nearest(name: string, allowed: readonly string[]): string | null {
  const limit = Math.min(name.length - 1, Math.max(2, Math.floor(name.length / 3)));
  const [first] = allowed
    .map((one) => ({ one, distance: editDistance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.one < b.one ? -1 : 1));
  return first?.one ?? null;
}

/** Insertions, deletions and substitutions from one text to the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
