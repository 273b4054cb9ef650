import { describe, expect, it } from 'vitest';
import { judged, overall, pair, sold, threeWeeks } from '../stages/small-shadow.ts';
import { batch, datesFrom, MemoryFiles, NO_LOOK, outcomesOf, readShadow, record } from '../stages/stage-world.ts';

describe('sums of a shadow', () => {
  it('are exact for one row', async () => {
    const files = new MemoryFiles();
    files.log(pair({ units: 9.1 }));
    files.outcomes([sold('2026-03-02', 10)]);
    const { sums } = await readShadow(files);
    expect(overall(sums)).toMatchObject({
      ...{ keys: 1, longest: 1, paired: 1, actual: 10_000_000n, candidate: 9_100_000n, production: 12_000_000n },
      ...{ candidateError: 900_000n, productionError: 2_000_000n, usable: 1, spikes: 0, revisions: 0 },
    });
    expect(sums.cycles).toEqual([{ cycle: 0, from: '2026-03-02', to: '2026-03-08', complete: false }]);
    // No cycle is complete: errors by series are of none, the level of the one series is production's 12 units.
    expect(sums.looks).toMatchObject([{ cycles: 0, bySeries: { blocks: 1, series: { groups: 0 }, segments: [] } }]);
    expect(sums.looks[0]?.bySeries.candidate.sums.reduce((sum, one) => sum + one)).toBe(758_333_333_333n);
  });

  it('are those of nothing where nothing was logged', async () => {
    const { sums, objects, damaged } = await readShadow(new MemoryFiles());
    expect(sums).toMatchObject({ cycles: [], days: [], looks: [{ cycles: 0, bySeries: { blocks: 0 } }] });
    expect([objects.predictions.objects, objects.outcomes.objects, damaged]).toEqual([0, 0, []]);
    expect(judged(sums)).toMatchObject({ result: { decision: 'CONTINUE' }, days: null, taken: NO_LOOK });
  });

  it('count cycles from the first day that both versions forecast, and complete ones by their actuals', async () => {
    const { sums } = await readShadow(threeWeeks());
    expect(sums.cycles.map(({ from, complete }) => [from, complete])).toEqual([
      ['2026-03-02', true],
      ['2026-03-09', true],
      ['2026-03-16', false],
    ]);
    expect(overall(sums)).toMatchObject({ paired: 40 * 13, candidateError: 40n * 13n * 1_000_000n });
    expect(overall(sums, 1)).toMatchObject({ paired: 40 * 14 });
    expect(judged(sums).result.decision).toBe('PASS');
  });

  it('begin with a usual day: a request for one series of long ago makes no cycle, nor moves those that there are', async () => {
    const files = threeWeeks();
    const before = await readShadow(files);
    const [one] = batch({ asOf: '2026-01-04' });
    files.log(
      batch({ asOf: '2026-01-04', requestId: 'curious' }).filter(
        ({ sku, store }) => sku === one?.sku && store === one.store,
      ),
    );
    files.outcomes(outcomesOf(datesFrom('2026-01-05', 7)));
    const { sums } = await readShadow(files);
    expect(sums.cycles).toEqual(before.sums.cycles);
  });

  it('are of each look up to the end of its newest cycle, and of those that were not taken yet', async () => {
    const { looks } = (await readShadow(threeWeeks())).sums;
    expect(looks.map(({ cycles, bySeries }) => [cycles, bySeries.blocks, bySeries.series.groups])).toEqual([
      [1, 40, 40],
      [2, 80, 40],
    ]);
    const [first, second] = looks.map(({ bySeries }) => bySeries.production.counts.reduce((sum, one) => sum + one));
    expect([first, second]).toEqual([40 * 13, 40 * 27]);
    const taken = (cycles: number) => readShadow(threeWeeks(), { taken: { decisions: cycles, cycles } });
    expect((await taken(1)).sums.looks).toEqual(looks.slice(1));
    // Nothing is left to decide: the newest look again, for people to read.
    expect((await taken(2)).sums.looks).toEqual(looks.slice(1));
    expect((await taken(3)).sums.looks).toEqual(looks.slice(1));
  });

  it('are those of segments as well, by the region and category that the log has for a series', async () => {
    const { looks } = (await readShadow(threeWeeks())).sums;
    expect(looks[1]?.bySeries.segments.map(({ segment, rows, series }) => [segment, rows, series.groups])).toEqual([
      ['category:fresh', 40 * 27, 40],
      ['region:north', 20 * 27, 20],
      ['region:south', 20 * 27, 20],
    ]);
  });

  it('compare with what was served, by the safe forecast where that served', async () => {
    const files = new MemoryFiles();
    files.log([
      record({ units: 10 }),
      record({ version: '1.0', units: null }),
      record({ version: 'seasonal-naive', arm: 'fallback', units: 14 }),
    ]);
    files.outcomes([sold('2026-03-02', 10)]);
    expect(overall((await readShadow(files)).sums)).toMatchObject({ paired: 1, production: 14_000_000n });
  });

  it('take nothing of another promotion, another document, or from past the bound', async () => {
    const files = new MemoryFiles();
    files.log([
      ...pair(),
      ...pair({ sku: 'other', promotionId: 'demand_1-9_1' }),
      ...pair({ sku: 'late', at: '2026-12-31T00:00:00.000Z' }),
      ...pair({ sku: 'before', revision: 4 }),
    ]);
    const { sums, objects } = await readShadow(files);
    expect(overall(sums)).toMatchObject({ keys: 1 });
    expect(sums.quality).toMatchObject({ records: 2, foreign: 4 });
    // The object of the other document was not even fetched.
    expect(objects.predictions.objects).toBe(2);
  });
});

