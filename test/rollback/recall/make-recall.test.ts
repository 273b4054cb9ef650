import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import { plusDays, plusDuration } from '../../../functions/platform/duration.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';
import { RecallStore } from '../../../functions/rollback/recall/recall-store.ts';
import { workOffRecalls } from '../../../functions/rollback/recall/work-off-recalls.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { BUCKET, RecallStand } from '../../fakes/recall-stand.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';

// A data engine is opened for each list; on a busy machine that is slow, and not wrong.
vi.setConfig({ testTimeout: 60_000 });

let stage: ReleaseStage;
let tables: Tables;
onFreshStage(
  (fresh, opened) => {
    stage = fresh;
    tables = opened;
  },
  ['1.0', '2.0'],
);
let stand: RecallStand;
beforeAll(async () => {
  stand = await RecallStand.start();
});
afterAll(() => stand.stop());
beforeEach(() => stand.forget());

const record = (members: Partial<PredictionRecord>): PredictionRecord => ({
  ...{ at: '2026-02-27T06:00:00.000Z', model: stage.model, version: '2.0', arm: 'production', sku: 'milk' },
  ...{ store: 'harbour', region: 'north', category: 'fresh', segments: [], targetDate: '2026-03-01', horizonDays: 1 },
  ...{ units: 10, revision: 3, promotionId: `${stage.model}_2-0_1`, requestId: 'r', ...members },
});

const SKUS = ['milk', 'bread "x"', 'salt'];
const STORES = ['harbour', 'märkt'];

/** One request as inference logs it: every article in every store on three days, whoever serves it. */
async function day(asOf: string, of: Partial<PredictionRecord>, also: readonly Partial<PredictionRecord>[] = []) {
  const records = [of, ...also].flatMap((one, turn) =>
    SKUS.flatMap((sku, index) =>
      STORES.flatMap((store) =>
        [1, 2, 3].map((horizonDays) =>
          record({
            ...{ sku, store, region: store === 'harbour' ? 'north' : 'south', horizonDays },
            ...{ targetDate: plusDays(asOf, horizonDays), requestId: `day-${asOf}-${of.requestId ?? ''}` },
            ...{ at: `${asOf}T06:00:0${turn}.000Z`, units: index + horizonDays + 0.25 },
            ...one,
            ...(of.requestId === undefined ? {} : { requestId: `day-${asOf}-${of.requestId}` }),
          }),
        ),
      ),
    ),
  );
  await stand.log(asOf, records);
  return records;
}

/** What plain code makes of everything that was logged: the version's served forecasts, and whether something came later. */
function expected(logged: readonly PredictionRecord[], version: string) {
  const served = logged.filter(({ arm, model }) => arm !== 'shadow' && model === stage.model);
  return served
    .filter((one) => one.version === version)
    .map(({ segments: _segments, horizonDays, ...one }) => ({
      ...one,
      asOf: plusDays(one.targetDate, -horizonDays),
      supersededByLater: served.some(
        ({ sku, store, targetDate, at }) =>
          sku === one.sku && store === one.store && targetDate === one.targetDate && at > one.at,
      ),
    }));
}

const NONE = {};
const sorted = (lines: readonly object[]) =>
  lines.map((line) => JSON.stringify(line, Object.keys(line).toSorted())).toSorted();
const work = (clock?: () => string) => workOffRecalls(stand.ports(stage, tables, clock), { model: stage.model });
const recalls = () => new RecallStore(tables.client, tables.registry).recalls(stage.model);
const ledger = async (type: string) => {
  const found: Readonly<Record<string, unknown>>[] = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) found.push(body.data);
  return found;
};
const rollBack = async (name = 'back-1') => stage.finish(await stage.rollBack({}, name));

/** A log in which the version served as canary, then in production, and something else before, beside and after it. */
async function served(): Promise<readonly PredictionRecord[]> {
  const before = await day('2026-02-20', { version: '1.0', promotionId: '' });
  const canary = await day('2026-02-22', { arm: 'canary' }, [
    { version: '1.0', arm: 'shadow' },
    { version: '1.0', arm: 'production', store: 'third' },
  ]);
  const production = [await day('2026-02-26', {}), await day('2026-02-27', {}, [{ version: '1.0', arm: 'shadow' }])];
  const aside = await day('2026-02-28', { arm: 'shadow' });
  const safe = await day('2026-02-28', { version: 'seasonal-naive', arm: 'fallback', sku: 'milk', requestId: 'safe' });
  const others = await day('2026-02-27', { model: `${stage.model}x`, requestId: 'other' });
  return [...before, ...canary, ...production.flat(), ...aside, ...safe, ...others];
}

