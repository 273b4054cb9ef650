import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JudgeEvent, judge, sumPartOfGate } from '../../../functions/evidence/judge.ts';
import type { JudgePorts } from '../../../functions/evidence/judge-ports.ts';
import { evidenceReaders } from '../../../functions/evidence/read-evidence-store.ts';
import { offlineReport } from '../../../functions/evidence/report/offline-envelope.ts';
import type { Draft } from '../../../functions/ledger/entry.ts';
import { digestOf } from '../../../functions/platform/json.ts';
import { planOf } from '../../../functions/promotion/exposure.ts';
import type { PromotionItem } from '../../../functions/registry/items.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { backtestCsv, historyCsv, type Row } from '../../fakes/backtest.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { updated } from '../../fakes/promotion-update.ts';
import { aPromotion } from '../../fakes/runs.ts';
import { dayAfter, demandOf, MemoryFiles, type OutcomeRow, record, SERIES } from '../stages/stage-world.ts';

const AT = '2026-05-01T00:00:00.000Z';
const settings = { retention: { days: 1, mode: 'GOVERNANCE' }, at: AT } as const;
const ORIGINS = ['2026-01-05', '2026-01-15', '2026-01-25', '2026-02-04', '2026-02-14', '2026-02-24'];
const EVENT = { promotionId: 'demand_2-0_1', stage: 'offline' } as const;

/** Forty series at six origins, five days ahead: a tenth less error than the baseline has. */
function rowsOf(candidate: (units: number, day: number) => number = (units) => units + 9): Row[] {
  return ORIGINS.flatMap((origin_date) =>
    SERIES.flatMap(({ sku, store }) =>
      [1, 2, 3, 4, 5].map((horizon) => {
        const target_date = dayAfter(origin_date, horizon);
        const actual = 10 + demandOf({ sku, store }, target_date);
        const sign = (actual + horizon) % 2 === 0 ? 1 : -1;
        const away = (candidate(actual, horizon) - actual) * sign;
        return {
          ...{ origin_date, sku, store, region: store < 'store-2' ? 'north' : 'south', category: 'fresh', target_date },
          ...{ horizon, actual, candidate: Math.max(0, actual + away / 3), baseline: actual + (sign * 10) / 3 },
          ...{ fold_id: origin_date, trained_through: dayAfter(origin_date, -1), features_asof: '' },
        };
      }),
    ),
  );
}

const history = historyCsv(
  SERIES.flatMap(({ sku, store }) =>
    Array.from({ length: 60 }, (_, index) => dayAfter('2025-11-01', index)).map((date) => ({
      ...{ sku, store, date, units: 10 + demandOf({ sku, store }, date) },
    })),
  ),
);

const policy = policySchema.parse({ offline: { min_rows: 100, segment_min_rows: 50, segment_min_series: 5 } });

/** A registered promotion over evidence in memory, with the real engine between. */
class World {
  readonly evidence = new MemoryEvidence();
  readonly files = new MemoryFiles();
  readonly drafts: Draft[] = [];
  run: PromotionItem;
  readonly ports: JudgePorts;

  constructor(backtest: string, { parts = 1, ...members }: Partial<PromotionItem> & { readonly parts?: number } = {}) {
    const pin = (name: string, content: string) => {
      const bytes = gzipSync(content);
      const { sha256 } = this.evidence.put(`candidates/${name}`, bytes);
      return { bucket: 'evidence', key: `candidates/${name}`, versionId: 'v1', sha256 };
    };
    this.run = aPromotion({
      ...{ ...EVENT, version: '2.0', baseline: '1.0', awaitingApproval: false, gates: {} },
      ...{ backtest: pin('backtest', backtest), history: pin('history', history) },
      ...{ policyDigest: digestOf(policy), plan: planOf(policy), ...members },
    });
    const source = { files: this.files, engine: { memoryMb: 512, threads: 2 } };
    this.ports = {
      registry: { run: async () => this.run, policy: async () => ({ policy, policyDigest: digestOf(policy) }) },
      widening: () => Promise.reject(new Error('Nothing is exposed.')),
      writes: new RegistryWrites('registry'),
      ledger: {
        append: async (draft, writes) => {
          this.run = updated(this.run, writes);
          this.drafts.push(draft);
          return { seq: this.drafts.length, entryHash: '' };
        },
      },
      evidence: this.evidence,
      ...evidenceReaders(source, { aboveMb: 1500, most: 64 }),
      shardsFor: async () => parts,
    };
  }

  judge(event: JudgeEvent = EVENT) {
    return judge(this.ports, event, settings);
  }

  /** As the state machine does it. */
  async judgeInParts() {
    const split = await this.judge();
    for (const shard of split.shards ?? []) await sumPartOfGate(this.ports, { ...EVENT, shard }, settings);
    return this.judge({ ...EVENT, merge: true });
  }

  text(file: string): string {
    return this.evidence.text(`evidence/${EVENT.promotionId}/offline/${file}`);
  }

  report() {
    return offlineReport.parse(JSON.parse(this.text('evaluation-report.json')));
  }
}

