import { describe, expect, it } from 'vitest';
import { type EntryType, entryBody } from '../../../functions/ledger/entry.ts';
import type { JsonObject } from '../../../functions/platform/json.ts';
import { returnDocument } from '../../../functions/pointer/build.ts';
import { documentSha256, type PointerDocument } from '../../../functions/pointer/document.ts';
import { wentOutData } from '../../../functions/pointer/document-record.ts';
import { AcceptedBook } from '../../../functions/pointer/reconcile/accepted.ts';
import { compare, type LiveDeployment, type Seen } from '../../../functions/pointer/reconcile/compare.ts';
import { compareStack } from '../../../functions/pointer/reconcile/compare-stack.ts';
import { directionOf } from '../../../functions/pointer/reconcile/direction.ts';
import { lookAgain } from '../../../functions/pointer/reconcile/look-again.ts';
import type { VersionItem } from '../../../functions/registry/items.ts';

const NOW = '2026-11-01T12:00:00.000Z';
const LATER = '2026-11-01T12:04:00.000Z';
const DIGEST = 'a'.repeat(64);

function pointer(over: Partial<PointerDocument> = {}): PointerDocument {
  return {
    ...{
      schema: 1,
      revision: 3,
      productionVersion: '1.0.0',
      previousVersion: '',
      shadowVersion: '',
      canaryVersion: '',
    },
    ...{ shadowUntil: '', canaryUntil: '', canaryPercentage: 0, unit: 'sku-store', salt: 'demand_1-0-0_1' },
    ...{ canaryRegions: [], canaryStores: [], canarySkus: [], canaryCategories: [], excludedSegments: [] },
    ...{ fallback: '', fallbackSegments: [], promotionId: 'demand_1-0-0_1', approvedBy: [], approvedAt: NOW },
    ...{ reason: 'r', manifestSha256: DIGEST, signature: 'x' },
    ...over,
  };
}

const PEOPLE = { owner: { name: 'O' }, approvers: [{ id: 'a' }], downstream: [] };
const versions = ['1.0.0', '0.9.0', '2.0.0', '3.0.0'].map((version, index) => ({
  version,
  status: (['production', 'retained', 'withdrawn', 'candidate'] as const)[index],
})) as readonly Pick<VersionItem, 'version' | 'status'>[] as readonly VersionItem[];

/** A ledger in which the document went out as deployment 7. */
function bookOf(document: PointerDocument, ...more: readonly (readonly [EntryType, JsonObject])[]): AcceptedBook {
  const book = new AcceptedBook();
  const sha256 = documentSha256('demand', document);
  const out = {
    deploymentNumber: 7,
    documentSha256: sha256,
    revision: 3,
    ...wentOutData({ document, deployedAt: NOW }),
  };
  const entries: readonly (readonly [EntryType, JsonObject])[] = [
    ['model-onboarded', { ...PEOPLE, policyVersion: 1, policyDigest: DIGEST }],
    ['pointer-moved', out],
    ...more,
  ];
  const fixed = {
    schema: 1,
    model: 'demand',
    prevHash: DIGEST,
    at: NOW,
    actor: { kind: 'system', name: 'system:test' },
  } as const;
  for (const [index, [type, data]] of entries.entries()) {
    book.add(entryBody.parse({ ...fixed, seq: index + 1, type, data }));
  }
  return book;
}

function liveAt(number: number, document: PointerDocument | null, over: Partial<LiveDeployment> = {}): LiveDeployment {
  const hosted =
    document === null ? null : { hostedVersion: number, document, documentSha256: documentSha256('demand', document) };
  const deployment = { number, profileId: 'p', hostedVersion: number, state: 'COMPLETE' as const, startedAt: NOW };
  return { deployment, hosted, rollback: null, ends: '', ...over };
}

function seenOf(live: LiveDeployment | null, over: Partial<Seen> = {}): Seen {
  const settings = { policyVersion: 1, policyDigest: DIGEST, storedDigest: DIGEST, sameCopy: true, people: PEOPLE };
  const hostedVersions = Array.from({ length: 20 }, (_, index) => index + 1);
  return {
    now: LATER,
    state: { inProgress: null },
    live,
    hostedVersions,
    returnDocuments: [],
    versions,
    settings,
    ...over,
  };
}

const accepted = pointer();
const back = returnDocument(pointer({ productionVersion: '0.9.0' }), 8);
const goesBack: PointerDocument = { ...back, signature: 'x' };
const late = '2026-11-01T12:06:00.000Z';
const rollback = { executionName: 'r1', withdrew: '1.0.0', known: true };
const codes = (seen: Seen, book = bookOf(accepted)) => compare(seen, book).map(({ code }) => code);

