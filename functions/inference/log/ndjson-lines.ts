export interface Line {
  /** From 1, blank lines counted. */
  readonly number: number;
  /** Null: the line is longer than allowed. */
  readonly bytes: Uint8Array | null;
}

const NEWLINE = 0x0a;

/**
 * The lines of a file that arrives in chunks, without their ends. Of a line longer than `maxBytes` nothing is kept but
 * its number, so that no input fills the memory.
 */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let begun: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): void => {
    length += bytes.length;
    if (length <= maxBytes) begun.push(bytes);
    else begun = [];
  };
  const line = (): Line => {
    const made = { number, bytes: length > maxBytes ? null : Buffer.concat(begun) };
    number += 1;
    begun = [];
    length = 0;
    return made;
  };
  for await (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, at)) {
      add(chunk.subarray(at, end));
      yield line();
      at = end + 1;
    }
    if (at < chunk.length) add(chunk.subarray(at));
  }
  if (length > 0) yield line();
}