describe('A recall', () => {
  it('lists what the version had served, and what replaced it, as plain code does, and leaves the log as it was', async () => {
    const logged = await served();
    const before = await stand.objects(predictionPaths.modelPrefix(stage.model));
    const rolled = await rollBack();
    const [made] = await work();
    expect(await stand.objects(predictionPaths.modelPrefix(stage.model))).toEqual(before);
    const [recall] = await recalls();
    if (recall === undefined) throw new Error('There is no recall.');
    const lines = await stand.lines(recall);
    expect(sorted(lines)).toEqual(sorted(expected(logged, '2.0')));
    const today = rolled.at.slice(0, 10);
    const open = lines.filter((line) => line['supersededByLater'] === false && String(line['targetDate']) >= today);
    expect(open.length).toBeGreaterThan(0);
    expect(recall.counts).toMatchObject({
      ...{ forecasts: lines.length, toCome: open.length, units: 6, stores: 2 },
      replaced: lines.filter((line) => line['supersededByLater'] === true).length,
      ...{ firstTargetDate: '2026-02-23', lastTargetDate: '2026-03-02' },
      ...{ servedFrom: '2026-02-22T06:00:00.000Z', servedUntil: '2026-02-27T06:00:00.000Z' },
    });
    expect(made).toMatchObject({ version: '2.0', forecasts: lines.length, list: `s3://${BUCKET}/${recall.list?.key}` });
    expect(await ledger('forecasts-recalled')).toMatchObject([
      {
        ...{ executionName: 'back-1', version: '2.0', to: '1.0', forecasts: lines.length, status: 'open' },
        ...{ firstTargetDate: '2026-02-23', lastTargetDate: '2026-03-02', list: { ...recall.list } },
        asked: [
          { team: 'Replenishment', acknowledges: true },
          { team: 'Forecasting', acknowledges: false },
        ],
      },
    ]);
    const summary = await stand
      .ports(stage, tables)
      .objects.readSummary(recall.summary ?? { bucket: '', key: '', versionId: '', sha256: '' });
    expect(summary.byTargetDate.reduce((sum, { forecasts }) => sum + forecasts, 0)).toBe(lines.length);
    expect(summary.byStore.map(({ store, region }) => [store, region])).toEqual([
      ['harbour', 'north'],
      ['märkt', 'south'],
    ]);
  });

  it('of a version that served nothing is one of zero, and asks nobody', async () => {
    await day('2026-02-20', { version: '1.0' });
    await rollBack();
    expect(await work()).toMatchObject([{ forecasts: 0, list: '' }]);
    expect(await ledger('forecasts-recalled')).toMatchObject([{ forecasts: 0, status: 'closed', asked: [] }]);
    expect(await stand.ports(stage, tables).recalls.open(stage.model)).toEqual([]);
    expect(stand.letters).toEqual([]);
  });

  it('is not made of the safe forecast, which no rollback withdraws', async () => {
    await rollBack();
    await stage.finish(await stage.rollBack({ withdrawVersion: '1.0' }, 'back-2'));
    const pending = await stand.ports(stage, tables).recalls.pending(stage.model);
    expect(pending.map(({ version }) => version).toSorted()).toEqual(['1.0', '2.0']);
  });

  it('finds forecasts that reach the log after it, in a further list of them alone, and then looks no more', async () => {
    await day('2026-02-26', {});
    const { at } = await rollBack();
    await work();
    const late = await day('2026-02-27', { requestId: 'late' });
    const since = (duration: string) => () => plusDuration(at, duration);
    expect(await work(since('PT10M'))).toEqual([]);
    expect(await work(since('PT31M'))).toMatchObject([{ part: 2, forecasts: late.length }]);
    const second = (await recalls()).find(({ part }) => part === 2);
    expect(second).toMatchObject({ status: 'open', executionName: 'back-1' });
    expect(sorted(await stand.lines(second ?? NONE))).toEqual(sorted(expected(late, '2.0')));
    expect(await work(since('PT8H'))).toEqual([]);
    expect(await stand.ports(stage, tables).recalls.pending(stage.model)).toEqual([]);
    expect(await ledger('forecasts-recalled')).toHaveLength(2);
  });

  it('names what of the log cannot be read, lists the rest, and asks the teams even if nothing is left', async () => {
    const of = {
      model: stage.model,
      asOf: '2026-02-25',
      arm: 'production',
      version: '2.0',
      requestId: 'cut',
      revision: 3,
    };
    const Key = predictionPaths.prediction(of);
    await stand.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Buffer.from([31, 139, 8, 0]) }));
    await rollBack();
    await work();
    const [recall] = await recalls();
    expect(recall).toMatchObject({ status: 'open', counts: { forecasts: 0 }, unreadable: { objects: 1, keys: [Key] } });
    expect(stand.letters.map(({ to }) => to).toSorted()).toEqual(['olga@shop.example', 'replenishment@shop.example']);
  });

  it('goes by the list that is there, when it was cut after having stored one', async () => {
    const logged = await day('2026-02-26', {});
    await rollBack();
    const ports = stand.ports(stage, tables);
    const down = { ...ports, ledger: { append: () => Promise.reject(new Error('DynamoDB is down.')) } };
    await expect(workOffRecalls(down, { model: stage.model })).rejects.toThrow('DynamoDB is down.');
    await day('2026-02-27', { requestId: 'late' });
    await work();
    const [recall] = await recalls();
    expect(await stand.lines(recall ?? NONE)).toHaveLength(logged.length);
    expect(recall?.counts.forecasts).toBe(logged.length);
  });

  it('that fails for one model keeps no other, and is told', async () => {
    await day('2026-02-26', {});
    await rollBack();
    const ports = stand.ports(stage, tables);
    const log = { ...ports.log, servedBy: () => Promise.reject(new Error('S3 is down.')) };
    await expect(workOffRecalls({ ...ports, log }, { model: stage.model })).rejects.toThrow('S3 is down.');
    expect(stand.failed).toHaveLength(1);
    expect(await work()).toHaveLength(1);
  });
});
