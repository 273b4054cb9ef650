import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FrameReader,
  framed,
  mostToldBytes,
  type Told,
  ToldReader,
  toldAnswer,
  toldCode,
  toldDone,
} from '../../../functions/inference/predictors/isolated-frames.ts';

const MAX_DAYS = 60;

/** The same bytes as they may arrive: cut anywhere. */
function cut(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...cuts.map((one) => one % (bytes.length + 1)), bytes.length].toSorted((one, other) => one - other);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });
const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, null));
const position = fc.nat({ max: 10_000 });
const run = fc.nat({ max: 2 ** 32 - 1 });
const code = fc.stringMatching(/^[A-Za-z_]{0,64}$/);
const told: fc.Arbitrary<Told> = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('answer' as const), run, position },
    said: fc.option(fc.array(value, { maxLength: MAX_DAYS })),
  }),
  fc.record({ kind: fc.constantFrom('failed' as const, 'not-loaded' as const), run, code }),
  fc.record({ kind: fc.constant('done' as const), run }),
);

function bytesOf(one: Told): Buffer {
  if (one.kind === 'answer') return toldAnswer(one.run, one.position, one.said);
  return one.kind === 'done' ? toldDone(one.run) : toldCode(one.kind, one.run, one.code);
}

describe('What a process is sent', () => {
  it('comes out as it went in, however it is cut on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), cuts, (bodies, at) => {
        const reader = new FrameReader();
        const read = cut(Buffer.concat(bodies.map(framed)), at).flatMap((chunk) => reader.push(chunk));
        expect(read.map((one) => [...one])).toEqual(bodies.map((one) => [...one]));
      }),
    );
  });
});

describe('What an isolated process says', () => {
  it('comes out as it went in, to the last bit of its values', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 20 }), cuts, (all, at) => {
        const reader = new ToldReader();
        const read: readonly unknown[] = cut(Buffer.concat(all.map(bytesOf)), at).flatMap<unknown>(
          (chunk) => reader.push(chunk, MAX_DAYS) ?? ['none'],
        );
        expect(read).toEqual(all);
      }),
    );
  });

  it('takes no more bytes than are counted for it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: MAX_DAYS }), (requests, days) => {
        const answers = Array.from({ length: requests }, (_, at) => toldAnswer(1, at, Array(days).fill(1)));
        const codes = Array.from({ length: requests + 1 }, () => toldCode('failed', 1, 'x'.repeat(100)));
        const bytes = [...answers, ...codes, toldDone(1)].reduce((sum, one) => sum + one.length, 0);
        expect(bytes).toBeLessThanOrEqual(mostToldBytes(requests, days));
      }),
    );
  });

  it('may be anything: it is read as ours, or not at all, and a name never holds more than a name may', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const reader = new ToldReader();
        for (const chunk of chunks) {
          const read = reader.push(Buffer.from(chunk), MAX_DAYS);
          if (read === null) return;
          for (const one of read) {
            if (one.kind === 'answer') expect(one.said?.length ?? 0).toBeLessThanOrEqual(MAX_DAYS);
            else if (one.kind !== 'done') expect(one.code).toMatch(/^[\w.:-]{0,64}$/);
          }
        }
      }),
    );
  });

  it('is not ours when it has more days than were asked for', () => {
    expect(new ToldReader().push(toldAnswer(1, 0, [1, 2, 3]), 2)).toBeNull();
  });
});