describe('Comparing what runs with what was decided', () => {
  it('finds nothing where both say the same', () => {
    expect(codes(seenOf(liveAt(7, accepted), { servedSha256: documentSha256('demand', accepted) }))).toEqual([]);
    expect(codes(seenOf(null), new AcceptedBook())).toEqual([]);
  });

  it.each<readonly [string, Seen, readonly string[]]>([
    ['nothing is deployed any more', seenOf(null), ['DEPLOYMENT_STOPPED']],
    ['an older deployment serves', seenOf(liveAt(5, goesBack)), ['FOREIGN_DEPLOYMENT']],
    ['the same document went out again by hand', seenOf(liveAt(8, accepted)), ['FOREIGN_DEPLOYMENT']],
    ['what is deployed is not signed', seenOf(liveAt(8, null)), ['UNSIGNED_POINTER']],
    ['readers get nothing signed', seenOf(liveAt(7, accepted), { servedSha256: null }), ['UNSIGNED_POINTER']],
    ['readers get something else', seenOf(liveAt(7, accepted), { servedSha256: DIGEST }), ['DATA_PLANE_DIFFERS']],
    ['a rollback is young', seenOf(liveAt(8, goesBack, { rollback })), []],
    ['a rollback was not recorded', seenOf(liveAt(8, goesBack, { rollback }), { now: late }), ['ROLLBACK_UNRECORDED']],
    [
      'no such rollback exists',
      seenOf(liveAt(8, goesBack, { rollback: { ...rollback, known: false } })),
      ['FOREIGN_DEPLOYMENT'],
    ],
    ['a rollback brings no way back', seenOf(liveAt(8, accepted, { rollback }), { now: late }), ['FOREIGN_DEPLOYMENT']],
    ['an exposure ended just now', seenOf(liveAt(8, goesBack, { ends: 'demand_2-0-0_1' })), []],
    ['its end was not recorded', seenOf(liveAt(8, goesBack, { ends: 'x' }), { now: late }), ['MOVE_UNRECORDED']],
    ['another version is production', seenOf(liveAt(7, accepted), { versions: [] }), ['PRODUCTION_DIFFERS']],
    ['what serves was deleted', seenOf(liveAt(7, accepted), { hostedVersions: [] }), ['VERSION_DELETED']],
    ['a deployment runs', seenOf(liveAt(8, null), { state: { inProgress: liveAt(9, null).deployment } }), []],
  ])('%s', (_, seen, expected) => {
    expect(codes(seen)).toEqual(expected);
  });

  it('knows a decision whose document is out and not recorded, and that it lets it out once', () => {
    const next = pointer({ productionVersion: '0.9.0' });
    const intent = { documentSha256: documentSha256('demand', next) };
    const book = bookOf(accepted, ['pointer-move-intended', intent]);
    expect(codes(seenOf(liveAt(8, next)), book)).toEqual([]);
    expect(codes(seenOf(liveAt(8, next), { now: late }), book)).toEqual(['MOVE_UNRECORDED']);
    const again = bookOf(accepted, ['pointer-move-intended', { documentSha256: documentSha256('demand', accepted) }]);
    expect(codes(seenOf(liveAt(8, accepted)), again)).toEqual(['FOREIGN_DEPLOYMENT']);
  });

  it('takes no intent for leave once its run has gone on or ended, or once more would forecast by it', () => {
    const next = pointer({ productionVersion: '0.9.0' });
    const intent = { documentSha256: documentSha256('demand', next), promotionId: 'p2' };
    const tried = ['pointer-move-intended', intent] as const;
    const seen = seenOf(liveAt(8, next), { now: late });
    expect(codes(seen, bookOf(accepted, tried, ['promotion-ended', { promotionId: 'p1' }]))).toEqual([
      'MOVE_UNRECORDED',
    ]);
    for (const type of ['pointer-moved', 'promotion-ended'] as const) {
      expect(codes(seen, bookOf(accepted, tried, [type, { promotionId: 'p2' }]))).toEqual(['FOREIGN_DEPLOYMENT']);
    }
    const killed = pointer({ fallback: 'seasonal-naive' });
    const narrow = pointer({ fallback: 'seasonal-naive', fallbackSegments: ['a:b'] });
    const thrown = (document: PointerDocument) =>
      ['kill-switch-intended', { documentSha256: documentSha256('demand', document) }] as const;
    expect(compare(seenOf(liveAt(8, narrow), { now: late }), bookOf(killed, thrown(narrow)))).toMatchObject([
      { code: 'FOREIGN_DEPLOYMENT', direction: 'forward' },
    ]);
    expect(compare(seenOf(liveAt(8, killed), { now: late }), bookOf(narrow, thrown(killed)))).toMatchObject([
      { code: 'MOVE_UNRECORDED', allowed: 'a kill-switch-thrown entry within five minutes' },
    ]);
  });

  it('takes no description for the end of an exposure where it ends a kill switch', () => {
    const killed = pointer({ fallback: 'seasonal-naive' });
    const unswitched: PointerDocument = { ...returnDocument(accepted, 8), signature: 'x' };
    const seen = seenOf(liveAt(8, unswitched, { ends: 'demand_2-0-0_1' }), { now: late });
    expect(compare(seen, bookOf(killed))).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
  });

  it('finds a way back that is gone, unless its version is withdrawn', () => {
    const item = (version: string, hostedVersion: number) => ({
      ...{ model: 'demand', version, hostedVersion, documentSha256: DIGEST, preparedAt: NOW },
    });
    const returnDocuments = [item('0.9.0', 31), item('2.0.0', 32)];
    expect(compare(seenOf(liveAt(7, accepted), { returnDocuments }), bookOf(accepted))).toMatchObject([
      { code: 'VERSION_DELETED', hostedVersion: 31 },
    ]);
  });

  it.each([
    { policyVersion: 2 },
    { policyDigest: 'b'.repeat(64) },
    { storedDigest: null },
    { storedDigest: 'b'.repeat(64) },
    { sameCopy: false },
    { people: { ...PEOPLE, approvers: [] } },
    { people: { ...PEOPLE, owner: {} } },
  ])('finds a changed policy or person: %j', (changed) => {
    const { settings } = seenOf(null);
    expect(codes(seenOf(liveAt(7, accepted), { settings: { ...settings, ...changed } }))).toEqual(['POLICY_CHANGED']);
  });
});

