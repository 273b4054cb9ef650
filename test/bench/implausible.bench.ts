import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { type ImplausibleDecision, judgeImplausible } from '../../functions/evidence/offline/implausible.ts';
import { sumImplausible } from '../../functions/evidence/offline/implausible-sums-store.ts';
import { offlineConfig } from '../../functions/evidence/offline/offline-config.ts';
import { DuckdbStore, literal } from '../../functions/evidence/tables/duckdb-store.ts';
import { generatedDemand } from '../../infra/demo/retailer.ts';
import { type Random, seededRandom } from '../../infra/demo/retailer-demand.ts';
import {
  actualsOf,
  builtIn,
  type Cube,
  calendarAware,
  type Demand,
  type Generated,
  generate,
  LEAKS,
  type Noise,
  naiveOf,
  nearOracle,
  type Plan,
  promotionAware,
} from './implausible-zoo.ts';

/**
 * How often the check of implausible accuracy stops honest models, and which leaks it finds. Each round draws demand,
 * origins and a horizon; it judges honest models, and some leaks made of the first of them. `ROUNDS` and `SEED` of the
 * environment make it longer and another one.
 */
const ROUNDS = Number(process.env['ROUNDS'] ?? 40);
const SEED = Number(process.env['SEED'] ?? 20160522);
const LEAKS_A_ROUND = 8;
const DATA = join(import.meta.dirname, '../../../shared/data');

type Verdict = 'FAIL' | 'INCONCLUSIVE' | 'PASS' | 'not judged';
type Table = Map<string, Map<Verdict, number>>;

it(`tells honest models from leaks over ${ROUNDS} backtests`, { timeout: 3_600_000 }, async () => {
  const random = seededRandom(SEED);
  const directory = await mkdtemp(join(tmpdir(), 'implausible-'));
  const db = await DuckdbStore.open({ memoryMb: 1000, threads: 2, directory });
  const honest: Table = new Map();
  const leaky: Table = new Map();
  try {
    const real = await realDemand(db);
    for (let round = 0; round < ROUNDS; round += 1) {
      const demand = pickDemand(real, round, random);
      const plan = pickPlan(demand, random);
      const models = honestModels(demand, plan, random);
      const claims = [...models, ...leakedModels(demand, plan, { from: models[0], random })];
      const verdicts = await judgeAll(db, { demand, plan, claims: claims.map(({ cube }) => cube) });
      claims.forEach(({ name, leak }, index) => {
        const table = leak ? leaky : honest;
        count(table, leak ? name : `${demand.name}: ${name}`, verdicts[index]);
        count(table, leak ? 'any leak' : 'all', verdicts[index]);
      });
    }
  } finally {
    db.close();
    await rm(directory, { recursive: true });
  }
  print('Honest models', honest);
  print('Leaks', leaky);
  expect(honest.get('all')?.get('FAIL') ?? 0).toBe(0);
});

interface Model {
  readonly name: string;
  readonly cube: Cube;
  readonly leak: boolean;
}

const between = (from: number, to: number, random: Random) => from + Math.floor(random() * (to - from + 1));
const oneOf = <T>(values: readonly T[], random: Random): T | undefined => values[Math.floor(random() * values.length)];

/** Real demand and generated demand in turn. */
function pickDemand(real: readonly Demand[], round: number, random: Random): Demand {
  const source = round % 2 === 0 ? oneOf(real, random) : undefined;
  if (source !== undefined) return sample(source, random);
  if (round % 6 === 1) {
    return {
      name: 'made-up retailer',
      units: generatedDemand(between(1, 1e6, random)).series.map(({ units }) => units),
    };
  }
  const noise = oneOf<Noise>(['counts', 'counts', 'overdispersed', 'underdispersed', 'smooth'], random) ?? 'counts';
  const promotions = oneOf([0, 0.1, 0.25], random) ?? 0;
  const of: Generated = {
    ...{ noise, series: between(120, 400, random), days: 400, promotions },
    levels:
      noise === 'smooth' ? [5, 8] : (oneOf([[-3, 0] as const, [-2, 3] as const, [0, 4] as const], random) ?? [-2, 3]),
    drift: oneOf([0, 0.02, 0.05], random) ?? 0,
    uplift: oneOf([1.5, 2.5, 4], random) ?? 2.5,
  };
  return generate(`${noise}${promotions > 0 ? ', promotions' : ''}`, of, random);
}

