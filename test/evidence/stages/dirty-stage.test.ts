import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { evidenceWarnings } from '../../../functions/evidence/stages/stage-evidence.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';
import { judged, overall, pair, sold, threeWeeks } from './small-shadow.ts';
import { MemoryFiles, outcomesOf, readShadow, record, SHADOW } from './stage-world.ts';

describe('outcomes', () => {
  it('that are late keep their cycle open until they arrive', async () => {
    const files = threeWeeks();
    const late = [...files.objects.keys()].filter((key) => key.startsWith(predictionPaths.outcomesOf('2026-03-04')));
    for (const key of late) files.objects.delete(key);
    const waiting = (await readShadow(files)).sums;
    expect(waiting.cycles.map(({ complete }) => complete)).toEqual([false, true, false]);
    files.outcomes(outcomesOf(['2026-03-04']), '20260501T000000Z');
    const [now, then] = [(await readShadow(files)).sums, (await readShadow(threeWeeks())).sums];
    expect([now.days, now.cycles, now.looks]).toEqual([then.days, then.cycles, then.looks]);
  });

  it('that arrive twice count once, and restated ones replace what was said before', async () => {
    const files = threeWeeks();
    const before = await readShadow(files);
    files.outcomes(outcomesOf(['2026-03-04']), '20260402T000000Z');
    const again = await readShadow(files);
    expect(again.sums).toEqual(before.sums);
    expect(again.objects.outcomes.digest).not.toBe(before.objects.outcomes.digest);
    files.outcomes(
      outcomesOf(['2026-03-04'], () => ({ units: 0 })),
      '20260403T000000Z',
    );
    expect(overall((await readShadow(files)).sums).actual).toBeLessThan(overall(before.sums).actual);
  });

  it('may repeat a row, and leave out series of which they say two things', async () => {
    const files = new MemoryFiles();
    files.log([...pair(), ...pair({ sku: 'bread' })]);
    files.outcomes([
      sold('2026-03-02', 10),
      sold('2026-03-02', '10.0'),
      { ...sold('2026-03-02', 1), sku: 'bread' },
      { ...sold('2026-03-02', 2), sku: 'bread' },
      { ...sold('2026-03-02', 2), sku: '' },
    ]);
    const { sums } = await readShadow(files);
    expect(overall(sums)).toMatchObject({ paired: 1, actual: 10_000_000n });
    expect(sums.quality).toMatchObject({
      ...{ outcomes: 1, outcomesUnreadable: 1, outcomeDuplicates: 1, outcomeConflicts: 1 },
    });
  });

  it('are read of forecast days alone: a mistyped year does not make it all days in between', async () => {
    const files = threeWeeks();
    const before = await readShadow(files);
    files.log(pair({ targetDate: '9206-03-02' }));
    files.outcomes(outcomesOf(['2027-01-01']));
    const { sums, objects } = await readShadow(files);
    expect(objects.outcomes).toEqual(before.objects.outcomes);
    expect(judged(sums).result).toEqual(judged(before.sums).result);
    expect(sums.quality.outcomes).toBe(before.sums.quality.outcomes);
  });

  it('of another day than their file are not taken', async () => {
    const files = new MemoryFiles();
    files.log(pair());
    const text = 'date,sku,store,units\n2026-03-03,milk,harbour,10\n';
    files.put(predictionPaths.outcomes('2026-03-02', '20260401T000000Z', 'csv.gz'), gzipSync(text));
    const { sums } = await readShadow(files);
    expect(overall(sums)).toMatchObject({ paired: 0 });
    expect(sums.quality.outcomesUnreadable).toBe(1);
  });

  it('that are missing, negative or unreadable are no demand', async () => {
    const files = new MemoryFiles();
    const units = ['', '-1', 'NaN', '0'];
    files.log(units.flatMap((_, index) => pair({ sku: `sku-${index}` })));
    files.outcomes(units.map((text, index) => ({ ...sold('2026-03-02', text), sku: `sku-${index}` })));
    expect(overall((await readShadow(files)).sums)).toMatchObject({
      paired: 1,
      actual: 0n,
      actualMissing: 1,
      actualInvalid: 2,
    });
  });

  it.each([
    ['cut off', gzipSync('date,sku,store,units\n2026-03-04,a,b,1\n'.repeat(999)).subarray(0, 60)],
    ['without a column', gzipSync('date,sku,units\n2026-03-04,a,1\n')],
    ['of another kind', gzipSync('PAR1 but nothing else')],
    ['with rows of another length', gzipSync('date,sku,store,units\n2026-03-04,a,b,1,9,9\n')],
  ])('%s are named, and their day is not closed', async (_, bytes) => {
    const files = threeWeeks();
    const key = predictionPaths.outcomes('2026-03-04', '20260501T000000Z', 'csv.gz');
    files.put(key, bytes);
    const read = await readShadow(files);
    expect(read.damaged).toEqual([key]);
    expect(read.sums.cycles[0]?.complete).toBe(false);
    const warnings = evidenceWarnings({ ...read, quality: read.sums.quality });
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'DAMAGED_OBJECTS', got: key }));
  });
});

describe('damaged predictions', () => {
  it('are named, and their whole origin is left out rather than taken for missing forecasts', async () => {
    const files = threeWeeks();
    const key = [...files.objects.keys()].find((one) => one.includes('date=2026-03-05/arm=shadow')) ?? '';
    files.put(key, files.objects.get(key)?.subarray(0, 40) ?? Buffer.of());
    const { sums, damaged } = await readShadow(files);
    expect(damaged).toEqual([key]);
    expect(sums.quality.damagedOrigins).toBe(1);
    expect(overall(sums)).toMatchObject({ candidateMissing: 0, paired: 40 * 11 });
  });

  it('line by line are counted', async () => {
    const files = new MemoryFiles();
    files.log(pair());
    const lines = [
      JSON.stringify(record({ sku: 'bread' })),
      '{"broken',
      '[]',
      JSON.stringify({ ...record(), targetDate: 'x' }),
    ];
    const of = { model: 'demand', asOf: '2026-03-01', arm: 'shadow', version: '2.0', requestId: 'odd', revision: 5 };
    files.put(predictionPaths.prediction(of), gzipSync(lines.join('\n')));
    const { sums } = await readShadow(files, {}, SHADOW);
    expect(sums.quality).toMatchObject({ records: 3, unreadable: 3 });
  });

  it('cannot smuggle statements in', async () => {
    const files = new MemoryFiles();
    files.log(pair({ sku: "milk'; DROP TABLE records; --", region: "x'); --" }));
    expect(overall((await readShadow(files)).sums)).toMatchObject({ keys: 1 });
  });
});
