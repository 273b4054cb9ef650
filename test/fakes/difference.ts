/** How everything stands, by what is said of it. */
export type Found = Readonly<Record<string, unknown>>;

/** What is not as it should be, of everything that either says. */
export function difference(found: Found, wanted: Found): readonly unknown[] {
  return Object.keys({ ...found, ...wanted })
    .filter((name) => JSON.stringify(found[name]) !== JSON.stringify(wanted[name]))
    .map((name) => ({ name, ...shortened(found[name], wanted[name]) }));
}

/** Of two lists that begin alike only what follows. */
function shortened(found: unknown, wanted: unknown) {
  if (!Array.isArray(found) || !Array.isArray(wanted)) return { found, wanted };
  const alike = found.findIndex((one, index) => JSON.stringify(one) !== JSON.stringify(wanted[index]));
  const from = alike === -1 ? found.length : alike;
  return { from, found: found.slice(from), wanted: wanted.slice(from) };
}
