/**
 * The RFC 8785 text of a value that came out of JSON.parse, written a second time here: the verifier must not inherit
 * a mistake of the writer. Members are ordered by UTF-16 code units; ECMAScript's own number and string forms are those
 * that the RFC asks for.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(',')}}`;
}
