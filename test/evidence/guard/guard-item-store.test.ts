import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardItem } from '../../../functions/evidence/guard/guard-item.ts';
import { GuardItemStore } from '../../../functions/evidence/guard/guard-item-store.ts';
import { systemActor } from '../../../functions/platform/people.ts';
import { startTables, type Tables } from '../../fakes/tables.ts';

const item = (model: string, over: Partial<GuardItem> = {}): GuardItem => ({
  ...{ model, promotionId: `${model}_1_1`, version: '1', status: 'armed', decision: 'OK', since: 'then' },
  ...{ reasons: [], warnings: [{ code: 'DEGRADING', got: 'a', allowed: 'b' }], lookedAt: 'then', revision: 1 },
  operations: {
    ...{ seen: 'x', asOf: '2026-03-01', at: 'then', volumes: [{ date: '2026-03-01', asked: 5 }], warnings: [] },
    ...{ spreads: [{ date: '2026-03-01', stores: 2, skus: 3, regions: 1, isShort: false }], reasons: [], silence: [] },
  },
  accuracy: {
    ...{ seen: 'y', through: '', decision: 'OK', warnings: [], comparator: '' },
    ...{ reasons: [], silence: [], coverage: 1 },
  },
  ...{ answer: 'rollback', arrivals: [{ date: '2026-03-01', at: 'then' }], alerted: ['DEGRADING'] },
  ...over,
});

describe('what the registry keeps of a guard', () => {
  let tables: Tables;
  let store: GuardItemStore;
  beforeAll(async () => {
    tables = await startTables();
    store = new GuardItemStore(tables.client, tables.registry);
  });
  afterAll(() => tables.stop());

  it('is read as it was written, in its place and in no other', async () => {
    expect(await store.read('one')).toBeNull();
    await store.keep(item('one'), null);
    expect(await store.read('one')).toEqual(item('one'));
    const next = item('one', { revision: 2, periodEnd: '2026-03-29' });
    await store.keep(next, item('one'));
    expect(await store.read('one')).toEqual(next);
    expect(await store.read('on')).toBeNull();
  });

  it('is written once by looks that race, alone or with the ledger', async () => {
    await store.keep(item('two'), null);
    await expect(store.keep(item('two'), null)).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
    const draft = {
      model: 'two',
      type: 'guard-looked' as const,
      at: '2026-03-01T00:00:00.000Z',
      actor: systemActor('guard'),
    };
    const ledger = tables.openLedger();
    await ledger.append({ ...draft, data: {} }, [store.write(item('two', { revision: 2 }), item('two'))]);
    const late = ledger.append({ ...draft, data: {} }, [store.write(item('two', { revision: 2 }), item('two'))]);
    await expect(late).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
    await expect(store.keep(item('two', { revision: 2 }), item('two'))).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
    });
    expect((await store.read('two'))?.revision).toBe(2);
  });
});
