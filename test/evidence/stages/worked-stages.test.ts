import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { judgeShadow } from '../../../functions/evidence/shadow/shadow.ts';
import { pairedEffect } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { momentsOf } from '../canary/clusters.ts';
import { MemoryFiles, readShadow, record, UNTIL } from './stage-world.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden');

const shadowCase = z.object({
  inputs: z.object({ rows: z.string() }),
  config: z.record(z.string(), z.number()),
  expected: z.object({
    ...{ decision: z.string(), reasons: z.array(z.string()), complete_cycles: z.int() },
    cycles: z.array(z.object({ cycle: z.int(), n: z.int(), bias_candidate: z.number(), rel_wape: z.number() })),
    accuracy: z.object({ n: z.int(), wape_candidate: z.number(), wape_production: z.number(), rel_wape: z.number() }),
    instability: z.object({
      pairs: z.int(),
      churn_candidate: z.number(),
      churn_production: z.number(),
      spike_rate: z.number(),
    }),
  }),
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

/** Distribution and inference are not judged yet; on these cases they decide nothing. */
const cases = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.startsWith('shadow_')) : [];

describe.runIf(cases.length > 0)('worked cases of running stages', () => {
  it.each(cases)('%s: same cycles, errors, revisions and decision', async (file) => {
    const { inputs, config, expected } = shadowCase.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    const { psi_fail: _, ...members } = config;
    const thresholds = { ...policySchema.parse({}).shadow, ...members };
    const { sums } = await readShadow(bucketOf(inputs.rows), thresholds);
    const context = { now: '2026-07-01T00:00:00.000Z', until: UNTIL, safeForecast: false };
    const { verdict, reasons, look } = judgeShadow(sums, thresholds, context);
    expect(verdict).toBe(expected.decision);
    expect(reasons.map(({ code }) => code)).toEqual(expected.reasons);
    expect(look).toMatchObject({ cycles: expected.complete_cycles, judged: { paired: expected.accuracy.n } });
    expect(look?.relWape).toBeCloseTo(expected.accuracy.rel_wape, 9);
    expect(look?.cycleBiases).toEqual(expected.cycles.map(({ bias_candidate: bias }) => expect.closeTo(bias, 9)));
    expect(look?.seen.revisions).toBe(expected.instability.pairs);
    expect(look?.churnCandidate).toBeCloseTo(expected.instability.churn_candidate, 9);
    expect(look?.churnComparator).toBeCloseTo(expected.instability.churn_production, 9);
    expect(look?.spikeRate).toBeCloseTo(expected.instability.spike_rate, 9);
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