describe('Whether a document goes forward', () => {
  const canary = { canaryVersion: '3.0.0', canaryPercentage: 20, canaryUntil: LATER };
  const killed = { fallback: 'seasonal-naive' };
  it.each<readonly [string, Partial<PointerDocument>, Partial<PointerDocument>, 'forward' | 'backward']>([
    ['an older version that was promoted', { productionVersion: '0.9.0' }, {}, 'backward'],
    ['the safe forecast', { productionVersion: '', ...killed }, {}, 'backward'],
    ['a withdrawn version', { productionVersion: '2.0.0' }, {}, 'forward'],
    ['a candidate in production', { productionVersion: '3.0.0' }, {}, 'forward'],
    ['a version that nobody knows', { productionVersion: '7.0.0' }, {}, 'forward'],
    ['a shadow', { shadowVersion: '3.0.0' }, {}, 'forward'],
    ['the shadow that was decided', { shadowVersion: '3.0.0' }, { shadowVersion: '3.0.0' }, 'backward'],
    ['a canary', canary, {}, 'forward'],
    ['a smaller canary', { ...canary, canaryPercentage: 5 }, canary, 'backward'],
    ['a wider canary', { ...canary, canaryPercentage: 50 }, canary, 'forward'],
    ['a longer canary', { ...canary, canaryUntil: late }, canary, 'forward'],
    ['another sample', { ...canary, salt: 'other' }, canary, 'forward'],
    ['other regions', { ...canary, canaryRegions: ['north'] }, canary, 'forward'],
    ['a left kill switch', {}, killed, 'forward'],
    ['a kill switch that stays', killed, killed, 'backward'],
    ['a kill switch for fewer segments', { ...killed, fallbackSegments: ['a:b'] }, killed, 'forward'],
    ['a kill switch for more', killed, { ...killed, fallbackSegments: ['a:b'] }, 'backward'],
  ])('%s', (_, live, before, expected) => {
    const { document } = bookOf(pointer(before)).last ?? {};
    expect(directionOf(pointer(live), document ?? null, versions)).toBe(expected);
  });
});

describe('What all models share', () => {
  const strategy = { growthFactor: 100, deploymentMinutes: 0, bakeMinutes: 0 };
  const seen = { strategy, extensions: [['vouch']] };
  it.each([
    [seen, []],
    [{ ...seen, extensions: [['other'], ['vouch']] }, []],
    [{ ...seen, strategy: null }, ['STRATEGY_CHANGED']],
    [{ ...seen, strategy: { ...strategy, bakeMinutes: 10 } }, ['STRATEGY_CHANGED']],
    [{ ...seen, strategy: { ...strategy, growthFactor: 10 } }, ['STRATEGY_CHANGED']],
    [{ ...seen, extensions: [] }, ['EXTENSION_GONE']],
    [{ ...seen, extensions: [[], ['other']] }, ['EXTENSION_CHANGED']],
  ])('%j', (given, expected) => {
    expect(compareStack(given, 'vouch').map(({ code }) => code)).toEqual(expected);
  });
});

describe('A second look', () => {
  const [finding] = compare(seenOf(liveAt(8, null)), bookOf(accepted));
  if (finding === undefined) throw new Error('Nothing was found.');
  const kept = { id: finding.id, code: finding.code, firstSeenAt: NOW };

  it('confirms, goes on with what is recorded, and tells what is over', () => {
    expect(lookAgain([], [finding], NOW)).toMatchObject({ fresh: [kept], confirmed: [], standing: [] });
    expect(lookAgain([kept], [finding], LATER)).toMatchObject({ fresh: [], confirmed: [{ kept }], standing: [] });
    const recorded = { ...kept, ledgerSeq: 4 };
    expect(lookAgain([recorded], [finding], LATER)).toMatchObject({ confirmed: [], standing: [{ kept: recorded }] });
    expect(lookAgain([recorded], [], LATER)).toMatchObject({ over: [recorded], passed: [] });
    expect(lookAgain([kept], [], LATER)).toMatchObject({ over: [], passed: [kept] });
  });
});
