import { describe, expect, it } from 'vitest';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import { cohortOf } from '../../functions/inference/routing/router.ts';
import type { UnsignedDocument } from '../../functions/pointer/document.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';
import { ANA, LedgerStory, objectOf } from './ledger-story.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-01T00:00:00.000Z');
const hour = (count: number) => START + count * HOUR;
const at = (count: number) => new Date(hour(count)).toISOString();

const ONBOARDED = { promotionId: 'demand_onboard_1', salt: 'demand_onboard_1', reason: 'A new model.' };
const FIRST = { ...ONBOARDED, productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' };
const ONE = { promotionId: 'demand_1-0_1', salt: 'demand_1-0_1', productionVersion: '1.0', reason: 'Why 1.0.' };
const TWO = { promotionId: 'demand_2-0_1', salt: 'demand_2-0_1', productionVersion: '1.0', reason: 'Why 2.0.' };
const canary = (percentage: number, members: Partial<UnsignedDocument> = {}) => ({
  ...TWO,
  ...{ canaryVersion: '2.0', canaryPercentage: percentage, canaryUntil: at(100) },
  ...members,
});

/** A first version, then the canary of a second one: 5 % at hour 20, 50 % at hour 30. */
function story(members: Partial<UnsignedDocument> = {}): LedgerStory {
  return new LedgerStory()
    .add('change-requested', hour(0), { promotionId: 'demand_onboard_1', change: { reason: 'A new model.' } })
    .approved('demand_onboard_1', 'change', hour(0))
    .moved('onboard', hour(1), FIRST)
    .registered('demand_1-0_1', '1.0', hour(2))
    .approved('demand_1-0_1', 'production', hour(3))
    .moved('promote', hour(4), ONE)
    .registered('demand_2-0_1', '2.0', hour(10))
    .approved('demand_2-0_1', 'shadow', hour(11))
    .moved('shadow', hour(12), { ...TWO, shadowVersion: '2.0', shadowUntil: at(200) })
    .judged('demand_2-0_1', 'shadow', hour(18))
    .approved('demand_2-0_1', 'canary', hour(19))
    .moved('canary', hour(20), canary(5, members))
    .moved('canary', hour(30), canary(50, members));
}

/** Units by the step that took them in, of those in one store. */
function unitsOf(members: Partial<UnsignedDocument> = {}) {
  const units = Array.from({ length: 200 }, (_, index) => ({ sku: `SKU-${index}`, store: 'harbour' }));
  const has = (percentage: number) => {
    const cohort = new Cohort(cohortOf(unsignedDocument(canary(percentage, { ...members, excludedSegments: [] }))));
    return (unit: (typeof units)[number]) => cohort.has({ ...unit, region: '', category: '', segments: [] });
  };
  const [early, late] = [has(5), has(50)];
  const [first, second, never] = [
    units.find(early),
    units.find((unit) => late(unit) && !early(unit)),
    units.find((unit) => !late(unit)),
  ];
  if (first === undefined || second === undefined || never === undefined) throw new Error('The draw is too small.');
  return { first, second, never };
}
const { first, second, never } = unitsOf();

describe('A unit in the canary', () => {
  it('was served by the candidate, by its own promotion: why, who approved it until then, and on what evidence', async () => {
    expect(await story().ask({ ...first, at: at(25) })).toEqual({
      version: '2.0',
      arm: 'canary',
      since: at(20),
      revision: 4,
      promotionId: 'demand_2-0_1',
      why: 'Why 2.0.',
      approvals: [
        { stage: 'shadow', approver: ANA, justification: 'Into shadow.', at: at(11), ledgerPosition: 12 },
        { stage: 'canary', approver: ANA, justification: 'Into canary.', at: at(19), ledgerPosition: 15 },
      ],
      evidence: [
        { stage: 'registration', name: 'artifact', ...objectOf('2.0/model') },
        { stage: 'registration', name: 'backtest', ...objectOf('2.0/backtest') },
        { stage: 'registration', name: 'history', ...objectOf('2.0/history') },
        { stage: 'offline', name: 'evaluation-report', ...objectOf('demand_2-0_1/offline') },
        { stage: 'shadow', name: 'evaluation-report', ...objectOf('demand_2-0_1/shadow') },
      ],
      manifest: objectOf('2.0/manifest'),
      ledgerPosition: 16,
    });
  });

  it.each([
    ['the first step', first, at(40), '2.0', 'canary', at(20), 16],
    ['a later step, before it', second, at(25), '1.0', 'production', at(4), 8],
    ['a later step, since it', second, at(40), '2.0', 'canary', at(30), 17],
    ['no step', never, at(40), '1.0', 'production', at(4), 8],
    ['the first step, after its bound', first, at(101), '1.0', 'production', at(100), 17],
  ])('of %s is told since when it is served like that', async (_what, unit, instant, version, arm, since, position) => {
    expect(await story().ask({ ...unit, at: instant })).toMatchObject({
      version,
      arm,
      since,
      ledgerPosition: position,
    });
  });

  it('counts from the deployment, not from the entry that was written after it', async () => {
    expect(await story().ask({ ...first, at: new Date(hour(20) + 1).toISOString() })).toMatchObject({ arm: 'canary' });
    expect(await story().ask({ ...first, at: new Date(hour(20) - 1).toISOString() })).toMatchObject({
      arm: 'production',
    });
  });

  it('does not change what was in production, which is the answer without a unit', async () => {
    expect(await story().ask({ at: at(40) })).toMatchObject({
      version: '1.0',
      arm: 'production',
      since: at(4),
      revision: 5,
    });
    expect(await story().ask({ at: at(40), region: 'north' })).toMatchObject({ version: '1.0', arm: 'production' });
  });

  it('is with production again once the exposure ended, and in production with all approvals once promoted', async () => {
    const of = { promotionId: 'demand_2-0_1', version: '2.0' };
    const over = story()
      .ended('canary', hour(50), of, { ...ONE, salt: '', previousVersion: '' })
      .judged('demand_2-0_1', 'canary', hour(51))
      .approved('demand_2-0_1', 'production', hour(52))
      .moved('promote', hour(53), { ...TWO, productionVersion: '2.0', previousVersion: '1.0', shadowVersion: '1.0' });
    expect(await over.ask({ ...first, at: at(51) })).toMatchObject({
      ...{
        version: '1.0',
        arm: 'production',
        since: at(50),
        promotionId: 'demand_1-0_1',
        why: 'Why 1.0.',
        ledgerPosition: 18,
      },
    });
    expect(await over.ask({ ...never, at: at(51) })).toMatchObject({ version: '1.0', since: at(4), ledgerPosition: 8 });
    const now = await over.ask(first);
    expect(now).toMatchObject({ version: '2.0', arm: 'production', since: at(53), promotionId: 'demand_2-0_1' });
    expect(now.approvals.map(({ stage }) => stage)).toEqual(['shadow', 'canary', 'production']);
    expect(now.evidence.map(({ stage }) => stage)).toContain('canary');
  });

  it('is with production again after a rollback, which is no new release there', async () => {
    const back = story().rolledBack('2.0', '1.0', hour(35), { ...ONE, salt: '', previousVersion: '' });
    expect(await back.ask(first)).toMatchObject({ version: '1.0', arm: 'production', since: at(35), why: 'Why 1.0.' });
    expect(await back.ask(never)).toMatchObject({ version: '1.0', since: at(4) });
    expect(await back.ask({ ...first, at: at(34) })).toMatchObject({ version: '2.0', arm: 'canary' });
  });

  it('of a first version has the safe forecast as its counterpart', async () => {
    const members = { ...FIRST, ...{ canaryVersion: '1.0', canaryPercentage: 50, canaryUntil: at(100) } };
    const first1 = new LedgerStory()
      .moved('onboard', hour(1), FIRST)
      .moved('canary', hour(5), { ...members, promotionId: 'demand_1-0_1', salt: 'demand_2-0_1' });
    expect(await first1.ask({ ...first, at: at(6) })).toMatchObject({ version: '1.0', arm: 'canary' });
    expect(await first1.ask({ ...never, at: at(6) })).toMatchObject({
      ...{ version: 'seasonal-naive', arm: 'fallback', since: at(1), promotionId: 'demand_onboard_1' },
    });
  });
});

describe('A kill switch in a document', () => {
  it('is the answer in its segments, by the run and the reason of the document', async () => {
    const killed = story().moved('canary', hour(60), {
      ...canary(50),
      ...{ fallback: 'seasonal-naive', fallbackSegments: ['category:fresh'], reason: 'Wrong prices.' },
    });
    const asked = { ...first, category: 'fresh', at: at(61) };
    expect(await killed.ask(asked)).toMatchObject({
      ...{
        version: 'seasonal-naive',
        arm: 'fallback',
        since: at(60),
        why: 'Wrong prices.',
        promotionId: 'demand_2-0_1',
      },
    });
    expect(await killed.ask({ ...asked, category: 'bakery' })).toMatchObject({ version: '2.0', arm: 'canary' });
    await expect(killed.ask({ ...first, at: at(61) })).rejects.toMatchObject({
      reasons: [{ code: 'NEEDED', path: 'category' }],
    });
  });
});

describe('What has to be known of a unit', () => {
  const restricted = { canaryRegions: ['north'], excludedSegments: ['category:medicine', 'tier:gold'] };

  it('is named, all of it at once', async () => {
    await expect(story(restricted).ask({ sku: first.sku, at: at(25) })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('category: Who got the canary 2.0 depended on it.'),
      reasons: ['store', 'region', 'category', 'segments'].map((path) => ({ code: 'NEEDED', path })),
    });
  });

  it('may be that its requests do not say it', async () => {
    const known = { ...first, region: 'north', category: 'fresh', segments: ['tier:silver'], at: at(25) };
    expect(await story(restricted).ask(known)).toMatchObject({ arm: 'canary' });
    expect(await story(restricted).ask({ ...known, category: '' })).toMatchObject({ arm: 'production' });
    expect(await story(restricted).ask({ ...known, segments: [] })).toMatchObject({ arm: 'production' });
    expect(await story(restricted).ask({ ...known, region: '' })).toMatchObject({ arm: 'production' });
  });

  it('is nothing more while no canary serves, and what would tell how far back is said', async () => {
    expect(await story(restricted).ask({ sku: first.sku, at: at(15) })).toMatchObject({ version: '1.0', since: at(4) });
    const answer = await story(restricted).ask({ sku: first.sku, at: at(101) });
    expect(answer).toMatchObject({ version: '1.0', since: at(100) });
    expect(answer.needs).toEqual(['store', 'region', 'category', 'segments']);
    expect(await story().ask({ ...first, at: at(101) })).not.toHaveProperty('needs');
  });

  it('is the key alone where stores or SKUs are assigned', async () => {
    const cohort = new Cohort(cohortOf(unsignedDocument(canary(5, { unit: 'store' }))));
    const stores = Array.from({ length: 200 }, (_, index) => `store-${index}`);
    const store = stores.find((one) => cohort.has({ sku: '', store: one, region: '', category: '', segments: [] }));
    expect(await story({ unit: 'store' }).ask({ store, at: at(25) })).toMatchObject({ arm: 'canary' });
    await expect(story({ unit: 'sku' }).ask({ store, at: at(25) })).rejects.toMatchObject({
      reasons: [{ code: 'NEEDED', path: 'sku' }],
    });
  });
});