/** Some series of a data set: all kinds, or slow movers alone, or fast ones. */
function sample(demand: Demand, random: Random): Demand {
  const kind = oneOf(['all', 'all', 'slow', 'fast'], random);
  const mean = (units: readonly number[]) => units.slice(-200).reduce((sum, one) => sum + one, 0) / 200;
  const fits = demand.units.filter((units) => {
    const a = mean(units);
    return kind === 'slow' ? a > 0.02 && a < 0.7 : kind === 'fast' ? a >= 1.5 : a > 0.02;
  });
  const size = between(120, 400, random);
  const start = between(0, Math.max(0, fits.length - size), random);
  return { name: demand.name, units: fits.slice(start, start + size) };
}

function pickPlan({ units }: Demand, random: Random): Plan {
  const days = units[0]?.length ?? 0;
  const horizonDays = oneOf([5, 7, 14, 14, 21, 28, 28], random) ?? 28;
  const step = oneOf([7, 14, 28], random) ?? 28;
  const origins = between(3, 8, random);
  const last = days - 1 - horizonDays - between(0, 30, random);
  return { horizonDays, origins: Array.from({ length: origins }, (_, at) => last - step * (origins - 1 - at)) };
}

function honestModels(demand: Demand, plan: Plan, random: Random): readonly Model[] {
  const models: (readonly [string, Cube])[] = [
    builtIn(demand, plan, random),
    builtIn(demand, plan, random),
    builtIn(demand, plan, random),
    ['calendar-aware', calendarAware(demand, plan, oneOf([1, 10, 50], random) ?? 1)],
  ];
  if (demand.promoted?.some((days) => days.includes(true)))
    models.push(['promotion-aware', promotionAware(demand, plan)]);
  if (demand.truth !== undefined) {
    for (const error of [0, 0.05, 0.15]) models.push(['near-oracle', nearOracle(demand, plan, error, random)]);
  }
  return models.map(([name, cube]) => ({ name: /aware|oracle/.test(name) ? name : 'built-in', cube, leak: false }));
}

