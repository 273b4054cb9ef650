import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { bundleFunctions } from '../../infra/bundling.ts';
import { type EvidenceFiles, writeEvidence } from './evidence-data.ts';

const SMALL = 2_000_000;
const LARGE = 10_000_000;
/** `EVIDENCE_BENCH=small` looks at the small size alone, `EVIDENCE_BENCH=once` at both; each of them once. */
const asked = process.env['EVIDENCE_BENCH'];
const SIZES = asked === 'small' ? [SMALL] : [SMALL, LARGE];
const ROUNDS = asked === undefined ? 5 : 1;
/** What pandas takes of memory for a row, with room to spare. */
const PANDAS_BYTES_PER_ROW = 900;

const run = promisify(execFile);
const measured = z.object({ rel_wape: z.number(), cpuSeconds: z.number(), peakMb: z.number() });
type Measured = z.infer<typeof measured> & { readonly wallSeconds: number };

interface Contender {
  readonly name: string;
  readonly size: number;
  readonly format: 'csv' | 'parquet';
  readonly start: (files: EvidenceFiles) => readonly [command: string, ...args: string[]];
  readonly runs: Measured[];
}

async function timed([command, ...args]: readonly [string, ...string[]]): Promise<Measured> {
  const from = performance.now();
  const { stdout } = await run(command, args);
  return { ...measured.parse(JSON.parse(stdout)), wallSeconds: (performance.now() - from) / 1000 };
}

/** The product's evaluation as it is deployed. */
async function bundled(directory: string): Promise<string> {
  const spec = {
    name: 'evaluate',
    entry: 'test/bench/evidence-run.ts',
    description: '',
    config: [],
    access: [],
    duckdb: true,
  };
  const [bundle] = await bundleFunctions([spec], join(directory, 'bundle'));
  return join(bundle?.dir ?? '', 'index.mjs');
}

/** A Python that has pandas and, for Parquet, an engine for it; null when there is none. */
async function findPython(format: Contender['format']): Promise<string | null> {
  const modules = format === 'csv' ? ['pandas'] : ['pandas, pyarrow', 'pandas, fastparquet'];
  for (const python of ['python3', '/usr/bin/python3', 'python']) {
    for (const names of modules) {
      const found = await run(python, ['-c', `import ${names}`]).then(
        () => true,
        () => false,
      );
      if (found) return python;
    }
  }
  return null;
}

async function contenders(program: string): Promise<readonly Contender[]> {
  const all: Contender[] = [];
  for (const format of ['csv', 'parquet'] as const) {
    const python = await findPython(format);
    if (python === null) console.log(`No Python with pandas for ${format}: nothing to compare with there.`);
    for (const size of SIZES) {
      const of = (name: string, ...command: readonly [string, string]): Contender => ({
        ...{ name, size, format, runs: [] },
        start: ({ rows, history }) => [...command, rows, history],
      });
      all.push(of('product', process.execPath, program));
      if (python === null) continue;
      if (freemem() < size * PANDAS_BYTES_PER_ROW) console.log(`Too little free memory for pandas with ${size} rows.`);
      else all.push(of('pandas', python, join(import.meta.dirname, 'evidence-pandas.py')));
    }
  }
  return all;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function medians({ runs }: Contender) {
  const of = (pick: (one: Measured) => number) => median(runs.map(pick));
  return { wall: of((one) => one.wallSeconds), cpu: of((one) => one.cpuSeconds), peak: of((one) => one.peakMb) };
}

function report(all: readonly Contender[]): readonly Readonly<Record<string, string | number>>[] {
  const find = (name: string, size: number, format: string) =>
    all.find((one) => one.name === name && one.size === size && one.format === format);
  const ratio = (a: number, b: number | undefined) => (b === undefined ? '' : (a / b).toFixed(2));
  return all.map((one) => {
    const mine = medians(one);
    const pandas = find('pandas', one.size, one.format);
    const small = find(one.name, SMALL, one.format);
    const [against, before] = [pandas && medians(pandas), small && medians(small)];
    return {
      ...{ what: one.name, rows: one.size, format: one.format },
      ...{ 'wall s': mine.wall.toFixed(1), 'CPU s': mine.cpu.toFixed(1), 'peak MB': mine.peak.toFixed(0) },
      ...{ 'wall / pandas': ratio(mine.wall, against?.wall), 'CPU / pandas': ratio(mine.cpu, against?.cpu) },
      ...{ 'peak / pandas': ratio(mine.peak, against?.peak), 'wall / 2 million': ratio(mine.wall, before?.wall) },
    };
  });
}

it('judges backtests of millions of rows, beside a merge and group-by in pandas', { timeout: 7_200_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'evidence-bench-'));
  try {
    const all = await contenders(await bundled(directory));
    for (const size of SIZES) {
      const files = await writeEvidence(directory, size);
      // Interleaved, so that what else the machine does meets all of them.
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const one of all.filter((contender) => contender.size === size)) {
          one.runs.push(await timed(one.start(files[one.format])));
        }
      }
    }
    console.table(report(all));
    for (const one of all) {
      const first = all.find(({ size }) => size === one.size)?.runs[0]?.rel_wape ?? Number.NaN;
      for (const { rel_wape } of one.runs) expect(rel_wape).toBeCloseTo(first, 9);
    }
    console.log(
      'Aims: CSV at most 0.6 of the wall time of pandas and half its memory; 10 million rows at most 5.5 times 2 million.',
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
