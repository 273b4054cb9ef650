import type { ForecastRequest } from './forecaster.ts';
import type { SaidOfOne } from './run-version.ts';

/*
 * How a process and the isolated one beside it speak. What goes there is trusted and may be anything; what comes back may be
 * sent by code that is not, so it has one shape, of numbers alone, whose size is known beforehand.
 */

export type IsolatedMessage =
  /** `artifact` is null where the process holds it already; it forgets what is not in `keep`. */
  | {
      readonly kind: 'start';
      readonly run: number;
      readonly key: string;
      readonly artifact: Uint8Array | null;
      readonly keep: readonly string[];
    }
  /** `positions` has one per request. */
  | {
      readonly kind: 'ask';
      readonly run: number;
      readonly positions: readonly number[];
      readonly requests: readonly ForecastRequest[];
    }
  | { readonly kind: 'end'; readonly run: number }
  | { readonly kind: 'stop'; readonly run: number };

export type Told =
  | { readonly kind: 'answer'; readonly run: number; readonly position: number; readonly said: SaidOfOne }
  /** Why a batch failed. */
  | { readonly kind: 'failed'; readonly run: number; readonly code: string }
  /** Why there is no predictor. */
  | { readonly kind: 'not-loaded'; readonly run: number; readonly code: string }
  /** Nothing of the run goes on any more. */
  | { readonly kind: 'done'; readonly run: number };

const LENGTH_BYTES = 4;

/** A message's bytes after their number. */
export function framed(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  frame.writeUInt32LE(body.length);
  frame.set(body, LENGTH_BYTES);
  return frame;
}

/** Takes a stream of frames apart again. Parts of a long one are joined once, when its last has come. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): readonly Buffer[] {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    const bodies: Buffer[] = [];
    for (let need = this.#need(); this.#bytes >= need; need = this.#need()) {
      const all = this.#joined();
      bodies.push(all.subarray(LENGTH_BYTES, need));
      this.#parts = [all.subarray(need)];
      this.#bytes -= need;
    }
    return bodies;
  }

  #need(): number {
    if (this.#bytes < LENGTH_BYTES) return LENGTH_BYTES;
    const [first] = this.#parts;
    const head = first !== undefined && first.length >= LENGTH_BYTES ? first : this.#joined();
    return LENGTH_BYTES + head.readUInt32LE();
  }

  #joined(): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && this.#parts.length === 1) return first;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

const KINDS = { answer: 1, nothing: 2, failed: 3, 'not-loaded': 4, done: 5 } as const;
const HEAD_BYTES = 16;
const VALUE_BYTES = 8;
const MAX_CODE_BYTES = 64;
/** A number that is none, with bits of its own: what is no number at all is told from what is not a number. */
const NO_NUMBER = 0x7ff8_0000_6e6f_6e65n;

export function toldAnswer(run: number, position: number, said: SaidOfOne): Buffer {
  if (said === null) return head(KINDS.nothing, run, { position, count: 0 });
  const frame = Buffer.concat([
    head(KINDS.answer, run, { position, count: said.length }),
    Buffer.allocUnsafe(said.length * VALUE_BYTES),
  ]);
  said.forEach((units, day) => {
    const at = HEAD_BYTES + day * VALUE_BYTES;
    if (units === null) frame.writeBigUInt64LE(NO_NUMBER, at);
    else frame.writeDoubleLE(units, at);
  });
  return frame;
}

export function toldCode(kind: 'failed' | 'not-loaded', run: number, code: string): Buffer {
  const text = Buffer.from(code).subarray(0, MAX_CODE_BYTES);
  return Buffer.concat([head(KINDS[kind], run, { position: 0, count: text.length }), text]);
}

export function toldDone(run: number): Buffer {
  return head(KINDS.done, run, { position: 0, count: 0 });
}

function head(kind: number, run: number, { position, count }: { position: number; count: number }): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  [kind, run, position, count].forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
}

/** Bytes that an isolated process may say in all of a run, however it is that it says them. */
export function mostToldBytes(requests: number, horizonDays: number): number {
  const codes = requests + 2;
  return requests * (HEAD_BYTES + horizonDays * VALUE_BYTES) + codes * (HEAD_BYTES + MAX_CODE_BYTES);
}

/** Takes apart what an isolated process says. */
export class ToldReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns null when it is nothing that we say */
  push(chunk: Buffer, maxDays: number): readonly Told[] | null {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const told: Told[] = [];
    while (rest.length >= HEAD_BYTES) {
      const bytes = bodyBytes(rest, maxDays);
      if (bytes === null) return null;
      if (rest.length < HEAD_BYTES + bytes) break;
      const one = toldOf(rest, rest.subarray(HEAD_BYTES, HEAD_BYTES + bytes));
      if (one === null) return null;
      told.push(one);
      rest = rest.subarray(HEAD_BYTES + bytes);
    }
    this.#rest = rest;
    return told;
  }
}

function bodyBytes(frame: Buffer, maxDays: number): number | null {
  const [kind, count] = [frame.readUInt32LE(0), frame.readUInt32LE(12)];
  if (kind === KINDS.answer) return count <= maxDays ? count * VALUE_BYTES : null;
  return count <= MAX_CODE_BYTES ? count : null;
}

function toldOf(frame: Buffer, body: Buffer): Told | null {
  const [kind, run, position] = [frame.readUInt32LE(0), frame.readUInt32LE(4), frame.readUInt32LE(8)];
  switch (kind) {
    case KINDS.answer:
      return { kind: 'answer', run, position, said: valuesOf(body) };
    case KINDS.nothing:
      return { kind: 'answer', run, position, said: null };
    case KINDS.failed:
      return { kind: 'failed', run, code: codeIn(body) };
    case KINDS['not-loaded']:
      return { kind: 'not-loaded', run, code: codeIn(body) };
    case KINDS.done:
      return { kind: 'done', run };
    default:
      return null;
  }
}

function valuesOf(body: Buffer): readonly (number | null)[] {
  return Array.from({ length: body.length / VALUE_BYTES }, (_, day) => {
    const at = day * VALUE_BYTES;
    const units = body.readDoubleLE(at);
    return Number.isNaN(units) && body.readBigUInt64LE(at) === NO_NUMBER ? null : units;
  });
}

function codeIn(body: Buffer): string {
  return body.toString('latin1').replaceAll(/[^\w.:-]/g, '_');
}
