/** Relative tolerance at which worked cases are compared; differences of numbers near 0 count absolutely. */
const TOLERANCE = 1e-8;
const NEAR_ZERO = 1e-12;

/** Where two JSON values differ, as `path: got against expected`; nothing when they agree. Key order is no difference. */
export function differences(got: unknown, expected: unknown, path = '$'): readonly string[] {
  if (typeof got === 'number' && typeof expected === 'number') {
    const allowed = Math.max(NEAR_ZERO, TOLERANCE * Math.max(Math.abs(got), Math.abs(expected)));
    return Math.abs(got - expected) <= allowed ? [] : [`${path}: ${got} against ${expected}`];
  }
  if (Array.isArray(got) && Array.isArray(expected)) {
    if (got.length !== expected.length) {
      return [`${path}: ${JSON.stringify(got).slice(0, 200)} against ${JSON.stringify(expected).slice(0, 200)}`];
    }
    return got.flatMap((one, index) => differences(one, expected[index], `${path}[${index}]`));
  }
  if (isRecord(got) && isRecord(expected)) {
    const keys = [...new Set([...Object.keys(got), ...Object.keys(expected)])].sort();
    return keys.flatMap((key) => {
      if (!Object.hasOwn(expected, key)) return [`${path}.${key}: not expected`];
      if (!Object.hasOwn(got, key)) return [`${path}.${key}: missing`];
      return differences(got[key], expected[key], `${path}.${key}`);
    });
  }
  return Object.is(got, expected) ? [] : [`${path}: ${JSON.stringify(got)} against ${JSON.stringify(expected)}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