describe('A document whose move died before it was recorded', () => {
  const of = { promotionId: 'demand_2-0_1', version: '2.0' };
  const alone = { ...ONE, salt: '', previousVersion: '' };

  it('counts from its deployment to the end of the exposure, by its intent', async () => {
    const died = story().unrecorded(hour(40), canary(90)).ended('canary', hour(50), of, alone);
    const cohort = new Cohort(cohortOf(unsignedDocument(canary(90))));
    const late = Array.from({ length: 200 }, (_, index) => ({ sku: `SKU-${index}`, store: 'harbour' })).find((unit) => {
      const whole = { ...unit, region: '', category: '', segments: [] };
      return cohort.has(whole) && !new Cohort(cohortOf(unsignedDocument(canary(50)))).has(whole);
    });
    expect(await died.ask({ ...late, at: at(39) })).toMatchObject({ version: '1.0', arm: 'production', since: at(4) });
    expect(await died.ask({ ...late, at: at(45) })).toMatchObject({
      ...{ version: '2.0', arm: 'canary', since: at(40), revision: 6, promotionId: 'demand_2-0_1', ledgerPosition: 18 },
    });
    expect(await died.ask({ ...late, at: at(51) })).toMatchObject({ version: '1.0', arm: 'production', since: at(50) });
    expect(await died.ask({ ...first, at: at(45) })).toMatchObject({ arm: 'canary', since: at(20) });
  });

  it('is a release when it put a version into production, until the rollback', async () => {
    const promoted = { ...TWO, productionVersion: '2.0', previousVersion: '1.0' };
    const died = story().unrecorded(hour(40), promoted).rolledBack('2.0', '1.0', hour(41), alone);
    expect(await died.ask({ at: at(40) })).toMatchObject({
      version: '2.0',
      since: at(40),
      promotionId: 'demand_2-0_1',
    });
    expect(await died.ask({ ...never, at: at(40) })).toMatchObject({
      version: '2.0',
      arm: 'production',
      since: at(40),
    });
    expect(await died.ask(never)).toMatchObject({
      ...{ version: '1.0', since: at(41), why: expect.stringContaining('Rolled back from 2.0') },
    });
  });
});