function leakedModels(
  demand: Demand,
  plan: Plan,
  { from, random }: { readonly from: Model | undefined; readonly random: Random },
): readonly Model[] {
  const actual = actualsOf(demand, plan);
  const honest = from?.cube ?? [];
  const drawn = Object.entries(LEAKS)
    .map((entry) => ({ entry, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, LEAKS_A_ROUND);
  return drawn.map(({ entry: [name, leak] }) => ({ name, cube: leak({ actual, honest, random }), leak: true }));
}

/** Each claim through the statements and the judge of the product. */
async function judgeAll(
  db: DuckdbStore,
  { demand, plan, claims }: { readonly demand: Demand; readonly plan: Plan; readonly claims: readonly Cube[] },
): Promise<readonly Verdict[]> {
  const actual = actualsOf(demand, plan);
  const naive = naiveOf(demand, plan);
  const columns = claims.map((_, index) => `c${index}`);
  await db.run(
    `CREATE OR REPLACE TEMP TABLE texts (${['series', 'origin', 'ahead', 'y', 'b', ...columns].map((name) => `${name} VARCHAR`).join(', ')})`,
  );
  await db.appendTexts('texts', lines({ demand, plan, columns: [actual, naive, ...claims] }));
  const micro = (name: string) => `CAST(round(CAST(${name} AS DOUBLE) * 1000) AS BIGINT) * 1000 AS ${name}`;
  await db.run(`CREATE OR REPLACE TEMP TABLE all_rows AS SELECT CAST(series AS INTEGER) AS series, DATE '2026-01-01' + CAST(origin AS INTEGER) AS origin_day,
    DATE '2026-01-01' + CAST(origin AS INTEGER) + CAST(ahead AS INTEGER) AS target_day, ${['y', 'b', ...columns].map(micro).join(', ')} FROM texts`);
  await db.run(
    "CREATE OR REPLACE TEMP TABLE series AS SELECT DISTINCT series, CAST(series AS VARCHAR) AS sku, 'store' AS store FROM all_rows",
  );
  const config = offlineConfig.parse({});
  const verdicts: Verdict[] = [];
  for (const column of columns) {
    await db.run(
      `CREATE OR REPLACE TEMP VIEW paired AS SELECT series, origin_day, target_day, y, b, ${column} AS c FROM all_rows`,
    );
    const decision: ImplausibleDecision = judgeImplausible(await sumImplausible(db, config, 0), config);
    verdicts.push(decision.implausible?.verdict ?? 'not judged');
  }
  return verdicts;
}

function* lines(of: { readonly demand: Demand; readonly plan: Plan; readonly columns: readonly Cube[] }) {
  for (const series of of.demand.units.keys()) {
    for (const [index, origin] of of.plan.origins.entries()) {
      for (let at = 0; at < of.plan.horizonDays; at += 1) {
        const values = of.columns.map((cube) => String(cube[series]?.[index]?.[at] ?? 0));
        yield [String(series), String(origin), String(at + 1), ...values];
      }
    }
  }
}

/** Real demand, dense from the first day of the data on; nothing where the data is not there. */
async function realDemand(db: DuckdbStore): Promise<readonly Demand[]> {
  if (!existsSync(DATA))
    console.log(`No shared data at ${DATA}: honest models of generated demand alone are measured.`);
  const found: Demand[] = [];
  for (const name of existsSync(DATA) ? ['m5_long_history', 'm5_wide', 'online_retail_daily'] : []) {
    const path = literal(join(DATA, `${name}.csv.gz`));
    const rows = await db.rows(
      `WITH f AS (SELECT sku, store, CAST(date AS DATE) AS day, greatest(0, CAST(units AS INTEGER)) AS units FROM read_csv(${path}, all_varchar = true)),
        days AS (SELECT greatest(min(day), max(day) - 500) AS first, max(day) AS last FROM f)
      SELECT list(day - first ORDER BY day) AS days, list(units ORDER BY day) AS units, any_value(last - first) AS length FROM f, days
      WHERE day >= first GROUP BY sku, store HAVING count(*) FILTER (units > 0 AND day < last - 150) >= 10 ORDER BY sku, store`,
      z.object({ days: z.array(z.coerce.number()), units: z.array(z.coerce.number()), length: z.coerce.number() }),
    );
    const units = rows.map((row) => {
      const dense = new Array<number>(row.length + 1).fill(0);
      row.days.forEach((day, index) => {
        dense[day] = row.units[index] ?? 0;
      });
      return dense;
    });
    found.push({ name, units });
  }
  return found;
}

function count(table: Table, name: string, verdict: Verdict = 'not judged'): void {
  const row = table.get(name) ?? new Map<Verdict, number>();
  row.set(verdict, (row.get(verdict) ?? 0) + 1);
  table.set(name, row);
}

function print(title: string, table: Table): void {
  console.log(`\n${title}`.padEnd(48), 'FAIL  INCONCLUSIVE  PASS  (too little data)');
  for (const [name, row] of [...table].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const of = (verdict: Verdict) => String(row.get(verdict) ?? 0);
    console.log(
      name.padEnd(46),
      of('FAIL').padStart(5),
      of('INCONCLUSIVE').padStart(13),
      of('PASS').padStart(5),
      of('not judged').padStart(10),
    );
  }
}
