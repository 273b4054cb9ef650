import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { bundleFunctions } from '../../infra/bundling.ts';

/** What a candidate beside it costs an answer, as functions are deployed. On one processor: `taskset -c 0 npm run bench -- shadow`. */
const MISDEEDS = [
  'is sound',
  'throws',
  'says what is no number',
  'sleeps',
  'never yields',
  'floods the console',
  'floods the pipe',
  'fills the heap with objects',
  'fills a list without end',
  'fills buffers outside the heap',
  'ends its process',
  'rejects where nobody looks',
];
/** How long an answer waits for a candidate beyond what serves. */
const CANDIDATE_MS = 500;

const answer = z.object({ servedMs: z.number(), answerMs: z.number(), outcome: z.string() });
const line = z.discriminatedUnion('what', [
  z.object({ what: z.literal('start'), blockedMs: z.number(), readyMs: z.number() }),
  z.object({ what: z.literal('sound'), count: z.number(), alone: answer, both: answer }),
  z.object({ what: z.literal('hostile'), misdeed: z.string(), alone: answer, both: answer }),
]);
type Line = z.infer<typeof line>;
type Pair = Extract<Line, { what: 'sound' | 'hostile' }>;

it('takes an answer no longer, whatever runs beside it', { timeout: 600_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'shadow-'));
  try {
    const [bundle] = await bundleFunctions(
      [
        {
          ...{ name: 'shadow', entry: 'test/bench/shadow-run.ts', description: '', config: [], access: [] },
          programs: ['functions/inference/predictors/isolated-version.child.ts'],
        },
      ],
      join(directory, 'bundle'),
    );
    const hostile = new URL('../inference/predictors/hostile-predictors.ts', import.meta.url).href;
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[join(bundle?.dir ?? '', 'index.mjs'), hostile],
      ...MISDEEDS,
    ]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((text) => line.parse(JSON.parse(text)));
    const starts = lines.flatMap((one) => (one.what === 'start' ? [one] : []));
    console.log(
      `Start of the process: ${median(starts.map(({ readyMs }) => readyMs))} ms to the first forecast, of which the parent is held up ${median(starts.map(({ blockedMs }) => blockedMs))} ms.`,
    );
    console.table([1, 100, 1_000].map((count) => rowOf(`${count} requests`, soundOf(lines, count))));
    console.table(MISDEEDS.map((misdeed) => rowOf(misdeed, hostileOf(lines, misdeed))));
    for (const misdeed of MISDEEDS) {
      const late = hostileOf(lines, misdeed).map(({ both }) => both.answerMs - both.servedMs - CANDIDATE_MS);
      expect(median(late), misdeed).toBeLessThan(50);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

function soundOf(lines: readonly Line[], count: number): readonly Pair[] {
  return lines.flatMap((one) => (one.what === 'sound' && one.count === count ? [one] : []));
}

function hostileOf(lines: readonly Line[], misdeed: string): readonly Pair[] {
  return lines.flatMap((one) => (one.what === 'hostile' && one.misdeed === misdeed ? [one] : []));
}

function rowOf(beside: string, pairs: readonly Pair[]) {
  const of = (pick: (pair: Pair) => number) => median(pairs.map(pick));
  return {
    beside,
    'served alone, ms': of(({ alone }) => alone.servedMs),
    'served beside it, ms': of(({ both }) => both.servedMs),
    'then waited, ms': of(({ both }) => both.answerMs - both.servedMs),
    outcome: [...new Set(pairs.map(({ both }) => both.outcome))].join(', '),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN) * 10) / 10;
}
