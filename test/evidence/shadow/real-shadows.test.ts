import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { CONTRACT, judgeShadow, type ShadowContext } from '../../../functions/evidence/shadow/shadow.ts';
import { openShadowFile } from '../../../functions/evidence/shadow/shadow-files-store.ts';
import type { ShadowResult } from '../../../functions/evidence/shadow/shadow-result.ts';
import { sumWhole } from '../../../functions/evidence/shadow/shadow-sums-store.ts';
import { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import { artifact, forecasterOf } from '../../../functions/inference/predictors/artifact.ts';
import { plusDays } from '../../../functions/platform/duration.ts';
import { csvOf, inDirectory, type Row, thresholds } from './plain-shadow.ts';

const DEMAND = join(import.meta.dirname, '../../../../shared/data/m5_wide.csv.gz');
type Described = z.input<typeof artifact>;

/** Built-in forecasters that nobody would call wrong: they smooth more or less, or take slow movers apart. */
const NAIVE: Described = { forecaster: 'seasonal-naive' };
const WEEKS: Described = { forecaster: 'weekday-mean' };
const STEADY: Described = { forecaster: 'exponential-smoothing' };
const QUICK: Described = { forecaster: 'exponential-smoothing', smoothing: 0.3, profileWeeks: 6 };
const BY_DEMAND: Described = { forecaster: 'by-demand' };

interface Series {
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  readonly first: string;
  readonly units: number[];
}

/** Every seventh series of the file, from its first day on; days follow each other without gaps. */
function readSeries(): readonly Series[] {
  const found = new Map<string, Series>();
  for (const line of gunzipSync(readFileSync(DEMAND)).toString().trim().split('\n').slice(1)) {
    const [date = '', sku = '', store = '', region = '', , units] = line.split(',');
    const key = `${sku} ${store}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { sku, store, region, first: date, units: [Number(units)] });
    else known.units.push(Number(units));
  }
  return [...found.values()].filter((_, index) => index % 7 === 0);
}

const FIRST_TARGET = '2016-03-07';
const DAYS = 28;
const HORIZON = 3;

const dayOf = (date: string) => Date.parse(date) / 86_400_000;

/** What both would have forecast day by day over four weeks, each from what was known then. */
async function replayed(
  series: readonly Series[],
  candidate: Described,
  production: Described,
): Promise<readonly Row[]> {
  const models = [candidate, production].map((described) => forecasterOf(artifact.parse(described)));
  const rows: Row[] = [];
  for (const { sku, store, region, first, units } of series) {
    for (let day = 1 - HORIZON; day < DAYS; day += 1) {
      const asOf = plusDays(FIRST_TARGET, day - 1);
      const known = dayOf(asOf) - dayOf(first) + 1;
      const history = units.slice(0, known);
      const [c = [], p = []] = await Promise.all(
        models.map((model) => model({ sku, store, history, asOf, horizonDays: HORIZON })),
      );
      for (let ahead = 1; ahead <= HORIZON; ahead += 1) {
        const target = plusDays(asOf, ahead);
        if (target < FIRST_TARGET || target >= plusDays(FIRST_TARGET, DAYS)) continue;
        const cells = { y: units[known + ahead - 1] ?? '', c: c[ahead - 1] ?? '', p: p[ahead - 1] ?? '' };
        rows.push({ origin: asOf, target, sku, store, region, ...cells });
      }
    }
  }
  return rows;
}

const config = thresholds({ min_rows: 500, min_series: 30, churn_min_pairs: 100 });
const PROMOTION: ShadowContext = { revisions: 'ratio-or-error', drift: 'with-harm' };
const FIRST_PROMOTION: ShadowContext = { revisions: 'error', drift: 'with-harm' };

describe.runIf(existsSync(DEMAND))('shadows of real demand', () => {
  const series = existsSync(DEMAND) ? readSeries() : [];

  async function judged(candidate: Described, production: Described) {
    const rows = await replayed(series, candidate, production);
    return inDirectory(async (directory) => {
      const path = join(directory, 'rows');
      await writeFile(path, csvOf(rows));
      const db = await DuckdbStore.open({ memoryMb: 256, threads: 2, directory });
      const sums = { unreadable: await openShadowFile(db, path), ...(await sumWhole(db, config)) };
      db.close();
      return (context: ShadowContext): ShadowResult => judgeShadow(sums, config, context).result;
    });
  }

  it('pass a first version beside the safe forecast, which drift alone would have failed', async () => {
    const of = await judged(STEADY, NAIVE);
    expect(of(FIRST_PROMOTION)).toMatchObject({ decision: 'PASS', reasons: [], warnings: ['PREDICTION_DRIFT'] });
    expect(of(FIRST_PROMOTION).accuracy.rel_wape).toBeLessThan(-0.1);
    expect(of(CONTRACT)).toMatchObject({ decision: 'FAIL', reasons: ['PREDICTION_DRIFT', 'UNSTABLE_REVISIONS'] });
  });

  it('pass a version that follows noise less than production, which drift alone would have failed', async () => {
    const of = await judged(STEADY, QUICK);
    expect(of(PROMOTION)).toMatchObject({ decision: 'PASS', reasons: [], warnings: ['PREDICTION_DRIFT'] });
    expect(of(CONTRACT)).toMatchObject({ decision: 'FAIL', reasons: ['PREDICTION_DRIFT'] });
    expect(of(CONTRACT).drift).toMatchObject({ level_shift: expect.closeTo(0, 1) });
  });

  it('pass a version that learns beside one that is not revised within a week', async () => {
    const of = await judged(STEADY, WEEKS);
    expect(of(PROMOTION).reasons).toEqual([]);
    expect(of(CONTRACT)).toMatchObject({ reasons: expect.arrayContaining(['UNSTABLE_REVISIONS']) });
    expect(of(CONTRACT).instability.churn_ratio).toBe('inf');
  });

  it('never fail one that is as good as production, and find no drift where there is little difference', async () => {
    for (const [candidate, production] of [[BY_DEMAND, STEADY] as const, [STEADY, BY_DEMAND] as const]) {
      const of = await judged(candidate, production);
      for (const context of [CONTRACT, PROMOTION]) {
        expect(of(context)).toMatchObject({ reasons: [], bias: { systematic: false } });
        expect(of(context).warnings).toEqual([]);
      }
    }
  });

  it('fail one that is revised three times as much, and one that is a third too high', async () => {
    const nervous = (await judged(QUICK, STEADY))(PROMOTION);
    expect(nervous.reasons).toContain('UNSTABLE_REVISIONS');
    const high = (await judged({ ...STEADY, scale: 1.3 }, STEADY))(PROMOTION);
    expect(high.reasons).toContain('SYSTEMATIC_BIAS');
  });
});

it('replays real demand where it is at hand', () => {
  if (!existsSync(DEMAND)) console.log(`No demand at ${DEMAND}: nothing was replayed.`);
  expect(thresholds()).toMatchObject({ psi_fail: 0.25, w1_fail: 0.2 });
});