const FILES = [
  ...['evaluation-report.json', 'evaluation-report.html', 'segment-analysis.csv', 'segment-analysis.html'],
  ...['risk-summary.json', 'risk-summary.html'],
];

describe('A backtest in parts', () => {
  const good = backtestCsv(rowsOf());
  let whole: World;
  beforeAll(async () => {
    whole = new World(good);
    await whole.judge();
  });

  it.each([2, 3, 7])('has the same verdict and the same bytes as in one: %i parts', async (parts) => {
    const split = new World(good, { parts });
    expect(await split.judge()).toMatchObject({ verdict: 'SPLIT', shards: [...Array(parts).keys()], waitSeconds: 0 });
    expect(await split.judgeInParts()).toEqual(await whole.judge());
    for (const file of FILES) expect(split.text(file), file).toBe(whole.text(file));
    expect(split.run.gates.offline).toEqual(whole.run.gates.offline);
    expect(whole.report().verdict).toBe('PASS');
  });

  it('is split once: a step that is repeated answers the same parts, and sums that are there stay', async () => {
    const world = new World(good, { parts: 3 });
    const first = await world.judge();
    const before = world.text('split.json');
    expect(await world.judge()).toEqual(first);
    await sumPartOfGate(world.ports, { ...EVENT, shard: 1 }, settings);
    const sums = world.text('sums-0001.json');
    await sumPartOfGate(world.ports, { ...EVENT, shard: 1 }, settings);
    expect([world.text('split.json'), world.text('sums-0001.json')]).toEqual([before, sums]);
    expect(world.drafts).toEqual([]);
  });

  it('is not judged while a part is not summed, nor by a part that there is not', async () => {
    const world = new World(good, { parts: 2 });
    await world.judge();
    await sumPartOfGate(world.ports, { ...EVENT, shard: 0 }, settings);
    await expect(world.judge({ ...EVENT, merge: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(sumPartOfGate(world.ports, { ...EVENT, shard: 2 }, settings)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(world.run.gates).toEqual({});
  });

  it('is not summed from a part that was altered on its way', async () => {
    const world = new World(good, { parts: 2 });
    await world.judge();
    world.evidence.put(`work/${EVENT.promotionId}/0000/rows.parquet`, 'other rows');
    await expect(sumPartOfGate(world.ports, { ...EVENT, shard: 0 }, settings)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('fails like a whole one where it cannot be read, without a part', async () => {
    const broken = `${good}"broken`;
    const [one, split] = [new World(broken), new World(broken, { parts: 2 })];
    expect(await split.judge()).toEqual(await one.judge());
    expect(split.run.gates.offline).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'BACKTEST_UNREADABLE' }] });
    expect(split.evidence.keys().some((key) => key.startsWith('work/'))).toBe(false);
  });

  it('fails like a whole one where what is wrong is seen only when a part is summed', async () => {
    const huge = backtestCsv(rowsOf().map((row) => ({ ...row, candidate: 1e12 })));
    const [one, split] = [new World(huge), new World(huge, { parts: 2 })];
    await one.judge();
    await split.judgeInParts();
    expect(split.run.gates.offline?.verdict).toBe(one.run.gates.offline?.verdict);
    expect(split.text('evaluation-report.json')).toBe(one.text('evaluation-report.json'));
  });

  it('is no part of any other stage', async () => {
    const world = new World(good, { stage: 'shadow' });
    await expect(world.judge({ ...EVENT, stage: 'shadow', merge: true })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      reasons: [{ code: 'STAGE_WITHOUT_PARTS' }],
    });
  });

  it('is judged as a whole where it was never split', async () => {
    const world = new World(good);
    expect(await world.judge({ ...EVENT, merge: true })).toEqual(await whole.judge());
  });

  it('needs no sums any more once it was judged', async () => {
    const world = new World(good, { parts: 2 });
    await world.judgeInParts();
    const keys = world.evidence.keys().length;
    expect(await sumPartOfGate(world.ports, { ...EVENT, shard: 1 }, settings)).toEqual({ ...EVENT, shard: 1 });
    expect(world.evidence.keys()).toHaveLength(keys);
  });
});

describe('What the system itself recorded', () => {
  const rows = rowsOf();
  const days = ORIGINS.flatMap((origin) => [1, 2, 3, 4, 5].map((ahead) => dayAfter(origin, ahead)));
  const outcomes = (units: (sold: number, index: number) => number): OutcomeRow[] =>
    days.flatMap((date) =>
      SERIES.map((series, index) => ({ date, ...series, units: units(10 + demandOf(series, date), index) })),
    );
  const said = (units: (submitted: number, index: number) => number, version = '1.0') =>
    rows.map((row, index) =>
      record({
        ...{ version, arm: 'production', sku: String(row['sku']), store: String(row['store']), requestId: 'batch' },
        ...{ targetDate: String(row['target_date']), horizonDays: Number(row['horizon']) },
        units: units(Number(row['baseline']), index),
      }),
    );

  it('is part of the evidence where it agrees with what was submitted', async () => {
    const world = new World(backtestCsv(rows));
    world.files.outcomes(outcomes((sold) => sold));
    world.files.log(said((submitted) => submitted));
    expect(await world.judge()).toMatchObject({ verdict: 'PASS' });
    expect(world.report()).toMatchObject({
      evidence: { outcomes: { objects: 30 }, predictions: { objects: 6 } },
      result: {
        recorded: { actuals: { compared: 1200, differing: 0 }, baseline: { compared: 1200, differing: 0 } },
      },
    });
  });

  it('is not, where nothing was', async () => {
    const world = new World(backtestCsv(rows));
    await world.judge();
    expect(world.report().evidence).not.toHaveProperty('outcomes');
    expect(world.report().evidence).not.toHaveProperty('predictions');
    expect(world.report().result).not.toHaveProperty('recorded');
  });

  it('takes the place of actuals that differ, and more than a thousandth of them fails', async () => {
    const world = new World(backtestCsv(rows));
    world.files.outcomes(outcomes((sold, index) => (index === 3 ? sold + 5 : sold)));
    expect(await world.judge()).toMatchObject({
      verdict: 'FAIL',
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'ACTUALS_MISMATCH' })]),
    });
    expect(world.report().result).toMatchObject({ recorded: { actuals: { compared: 1200, differing: 30 } } });
  });

  it('takes the place of a baseline that was made to look worse', async () => {
    const world = new World(backtestCsv(rows));
    world.files.log(said((submitted) => Math.round(submitted)));
    expect(await world.judge()).toMatchObject({
      verdict: 'FAIL',
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'BASELINE_MISMATCH' })]),
    });
  });

  it('of the safe forecast counts where no version is in production, and of no other version', async () => {
    const world = new World(backtestCsv(rows), { baseline: '' });
    world.files.log(said(() => 0, '1.0'));
    world.files.log(said((submitted) => submitted, 'seasonal-naive'));
    expect(await world.judge()).toMatchObject({ verdict: 'PASS' });
    expect(world.report().result).toMatchObject({ recorded: { baseline: { compared: 1200, differing: 0 } } });
  });

  it('changes nothing between a backtest in parts and in one', async () => {
    const worlds = [1, 3].map((parts) => new World(backtestCsv(rows), { parts }));
    for (const world of worlds) {
      world.files.outcomes(outcomes((sold, index) => (index % 7 === 3 ? sold + 5 : sold)));
      world.files.log(said((submitted, index) => (index % 11 === 3 ? submitted + 1 : submitted)));
      await world.judgeInParts();
    }
    const [whole, split] = worlds;
    for (const file of FILES) expect(split?.text(file), file).toBe(whole?.text(file));
  });

  it('counts as it was read first: what is restated while a step is repeated changes nothing', async () => {
    const world = new World(backtestCsv(rows));
    world.files.outcomes(outcomes((sold) => sold));
    const { append } = world.ports.ledger;
    let dies = true;
    const dying: JudgePorts = {
      ...world.ports,
      ledger: {
        append: (...call) => {
          if (!dies) return append(...call);
          dies = false;
          throw new Error('killed');
        },
      },
    };
    await expect(judge(dying, EVENT, settings)).rejects.toThrow('killed');
    const before = world.text('evaluation-report.json');
    world.files.outcomes(
      outcomes((sold) => sold + 100),
      '20260501T000000Z',
    );
    expect(await judge(dying, EVENT, settings)).toMatchObject({ verdict: 'PASS' });
    expect(world.text('evaluation-report.json')).toBe(before);
  });

  it('is told where it is damaged', async () => {
    const world = new World(backtestCsv(rows));
    world.files.outcomes(outcomes((sold) => sold));
    const [first = ''] = [...world.files.objects.keys()];
    world.files.put(first, gzipSync('sku,amount\n'));
    await world.judge();
    expect(world.report().warnings).toMatchObject([{ code: 'DAMAGED_OBJECTS', got: first }]);
  });
});

describe('A candidate that is as good and no better', () => {
  const equal = backtestCsv(rowsOf((units) => units + 9.97));

  it('fails, unless the change record says why that is enough: then the report says so too', async () => {
    const demanding = new World(equal);
    expect(await demanding.judge()).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'BELOW_MIN_IMPROVEMENT' }] });
    const equalIsEnough = { because: 'cost', explanation: 'Half of the machines at the same error.' } as const;
    const content = new World(equal, { change: { ...aPromotion().change, equalIsEnough } });
    expect(await content.judge()).toMatchObject({ verdict: 'PASS' });
    expect(content.report()).toMatchObject({
      policy: { config: { min_improvement: 0 } },
      documented: { change: { equalIsEnough } },
    });
    expect(demanding.report().policy.config).toMatchObject({ min_improvement: 0.01 });
  });

  it('fails all the same when it is worse', async () => {
    const equalIsEnough = { because: 'safety', explanation: 'The library is not patched any more.' } as const;
    const worse = backtestCsv(rowsOf((units) => units + 10.05));
    const world = new World(worse, { change: { ...aPromotion().change, equalIsEnough } });
    expect(await world.judge()).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'BELOW_MIN_IMPROVEMENT' }] });
  });
});
