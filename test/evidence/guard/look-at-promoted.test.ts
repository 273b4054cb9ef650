import { beforeEach, describe, expect, it } from 'vitest';
import { GuardItemStore } from '../../../functions/evidence/guard/guard-item-store.ts';
import type { GuardPorts } from '../../../functions/evidence/guard/guard-ports.ts';
import { type GuardedModel, lookAtPromoted } from '../../../functions/evidence/guard/look-at-promoted.ts';
import type { EntryBody } from '../../../functions/ledger/entry.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';
import { dayAfter, SERIES } from '../stages/stage-world.ts';
import { guardPorts, type Heard, promoteGuarded } from './guard-stand.ts';
import { GuardWorldFiles, logLive, logShadow, near, PROMOTED_REVISION, sell } from './guard-world.ts';

const FIRST = '2026-02-01';
const LIVE = '2026-03-01';
/** Of the promoted document, under another promotion's name: requests that are made again make another object. */
const REDONE = { revision: PROMOTED_REVISION + 1, promotionId: 'again' };

describe('A promoted version', () => {
  let stage: ReleaseStage;
  let tables: Tables;
  const further = onFreshStage((fresh, shared) => {
    [stage, tables] = [fresh, shared];
  });
  let files: GuardWorldFiles;
  let heard: Heard;
  let now: string;

  beforeEach(async () => {
    await stage.onboard();
    await stage.promote('1.0');
    await promoteGuarded(stage);
    files = new GuardWorldFiles(stage.model);
    [heard, now] = [{ started: [], told: [], alerts: [], reads: 0 }, '2026-03-02T00:00:00.000Z'];
  });

  function ports(over: Partial<GuardPorts> = {}, names = [stage.model]): GuardPorts {
    const given = guardPorts({ stage, tables, files }, heard, () => now);
    return { ...given, registry: { ...given.registry, modelNames: async () => names }, ...over };
  }
  const look = (over: Partial<GuardPorts> = {}): Promise<readonly GuardedModel[]> => lookAtPromoted(ports(over));
  const item = () => new GuardItemStore(tables.client, tables.registry).read(stage.model);

  async function entries(on = stage): Promise<readonly EntryBody[]> {
    const found: EntryBody[] = [];
    for await (const { body } of on.ledger.entries(on.model)) if (body.type === 'guard-looked') found.push(body);
    return found;
  }

  /** Four weeks beside production, then days since the promotion; of all but the last so many what was sold is known. */
  function calm(days = 10, unknown = 0): void {
    logShadow(files, { first: FIRST, days: 28 });
    logLive(files, { first: LIVE, days });
    sell(files, dayAfter(FIRST, -30), 30 + 28 + days - unknown);
  }

  it('is armed at the first look, and nothing is read, written or started for looks without anything new', async () => {
    expect(await look()).toEqual([{ model: stage.model, version: '2.0', status: 'armed', decision: 'INSUFFICIENT' }]);
    const first = await item();
    heard.reads = 0;
    now = '2026-03-02T00:05:00.000Z';
    await look();
    expect(await item()).toEqual(first);
    expect([heard.reads, heard.started, (await entries()).length]).toEqual([0, [], 1]);
    expect(heard.told).toEqual(['GUARD_INSUFFICIENT']);
  });

  it('is judged by closed days against the version before, which runs beside it', async () => {
    calm();
    expect(await look()).toMatchObject([{ decision: 'OK', status: 'armed' }]);
    expect(await item()).toMatchObject({
      ...{ decision: 'OK', reasons: [], warnings: [] },
      operations: { asOf: dayAfter(LIVE, 9) },
      accuracy: { comparator: '1.0', through: dayAfter(LIVE, 9), decision: 'OK' },
    });
    expect((await entries()).map(({ data }) => [data['before'], data['decision']])).toEqual([
      [null, 'INSUFFICIENT'],
      ['INSUFFICIENT', 'OK'],
    ]);
    expect((await entries())[1]?.data['measured']).toMatchObject({ gate: 'guard', n_ref: 28, n_live: 9 });
    heard.reads = 0;
    await look();
    expect(heard.reads).toBe(0);
  });

  it('is rolled back when it degrades, once, and the ledger says what was found', async () => {
    calm(4);
    await look();
    logLive(files, { first: dayAfter(LIVE, 4), days: 10, version: near(1.6) });
    sell(files, dayAfter(LIVE, 4), 11);
    expect(await look()).toMatchObject([{ decision: 'ROLLBACK' }]);
    expect(heard.started).toHaveLength(1);
    expect(heard.started[0]?.input).toMatchObject({ cause: 'metric-degradation', withdrawVersion: '2.0' });
    const last = (await entries()).at(-1);
    expect(last).toMatchObject({
      actor: { kind: 'system', name: 'system:guard' },
      data: { decision: 'ROLLBACK', reasons: [{ code: 'ACCURACY_DEGRADED' }], rollback: heard.started[0]?.name },
    });
    await look();
    expect(new Set(heard.started.map(({ name }) => name)).size).toBe(1);
    expect((await entries()).at(-1)?.seq).toBe(last?.seq);
    expect(heard.told.at(-1)).toBe('GUARD_ROLLBACK');

    expect(heard.alerts).toMatchObject([{ version: '2.0', rolledBack: true, cause: 'metric-degradation' }]);

    // The rollback itself, as its machine would run it; after it the version before is watched, and does not go by itself.
    const { input = {}, name } = heard.started[0] ?? {};
    const answer = await stage.rollBack(input, name);
    expect(await stage.finish(answer)).toMatchObject({ from: '2.0', to: '1.0', cause: 'metric-degradation' });
    heard.started.length = 0;
    expect(await look()).toMatchObject([{ version: '1.0', status: 'disarmed' }]);
    expect(heard.started).toEqual([]);
  });

  it('is rolled back within the day for forecasts that are none, before anybody knows what was sold', async () => {
    calm(2);
    await look();
    logLive(files, { first: dayAfter(LIVE, 2), days: 1, version: (series) => (series.sku === 'sku-0' ? -1 : 3) });
    expect(await look()).toMatchObject([{ decision: 'ROLLBACK' }]);
    expect(heard.started[0]?.input).toMatchObject({ cause: 'data-corruption' });
  });

  it('is judged by the days since its promotion, although somebody asked for some of long ago', async () => {
    calm();
    logShadow(files, { first: dayAfter(FIRST, -20), days: 20 });
    sell(files, dayAfter(FIRST, -50), 20);
    logLive(files, { first: '2025-03-01', days: 3, series: SERIES.slice(0, 1) });
    logLive(files, { first: dayAfter(LIVE, -20), days: 10, routed: REDONE });
    await look();
    expect(await item()).toMatchObject({ decision: 'OK', accuracy: { comparator: '1.0' } });
    expect((await entries()).at(-1)?.data['measured']).toMatchObject({ n_ref: 28, n_live: 9 });
  });

  it('is watched although somebody asked for dates that are to come', async () => {
    calm(2);
    logLive(files, { first: '2062-03-01', days: 3, series: SERIES.slice(0, 1) });
    expect(await look()).toMatchObject([{ decision: 'INSUFFICIENT' }]);
    expect(await item()).toMatchObject({ operations: { asOf: dayAfter(LIVE, 1) } });
    logLive(files, { first: dayAfter(LIVE, 2), days: 1, version: (series) => (series.sku === 'sku-0' ? -1 : 3) });
    expect(await look()).toMatchObject([{ decision: 'ROLLBACK' }]);
  });

  it('is compared with the seasonal naive forecast once the version before does not run beside it', async () => {
    logShadow(files, { first: FIRST, days: 28 });
    logLive(files, { first: LIVE, days: 10, previous: null });
    sell(files, dayAfter(FIRST, -30), 68);
    await look();
    expect((await item())?.accuracy).toMatchObject({ comparator: 'seasonal-naive', decision: 'OK' });
  });

  it('is heard of when nobody asks for forecasts any more, once', async () => {
    calm(2);
    await look();
    expect(heard.told).not.toContain('GUARD_WARNING');
    sell(files, dayAfter(LIVE, 2), 3);
    await look();
    expect(await item()).toMatchObject({ decision: 'INSUFFICIENT', warnings: [{ code: 'NO_FORECASTS' }] });
    expect((await entries()).at(-1)?.data).toMatchObject({ warnings: [{ code: 'NO_FORECASTS' }] });
    await look();
    expect(heard.told.filter((signal) => signal === 'GUARD_SILENT')).toHaveLength(1);
    expect(heard.told).not.toContain('GUARD_WARNING');
    expect(heard.alerts).toMatchObject([{ version: '', rolledBack: false }]);
  });

  it('is confirmed, and its guard disarmed, when the period is over and its outcomes are in', async () => {
    calm(14, 1);
    now = '2026-03-14T00:00:00.000Z';
    await look();
    now = '2026-03-16T00:00:00.000Z';
    expect(await look()).toMatchObject([{ status: 'armed', decision: 'OK' }]);
    expect(await item()).toMatchObject({ periodEnd: dayAfter(LIVE, 13) });
    sell(files, dayAfter(LIVE, 13), 1);
    expect(await look()).toMatchObject([{ status: 'disarmed', decision: 'OK' }]);
    expect((await entries()).at(-1)?.data).toMatchObject({ status: 'disarmed', decision: 'OK' });
    expect(heard.told.at(-1)).toBe('GUARD_DISARMED');
    const before = (await entries()).length;
    expect(await look()).toMatchObject([{ status: 'disarmed', decision: 'OK' }]);
    expect((await entries()).length).toBe(before);
  });

  it('is asked back again when the start of the rollback failed', async () => {
    calm(1);
    logLive(files, { first: dayAfter(LIVE, 1), days: 1, version: () => null });
    const fails = async () => {
      throw new Error('Step Functions is away.');
    };
    await expect(look({ startRollback: fails })).rejects.toThrow('away');
    expect(await item()).toMatchObject({ decision: 'ROLLBACK' });
    await look();
    expect(heard.started).toHaveLength(1);
  });

  it('is looked at although another model cannot be; that fails in the end', async () => {
    const other = further();
    await other.onboard();
    await promoteGuarded(other);
    const broken = ports({}, [other.model, stage.model]);
    const versions: GuardPorts['registry']['versions'] = async (model) => {
      if (model === other.model) throw new Error('A stored item is broken.');
      return stage.registry.versions(model);
    };
    await expect(lookAtPromoted({ ...broken, registry: { ...broken.registry, versions } })).rejects.toThrow('broken');
    expect(heard.told).toContain('GUARD_FAILED');
    expect(await item()).toMatchObject({ status: 'armed' });
  });

  it('is the first that is looked at in its turn, so that one that no function can be done with keeps nobody for ever', async () => {
    const other = further();
    await other.onboard();
    await promoteGuarded(other);
    const first: (string | undefined)[] = [];
    for (const minute of ['00', '05', '10', '15']) {
      now = `2026-03-02T00:${minute}:07.000Z`;
      first.push((await lookAtPromoted(ports({}, [other.model, stage.model])))[0]?.model);
    }
    expect(new Set(first.slice(0, 2))).toEqual(new Set([other.model, stage.model]));
    expect(first.slice(2)).toEqual(first.slice(0, 2));
  });

  it('is looked at once by looks that race: the later one writes nothing', async () => {
    await Promise.all([look(), look()]);
    expect(await entries()).toHaveLength(1);
  });

  it('is held to the policy that its promotion started under, and to no other', async () => {
    const policy: GuardPorts['registry']['policy'] = async () => ({ policy: {}, policyDigest: '00'.repeat(32) });
    const given = ports();
    await expect(lookAtPromoted({ ...given, registry: { ...given.registry, policy } })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
