/** Requests that are forecast together: enough to be quick, few enough to be held. */
const CHUNK = 500;

/** The same values in order, in pieces of so many; the last may be shorter. */
export async function* chunksOf<T>(values: AsyncIterable<T>, size = CHUNK): AsyncGenerator<readonly T[]> {
  let chunk: T[] = [];
  for await (const value of values) {
    chunk.push(value);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
