import { expect, it } from 'vitest';
import { canaryConfig } from '../../functions/evidence/canary/canary-config.ts';
import { NO_HARM, type Outcome, POST_DAYS, PRE_DAYS, playCanary, stretchAt } from './aa-replay-runs.ts';
import { playShelves, replayDemand } from './aa-replay-shelves.ts';

/** `AA_RUNS=100 npm run bench -- aa-replay` is quicker and says less. */
const RUNS = Number(process.env['AA_RUNS'] ?? 1000);
/** Stretches of days that the canaries are spread over, each four weeks after the one before. */
const STRETCHES = 3;
/** 5 % and two standard errors of a thousand runs. */
const MOST_FALSE = 0.064;

const STOCK = { stockout: { rel_margin: 0.1 }, overstock: { rel_margin: 0.1 } };
/** Margins of a promotion, those of the judge alone, and some that the power check would let begin with so many units. */
const CONFIGS = [
  { name: 'paired 2 %, stockout 10 %, overstock 10 %', metrics: { paired_wape: { rel_margin: 0.02 }, ...STOCK } },
  { name: 'wape 5 %, stockout 10 %, overstock 10 %', metrics: { wape: { rel_margin: 0.05 }, ...STOCK } },
  {
    name: 'paired 3 %, stockout 30 %, overstock 20 %',
    metrics: { paired_wape: { rel_margin: 0.03 }, stockout: { rel_margin: 0.3 }, overstock: { rel_margin: 0.2 } },
  },
].map(({ name, metrics }) => ({ name, config: canaryConfig.parse({ metrics }) }));

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function row(margins: string, outcomes: readonly Outcome[]) {
  const share = (of: (one: Outcome) => boolean) => percent(outcomes.filter(of).length / outcomes.length);
  const failed = outcomes.filter(({ decision }) => decision === 'FAIL');
  const days = failed.map(({ day }) => day).sort((a, b) => a - b);
  return {
    margins,
    FAIL: share(({ decision }) => decision === 'FAIL'),
    'median day': days[Math.floor(days.length / 2)] ?? '-',
    PASS: share(({ decision }) => decision === 'PASS'),
    'nothing shown': share(({ decision }) => decision === 'HORIZON'),
    'FAIL at any look': share(({ alarm }) => alarm.length > 0),
  };
}

/** Which rule found the harm; several may at once. */
function reasons(outcomes: readonly Outcome[]): string {
  const counts = Map.groupBy(
    outcomes.flatMap(({ alarm }) => alarm),
    (code) => code,
  );
  const told = [...counts].sort().map(([code, found]) => `${code} ${percent(found.length / outcomes.length)}`);
  return told.length === 0 ? 'no harm found' : told.join(', ');
}

it(`replays ${RUNS} canaries over real demand, without and with harm`, { timeout: 3_600_000 }, () => {
  const started = Date.now();
  const { demand, source } = replayDemand();
  const shelves = playShelves(demand, PRE_DAYS + POST_DAYS * STRETCHES);
  const stretches = Array.from({ length: STRETCHES }, (_, index) => stretchAt(shelves, PRE_DAYS + index * POST_DAYS));
  const configs = CONFIGS.map(({ config }) => config);
  const play = (runs: number, harm: typeof NO_HARM) =>
    Array.from({ length: runs }, (_, seed) => {
      const stretch = stretches[seed % STRETCHES];
      if (stretch === undefined) throw new Error('There is no such stretch.');
      return playCanary(stretch, { seed, harm, configs });
    });
  const some = Math.ceil(RUNS / 4);
  const scenarios = [
    { name: 'no effect', played: play(RUNS, NO_HARM) },
    { name: '+10 % error, stockouts and overstock', played: play(2 * some, { error: 1.1, stock: 1.1 }) },
    { name: '+10 % error alone', played: play(some, { error: 1.1, stock: 1 }) },
    { name: '+3 % error, which is a margin', played: play(some, { error: 1.03, stock: 1 }) },
    { name: '+30 % stockouts and overstock', played: play(some, { error: 1, stock: 1.3 }) },
  ];
  const { length } = shelves.units;
  console.log(
    `${source}: ${length} units, about ${Math.floor(length / 2)} clusters per arm, daily looks over ${POST_DAYS} days`,
  );
  for (const { name, played } of scenarios) {
    const of = (index: number) => played.flatMap((outcomes) => outcomes[index] ?? []);
    console.log(`${name}: ${played.length} runs`);
    console.table(CONFIGS.map((one, index) => row(one.name, of(index))));
    for (const [index, one] of CONFIGS.entries()) console.log(`  ${one.name}: ${reasons(of(index))}`);
  }
  console.log(`${((Date.now() - started) / 1000).toFixed(0)} s`);
  for (const [index, { name }] of CONFIGS.entries()) {
    const harmless = scenarios[0]?.played.flatMap((outcomes) => outcomes[index] ?? []) ?? [];
    const alarms = harmless.filter(({ alarm }) => alarm.length > 0).length / harmless.length;
    if (RUNS >= 1000) expect(alarms, name).toBeLessThanOrEqual(MOST_FALSE);
  }
});
