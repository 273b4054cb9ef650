import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CONTRACT, judgeShadow } from '../../../functions/evidence/shadow/shadow.ts';
import { shadowConfig } from '../../../functions/evidence/shadow/shadow-config.ts';
import { judgeLooks } from '../../../functions/evidence/shadow/shadow-looks.ts';
import { pairedEffect } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { differences } from '../agrees.ts';
import { momentsOf } from '../canary/clusters.ts';
import { MemoryFiles, readShadow, record, UNTIL } from './stage-world.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden');

const shadowCase = z.object({
  inputs: z.object({ rows: z.string() }),
  config: z.record(z.string(), z.number()),
  expected: z.unknown(),
});

function rowsOf(csv: string): readonly Readonly<Record<string, string>>[] {
  const [header = '', ...lines] = csv.trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])));
}

/** The rows of a case as inference and the shops would have written them. */
function bucketOf(csv: string): MemoryFiles {
  const files = new MemoryFiles();
  const rows = rowsOf(csv).map((row) => ({
    ...{
      sku: row['sku'] ?? '',
      store: row['store'] ?? '',
      region: row['region'] ?? '',
      targetDate: row['target_date'] ?? '',
    },
    horizonDays: (Date.parse(row['target_date'] ?? '') - Date.parse(row['origin_date'] ?? '')) / 86_400_000,
    ...{ candidate: Number(row['candidate']), production: Number(row['production']), actual: row['actual'] ?? '' },
  }));
  files.log(
    rows.flatMap(({ candidate, production, actual: _, ...key }) => [
      record({ ...key, units: candidate }),
      record({ ...key, units: production, version: '1.0', arm: 'production' }),
    ]),
  );
  const sold = new Map(
    rows.map(({ sku, store, targetDate: date, actual }) => [
      `${sku} ${store} ${date}`,
      { date, sku, store, units: actual },
    ]),
  );
  files.outcomes([...sold.values()]);
  return files;
}

const cases = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.startsWith('shadow_')) : [];

describe.runIf(cases.length > 0)('worked cases of running stages', () => {
  it.each(cases)('%s comes out the same from the prediction log and the outcomes', async (file) => {
    const { inputs, config: given, expected } = shadowCase.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    const config = shadowConfig.parse(given);
    const { sums } = await readShadow(bucketOf(inputs.rows), { config });
    const newest = sums.looks.at(-1);
    if (newest === undefined) throw new Error('No look was summed.');
    const whole = { unreadable: 0, days: sums.days, cycles: sums.cycles, bySeries: newest.bySeries };
    // The newest look ends with the last complete cycle, which in these cases is the last of all.
    expect(differences(judgeShadow(whole, config).result, expected)).toEqual([]);
  });

  it.each(cases)('%s is decided the same look by look, where only the last one decides', async (file) => {
    const { inputs, config: given, expected } = shadowCase.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    const config = shadowConfig.parse(given);
    const { sums } = await readShadow(bucketOf(inputs.rows), { config });
    const bounds = { now: '2026-07-01T00:00:00.000Z', until: UNTIL };
    const last = { decisions: 0, cycles: (sums.looks.at(-1)?.cycles ?? 1) - 1 };
    const decided = judgeLooks(sums, config, { ...CONTRACT, ...bounds, taken: last });
    expect(differences(decided.result, expected)).toEqual([]);
    expect(decided.taken).toEqual({ decisions: 1, cycles: last.cycles + 1 });
  });

  it('canary_paired_wape: same effect and standard error', () => {
    const text = readFileSync(join(GOLDEN, 'canary_paired_wape.json'), 'utf8');
    const effect = z.object({ tau: z.number(), se: z.number(), clusters_canary: z.int() });
    const worked = z
      .object({
        inputs: z.object({ outcomes: z.string() }),
        expected: z.object({ metrics: z.object({ paired_wape: effect }) }),
      })
      .parse(JSON.parse(text));
    const rows = rowsOf(worked.inputs.outcomes).filter(
      (row) => row['period'] === 'post' && row['arm'] === 'canary' && row['stockout'] === '0',
    );
    const clusters = [...Map.groupBy(rows, (row) => `${row['sku']} ${row['store']}`).values()].map((same) => {
      const error = (name: string) =>
        same.reduce((sum, row) => sum + Math.abs(Number(row[name]) - Number(row['units'])), 0);
      return { n: error('forecast'), d: error('shadow_forecast'), n0: 0, d0: 0 };
    });
    const wanted = worked.expected.metrics.paired_wape;
    expect(clusters).toHaveLength(wanted.clusters_canary);
    expect(pairedEffect(momentsOf(clusters))).toMatchObject({
      tau: expect.closeTo(wanted.tau, 9),
      se: expect.closeTo(wanted.se, 9),
    });
  });
});

it('covers the rules without the worked cases as well', () => {
  if (cases.length === 0) console.log(`No worked cases at ${GOLDEN}: they were not judged.`);
  expect(readdirSync(join(import.meta.dirname, '..'), { recursive: true })).toEqual(
    expect.arrayContaining(['shadow/shadow.test.ts', 'canary/canary.test.ts']),
  );
});