describe('forecasts of a shadow', () => {
  it('are missing, not finite, negative or fine, and never turned from one into another', async () => {
    const files = new MemoryFiles();
    const cells = [null, 'NaN', 'Infinity', '-Infinity', -0.5, 2e7, 0, 1e-7, 3] as const;
    files.log(cells.flatMap((units, index) => pair({ sku: `sku-${index}`, units })));
    files.log([record({ sku: 'unlogged', version: '1.0', arm: 'production' })]);
    const found = overall((await readShadow(files)).sums);
    expect(found).toMatchObject({
      keys: 10,
      candidateMissing: 2,
      candidateNonfinite: 4,
      candidateNegative: 1,
      usable: 3,
    });
  });

  it('count once when a day is replayed, under the same request and under a new one', async () => {
    const files = threeWeeks();
    const before = (await readShadow(files)).sums;
    files.log(batch({ asOf: '2026-03-05' }));
    files.log(batch({ asOf: '2026-03-06', requestId: 'replay' }));
    const after = (await readShadow(files)).sums;
    expect(after.looks).toEqual(before.looks);
    expect(judged(after).result).toEqual({
      ...judged(before).result,
      quality: expect.objectContaining({ duplicate_rows: 320 }),
    });
    expect(after.quality).toEqual({ ...before.quality, records: before.quality.records + 320, duplicates: 320 });
  });

  it('that contradict each other are left out, counted, and fail the gate', async () => {
    const files = threeWeeks();
    files.log(batch({ asOf: '2026-03-05', requestId: 'replay', candidate: () => 7.5, horizons: [1] }));
    const { sums } = await readShadow(files);
    expect(overall(sums)).toMatchObject({ conflicts: 40, paired: 40 * 12 });
    expect(judged(sums).reasons).toMatchObject([
      { code: 'CONFLICTING_DUPLICATES', got: '40 keys with different values' },
    ]);
  });

  it('that failed once and then succeeded count as missing, not as contradiction', async () => {
    const files = new MemoryFiles();
    files.log([...pair(), record({ units: null, requestId: 'first-try' })]);
    expect(overall((await readShadow(files)).sums)).toMatchObject({ conflicts: 0, candidateMissing: 1, usable: 0 });
  });

  it('that move from origin to origin are summed over consecutive origins of the same target', async () => {
    const files = new MemoryFiles();
    const made = (horizonDays: number, units: number, production: number) => pair({ horizonDays, units }, production);
    files.log([...made(3, 10, 10), ...made(2, 14, 11), ...made(1, 12, 11)]);
    expect(overall((await readShadow(files)).sums)).toMatchObject({
      ...{ revisions: 2, candidateMoved: 6_000_000n, productionMoved: 1_000_000n },
      ...{ candidateBoth: 50_000_000n, productionBoth: 43_000_000n },
    });
  });

  it('spike where one is several times the other, and tiny ones never do', async () => {
    const files = new MemoryFiles();
    const values = [
      [26, 5],
      [25, 5],
      [4, 0.1],
      [1, 26],
      [0, 24],
    ] as const;
    files.log(values.flatMap(([units, production], index) => pair({ sku: `sku-${index}`, units }, production)));
    expect(overall((await readShadow(files)).sums)).toMatchObject({ usable: 5, spikes: 2 });
  });
});