describe('An entry of before documents were recorded', () => {
  const old = () =>
    new LedgerStory(0)
      .moved('onboard', hour(1), FIRST, { recorded: false })
      .moved('promote', hour(4), ONE, { recorded: false })
      .moved('canary', hour(20), canary(5), { recorded: false });

  it('answers for units while no canary serves, and for production always', async () => {
    expect(await old().ask({ ...first, at: at(10) })).toMatchObject({
      version: '1.0',
      arm: 'production',
      since: at(4),
    });
    expect(await old().ask({ ...first, at: at(2) })).toMatchObject({ version: 'seasonal-naive', arm: 'fallback' });
    expect(await old().ask({ at: at(25) })).toMatchObject({ version: '1.0', arm: 'production', since: at(4) });
    expect(await old().ask({ ...first, at: at(100) })).toMatchObject({
      version: '1.0',
      arm: 'production',
      since: at(100),
    });
  });

  it('refuses to say who was in its canary, and says where that is found', async () => {
    await expect(old().ask({ ...first, at: at(25) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('The prediction log says by what each request was served.'),
      reasons: [{ code: 'NO_DOCUMENT', path: 'at', got: '3' }],
    });
  });
});

it('refuses a unit before the first document as it refuses the model', async () => {
  await expect(story().ask({ ...first, at: at(0) })).rejects.toMatchObject({ reasons: [{ code: 'NOTHING_SERVED' }] });
});

it('takes names as they are: a blank at the end is another unit', async () => {
  const cohort = new Cohort(cohortOf(unsignedDocument(canary(50))));
  const has = (sku: string) => cohort.has({ sku, store: 'harbour', region: '', category: '', segments: [] });
  const sku = Array.from({ length: 200 }, (_, index) => `S${index}`).find((one) => has(one) !== has(`${one} `)) ?? '';
  const arms = [sku, `${sku} `].map(async (one) => (await story().ask({ sku: one, store: 'harbour', at: at(40) })).arm);
  expect(await Promise.all(arms)).toEqual([sku, `${sku} `].map((one) => (has(one) ? 'canary' : 'production')));
});
