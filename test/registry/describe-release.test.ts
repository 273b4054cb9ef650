import { describe, expect, it } from 'vitest';
import { parseRow } from '../../functions/ledger/chain.ts';
import type { Draft, EntryType } from '../../functions/ledger/entry.ts';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import type { JsonObject } from '../../functions/platform/json.ts';
import { describeRelease } from '../../functions/registry/describe-release.ts';
import { chainOf, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();
const now = new Date('2026-06-01T00:00:00.000Z');
const ada = { id: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' };
const bob = { id: 'bob', name: 'Bob Kahn', email: 'bob@example.com' };
const day = (date: number, time = '08:00:00.000') => `2026-03-${String(date).padStart(2, '0')}T${time}Z`;
const manifestOf = (promotionId: string) => ({
  bucket: 'evidence',
  key: `manifests/${promotionId}`,
  versionId: '1',
  sha256: 'c'.repeat(64),
});

const entry = (type: EntryType, at: string, data: JsonObject): Draft => draftOf({ type, at, data });

const approval = (promotionId: string, at: string, members: JsonObject = {}): Draft =>
  entry('approval-decided', at, {
    promotionId,
    stage: 'production',
    round: 1,
    approver: ada,
    decision: 'approve',
    justification: 'Better on every segment.',
    gateStatus: 'approved',
    ...members,
  });

const moved = (promotionId: string, at: string, productionVersion: string, fallback = ''): Draft =>
  entry('pointer-moved', at, { promotionId, productionVersion, previousVersion: '', fallback, revision: 1 });

const onboarding = [
  entry('change-requested', day(1), { promotionId: 'demand_onboard_1', change: { reason: 'A new model.' } }),
  approval('demand_onboard_1', day(1, '09:00:00.000'), { stage: 'change' }),
  moved('demand_onboard_1', day(2), '', 'seasonal-naive'),
];
const promotion = (id: string, version: string, date: number) => [
  entry('candidate-registered', day(date), { promotionId: id, version, change: { reason: `Why ${version}.` } }),
  entry('manifest-signed', day(date, '09:00:00.000'), { promotionId: id, manifest: manifestOf(id) }),
  approval(id, day(date, '10:00:00.000')),
  moved(id, day(date, '11:00:00.000'), version),
];
const rolledBack = (at: string, from: string, to: string, more: JsonObject = {}) =>
  entry('rolled-back', at, {
    cause: 'metric-degradation',
    from,
    to,
    requestedBy: { name: 'Ops', email: 'ops@example.com' },
    ...more,
  });

function ask(drafts: readonly Draft[], query: object = {}) {
  async function* entries(): AsyncIterable<ReadEntry> {
    yield* chainOf(drafts, key).map(parseRow);
  }
  return describeRelease({ ledger: { entries } }, { model: 'demand', ...query }, now);
}

describe('describing a release', () => {
  const story = [...onboarding, ...promotion('demand_1_1', '1.0', 5), ...promotion('demand_2_1', '2.0', 9)];

  it('answers version, time, reason, approvals, manifest and position of what serves now', async () => {
    expect(await ask(story)).toEqual({
      version: '2.0',
      arm: 'production',
      since: day(9, '11:00:00.000'),
      promotionId: 'demand_2_1',
      why: 'Why 2.0.',
      approvals: [
        {
          stage: 'production',
          approver: ada,
          justification: 'Better on every segment.',
          at: day(9, '10:00:00.000'),
          ledgerPosition: 10,
        },
      ],
      manifest: manifestOf('demand_2_1'),
      ledgerPosition: 11,
      revision: 1,
      evidence: [],
    });
  });

  it.each([
    [day(2), 'seasonal-naive', 'fallback', 'demand_onboard_1'],
    [day(5, '10:59:59.999'), 'seasonal-naive', 'fallback', 'demand_onboard_1'],
    [day(5, '11:00:00.000'), '1.0', 'production', 'demand_1_1'],
    [day(9, '10:59:59.999'), '1.0', 'production', 'demand_1_1'],
    ['2026-03-09T13:00:00+02:00', '2.0', 'production', 'demand_2_1'],
    [now.toISOString(), '2.0', 'production', 'demand_2_1'],
  ])('answers what served at %s', async (at, version, arm, promotionId) => {
    expect(await ask(story, { at })).toMatchObject({ version, arm, promotionId });
  });

  it('answers the safe forecast by its name, with the approval of the onboarding and no manifest', async () => {
    expect(await ask(onboarding)).toMatchObject({
      version: 'seasonal-naive',
      arm: 'fallback',
      why: 'A new model.',
      approvals: [{ stage: 'change', approver: ada }],
      manifest: null,
    });
  });

  it('answers the version gone back to, with its own approvals and the cause of the rollback', async () => {
    const back = [...story, rolledBack(day(10), '2.0', '1.0', { detail: 'WAPE doubled in the north.' })];
    expect(await ask(back)).toMatchObject({
      version: '1.0',
      arm: 'production',
      since: day(10),
      promotionId: 'demand_1_1',
      why: 'Rolled back from 2.0: metric-degradation, asked for by Ops. WAPE doubled in the north.',
      approvals: [{ at: day(5, '10:00:00.000') }],
      manifest: manifestOf('demand_1_1'),
      ledgerPosition: 12,
    });
    expect(await ask(back, { at: day(9, '23:00:00.000') })).toMatchObject({ version: '2.0' });
  });

  it('answers the safe forecast after a rollback to it, also by automation', async () => {
    const first = [...onboarding, ...promotion('demand_1_1', '1.0', 5)];
    const back = [...first, rolledBack(day(6), '1.0', '', { requestedBy: 'system:guard' })];
    expect(await ask(back)).toMatchObject({
      version: 'seasonal-naive',
      arm: 'fallback',
      promotionId: 'demand_onboard_1',
      why: 'Rolled back from 1.0: metric-degradation, asked for by system:guard.',
      manifest: null,
    });
  });

  it('lets the order of the ledger decide where clocks disagree', async () => {
    const back = [...story, rolledBack(day(9, '10:59:00.000'), '2.0', '1.0')];
    expect(await ask(back)).toMatchObject({ version: '1.0', since: day(9, '11:00:00.000') });
    expect(await ask(back, { at: day(9, '10:59:30.000') })).toMatchObject({
      version: '1.0',
      promotionId: 'demand_1_1',
    });
    expect((await ask(back, { at: day(9, '10:59:30.000') })).since).toBe(day(5, '11:00:00.000'));
  });

  it('counts the approvals of the gate that was approved, not of voided rounds, and no rejections', async () => {
    const id = 'demand_3_1';
    const [registered, manifest, , move] = promotion(id, '3.0', 12);
    const drafts = [
      ...onboarding,
      registered,
      manifest,
      approval(id, day(12, '09:10:00.000'), { approver: bob, gateStatus: 'open' }),
      approval(id, day(12, '09:20:00.000'), { round: 2, approver: bob, gateStatus: 'open' }),
      approval(id, day(12, '09:30:00.000'), { round: 2, gateStatus: 'approved' }),
      approval(id, day(12, '09:40:00.000'), { round: 3, decision: 'reject', gateStatus: 'rejected' }),
      move,
    ].filter((draft) => draft !== undefined);
    const { approvals } = await ask(drafts);
    expect(approvals.map(({ approver, at }) => [approver.id, at])).toEqual([
      ['bob', day(12, '09:20:00.000')],
      ['ada', day(12, '09:30:00.000')],
    ]);
  });

  it('is not misled by promotions that never moved the pointer', async () => {
    const rejected = promotion('demand_9_1', '9.0', 20).slice(0, 3);
    expect(await ask([...story, ...rejected])).toMatchObject({ version: '2.0' });
  });

  it('takes the unit that is asked about', async () => {
    const unit = { sku: 'A-1', store: 'S7', region: 'CA', category: 'dairy', segments: ['tier:gold'] };
    expect(await ask(story, unit)).toMatchObject({ version: '2.0' });
  });

  it('reports an entry whose data is not of its type', async () => {
    await expect(ask([...story, entry('pointer-moved', day(11), {})])).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });
});

/** A promotion from registration to the end of its canary; nothing of it is in production yet. */
const exposures = (id: string, version: string, date: number, production: string, fallback = '') => {
  const at = (hour: number) => day(date, `${hour}:00:00.000`);
  const move = (kind: 'shadow' | 'canary', hour: number, members: JsonObject) =>
    entry('pointer-moved', at(hour), { promotionId: id, kind, productionVersion: production, fallback, ...members });
  return [
    entry('candidate-registered', at(10), { promotionId: id, version, change: { reason: `Why ${version}.` } }),
    entry('manifest-signed', at(11), { promotionId: id, manifest: manifestOf(id) }),
    approval(id, at(12), { stage: 'shadow' }),
    move('shadow', 13, { shadowVersion: version, shadowUntil: day(28) }),
    approval(id, at(14), { stage: 'canary' }),
    move('canary', 15, { canaryVersion: version, canaryPercentage: 5, step: 0, canaryUntil: day(28) }),
    entry('canary-advanced', at(16), { promotionId: id, from: 0, to: 1, percentage: 50, closedDays: 2 }),
    move('canary', 17, { canaryVersion: version, canaryPercentage: 50, step: 1, canaryUntil: day(28) }),
    entry('exposure-ended', at(18), {
      promotionId: id,
      version,
      stage: 'canary',
      hostedVersion: 7,
      deploymentNumber: 9,
    }),
  ];
};
const promoted = (id: string, version: string, date: number) => [
  approval(id, day(date, '19:00:00.000')),
  entry('pointer-moved', day(date, '20:00:00.000'), {
    promotionId: id,
    kind: 'promote',
    productionVersion: version,
    previousVersion: '',
    shadowVersion: '1.0',
    shadowUntil: day(28),
    fallback: '',
  }),
];

describe('A candidate beside production', () => {
  /** All but the revision, which is that of the document with the candidate. */
  const answer = async (drafts: readonly Draft[]) => {
    const { revision: _, ...rest } = await ask(drafts);
    return rest;
  };
  const first = [
    ...onboarding,
    ...exposures('demand_1_1', '1.0', 4, '', 'seasonal-naive'),
    ...promoted('demand_1_1', '1.0', 4),
  ];
  const second = exposures('demand_2_1', '2.0', 9, '1.0');

  it('changes nothing of the answer at any of its steps: version, time, reason, approvals and position stay', async () => {
    const before = await answer(first);
    expect(before).toMatchObject({ version: '1.0', since: day(4, '20:00:00.000'), promotionId: 'demand_1_1' });
    for (let length = 1; length <= second.length; length++) {
      expect(await answer([...first, ...second.slice(0, length)])).toEqual(before);
    }
  });

  it('leaves the safe forecast in production with the onboarding behind it', async () => {
    const before = await answer(onboarding);
    const exposed = exposures('demand_1_1', '1.0', 4, '', 'seasonal-naive');
    for (let length = 1; length <= exposed.length; length++) {
      expect(await answer([...onboarding, ...exposed.slice(0, length)])).toEqual(before);
    }
  });

  it('becomes the answer with the approvals of all its stages once it is promoted', async () => {
    const { approvals, ...release } = await ask([...first, ...second, ...promoted('demand_2_1', '2.0', 9)]);
    expect(release).toMatchObject({ version: '2.0', since: day(9, '20:00:00.000'), why: 'Why 2.0.' });
    expect(approvals.map(({ stage }) => stage)).toEqual(['shadow', 'canary', 'production']);
  });

  it('is taken out by a rollback without a new release: what is in production stays, and why', async () => {
    const story = [...first, ...second.slice(0, 6), rolledBack(day(10), '2.0', '1.0')];
    expect(await answer(story)).toEqual(await answer(first));
    const onlyForecast = [...onboarding, ...exposures('demand_1_1', '1.0', 4, '', 'seasonal-naive').slice(0, 4)];
    expect(await answer([...onlyForecast, rolledBack(day(10), '1.0', '')])).toEqual(await answer(onboarding));
  });

  it('does not hide a rollback of production while it is in shadow', async () => {
    const third = exposures('demand_3_1', '3.0', 12, '2.0').slice(0, 4);
    const story = [...first, ...second, ...promoted('demand_2_1', '2.0', 9), ...third];
    expect(await ask([...story, rolledBack(day(13), '2.0', '1.0')])).toMatchObject({
      version: '1.0',
      promotionId: 'demand_1_1',
      since: day(13),
      why: expect.stringContaining('Rolled back from 2.0'),
    });
  });
});

describe('An adopted version', () => {
  const id = 'demand_onboard_1';
  const adopted = [
    ...onboarding,
    entry('manifest-signed', day(2, '08:10:00.000'), { promotionId: id, version: '7.3', manifest: manifestOf(id) }),
    entry('pointer-moved', day(2, '08:20:00.000'), {
      promotionId: id,
      kind: 'adopt',
      productionVersion: '7.3',
      previousVersion: '',
      fallback: '',
      label: 'adopted, gates not passed',
    }),
  ];

  it('is said to have passed no gate, and answers with the approval of the onboarding', async () => {
    expect(await ask(adopted)).toMatchObject({
      version: '7.3',
      arm: 'production',
      since: day(2, '08:20:00.000'),
      promotionId: id,
      why: 'Adopted, gates not passed: A new model.',
      label: 'adopted, gates not passed',
      approvals: [{ stage: 'change', approver: ada }],
      manifest: manifestOf(id),
    });
    expect(await ask(adopted, { at: day(2, '08:15:00.000') })).toMatchObject({ version: 'seasonal-naive' });
  });

  it('is still said so after a rollback to it, and not of the version that followed', async () => {
    const next = [...adopted, ...exposures('demand_8_1', '8.0', 5, '7.3'), ...promoted('demand_8_1', '8.0', 5)];
    expect(await ask(next)).not.toHaveProperty('label');
    expect(await ask([...next, rolledBack(day(6), '8.0', '7.3')])).toMatchObject({
      version: '7.3',
      why: expect.stringContaining('Rolled back from 8.0'),
      label: 'adopted, gates not passed',
      manifest: manifestOf(id),
    });
  });
});

describe('a question that has no answer', () => {
  it('names a model that the ledger does not know', async () => {
    await expect(ask([])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('The ledger has no entry of a model demand.'),
      reasons: [{ code: 'UNKNOWN_MODEL', path: 'model', got: 'demand' }],
    });
  });

  it('says that nothing was released yet while the onboarding runs', async () => {
    await expect(ask(onboarding.slice(0, 2))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'at: Nothing was released for demand yet. Its onboarding has not ended.',
      reasons: [{ code: 'NOTHING_SERVED' }],
    });
  });

  it('says from when on there is an answer', async () => {
    await expect(ask(onboarding, { at: day(1) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reasons: [{ code: 'NOTHING_SERVED', got: day(1), allowed: `from ${day(2)} on` }],
    });
  });

  it('lists all faults of the question at once, in the message too', async () => {
    const bad = { model: 'Demand', at: 'yesterday', sku: '', segments: ['gold'], shop: 'S7' };
    const error = await ask([], bad).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    for (const text of ['model:', 'at: Expected an instant', 'sku:', 'segments.0: Expected kind:value', 'shop']) {
      expect(error).toHaveProperty('message', expect.stringContaining(text));
    }
  });

  it('refuses the future, together with other faults, but not a clock that runs ahead', async () => {
    await expect(ask(onboarding, { at: '2026-06-01T00:06:00Z', store: ' ' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      reasons: [{ path: 'store' }, { path: 'at', allowed: `up to ${now.toISOString()}` }],
    });
    expect(await ask(onboarding, { at: '2026-06-01T00:04:00Z' })).toMatchObject({ arm: 'fallback' });
  });

  it.each([null, undefined, 'demand', []])('refuses %j as a question', async (event) => {
    const entries = (): AsyncIterable<ReadEntry> => {
      throw new Error('The ledger was asked.');
    };
    await expect(describeRelease({ ledger: { entries } }, event, now)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
