import { describe, expect, it } from 'vitest';
import { LedgerStory } from './ledger-story.ts';

const START = Date.parse('2026-03-01T00:00:00.000Z');
const hour = (count: number) => START + count * 3_600_000;

const ONBOARDED = {
  promotionId: 'demand_onboard_1',
  salt: 'demand_onboard_1',
  productionVersion: '',
  previousVersion: '',
};
const ONE = { promotionId: 'demand_1-0_1', salt: 'demand_1-0_1', productionVersion: '1.0' };
const TWO = { promotionId: 'demand_2-0_1', salt: 'demand_2-0_1', productionVersion: '2.0', previousVersion: '1.0' };
const IN_THE_NORTH = { fallback: 'weekday-mean', fallbackSegments: ['region:north'] };
const EVERYWHERE = { fallback: 'weekday-mean', fallbackSegments: [] };
const north = { sku: 'milk', store: 'harbour', region: 'north' };
const south = { sku: 'milk', store: 'harbour', region: 'south' };

/** A model whose versions are released while a kill switch has a safe forecast serve, in some segments or everywhere. */
const story = () =>
  new LedgerStory()
    .moved('onboard', hour(0), { ...ONBOARDED, fallback: 'seasonal-naive' })
    .moved('promote', hour(1), ONE);

describe('A version that is released while a kill switch covers some segments', () => {
  const killed = story().moved('promote', hour(2), { ...TWO, ...IN_THE_NORTH });

  it('is what is in production', async () => {
    expect(await killed.ask()).toMatchObject({ version: '2.0', arm: 'production', promotionId: TWO.promotionId });
  });

  it('serves the units outside them, and the safe forecast those inside', async () => {
    expect(await killed.ask(south)).toMatchObject({
      version: '2.0',
      arm: 'production',
      since: '2026-03-01T02:00:00.000Z',
    });
    expect(await killed.ask(north)).toMatchObject({ version: 'weekday-mean', arm: 'fallback' });
  });

  it('and gone back from leaves the version before it in production, outside them', async () => {
    const one = { ...ONE, salt: '', previousVersion: '', ...IN_THE_NORTH };
    const back = story()
      .moved('promote', hour(2), { ...TWO, ...IN_THE_NORTH })
      .rolledBack('2.0', '1.0', hour(3), one);
    expect(await back.ask()).toMatchObject({ version: '1.0', arm: 'production', promotionId: ONE.promotionId });
    expect(await back.ask(south)).toMatchObject({ version: '1.0', arm: 'production', promotionId: ONE.promotionId });
    expect(await back.ask(north)).toMatchObject({ version: 'weekday-mean', arm: 'fallback' });
  });
});

describe('A version that is gone back to while a kill switch covers everything', () => {
  it('does not serve: the safe forecast does, for production as for each unit', async () => {
    const one = { ...ONE, salt: '', previousVersion: '', ...EVERYWHERE };
    const back = story()
      .moved('promote', hour(2), { ...TWO, ...EVERYWHERE })
      .rolledBack('2.0', '1.0', hour(3), one);
    for (const unit of [{}, north, south]) {
      expect(await back.ask(unit)).toMatchObject({ version: 'weekday-mean', arm: 'fallback' });
    }
  });
});

describe('A move that was not recorded while a kill switch covered some segments', () => {
  it('is told as what it let out, when what took its place is recorded', async () => {
    const one = { ...ONE, salt: '', previousVersion: '', ...IN_THE_NORTH };
    const back = story()
      .unrecorded(hour(2), { ...TWO, ...IN_THE_NORTH })
      .rolledBack('2.0', '1.0', hour(3), one);
    const at = '2026-03-01T02:30:00.000Z';
    expect(await back.ask({ at })).toMatchObject({ version: '2.0', arm: 'production' });
    expect(await back.ask({ ...south, at })).toMatchObject({ version: '2.0', arm: 'production' });
    expect(await back.ask({ ...north, at })).toMatchObject({ version: 'weekday-mean', arm: 'fallback' });
  });
});
