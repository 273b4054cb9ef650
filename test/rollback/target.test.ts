import { describe, expect, it } from 'vitest';
import type { PointerDocument, UnsignedDocument } from '../../functions/pointer/document.ts';
import { decideTarget, type Known, type TargetQuestion } from '../../functions/rollback/target.ts';
import { AT, RETURNING, unsignedDocument } from '../pointer/fixtures.ts';

function documentOf(members: Partial<UnsignedDocument>): PointerDocument {
  return { ...unsignedDocument(members), signature: 'x' };
}

type Versions = Known['versions'];
/** 1.0 was replaced by 2.0, and that by 3.0, which serves. */
const VERSIONS: Versions = [
  { version: '1.0', status: 'retained', predecessor: '' },
  { version: '2.0', status: 'retained', predecessor: '1.0' },
  { version: '3.0', status: 'production', predecessor: '2.0' },
];

function withStatus(version: string, status: Versions[number]['status']): Versions {
  return VERSIONS.map((item) => (item.version === version ? { ...item, status } : item));
}

function documentsFor(...versions: readonly string[]) {
  return versions.map((version, index) => ({ version, hostedVersion: index + 1, documentSha256: `sha-${version}` }));
}

function decide(over: Partial<Omit<TargetQuestion, 'known'>> & Partial<Known> = {}) {
  const { versions = VERSIONS, returnDocuments = documentsFor('', '1.0', '2.0'), complete = true, ...question } = over;
  const live = documentOf({ productionVersion: '3.0', previousVersion: '2.0' });
  return decideTarget({
    input: {},
    live,
    justRolledBack: false,
    byPerson: true,
    at: AT,
    ...question,
    known: { versions, returnDocuments, complete },
  });
}

describe('The target of a rollback', () => {
  it('is the version before, and what serves is withdrawn', () => {
    expect(decide()).toMatchObject({ outcome: 'go', from: '3.0', to: { version: '2.0' } });
  });

  it('is found further back when the version before was withdrawn', () => {
    expect(decide({ versions: withStatus('2.0', 'withdrawn') })).toMatchObject({
      outcome: 'go',
      to: { version: '1.0' },
    });
  });

  it('is found further back when no document goes back to the version before', () => {
    expect(decide({ returnDocuments: documentsFor('', '1.0') })).toMatchObject({
      outcome: 'go',
      to: { version: '1.0' },
    });
  });

  it('is the safe forecast when no version is left', () => {
    expect(decide({ returnDocuments: documentsFor('') })).toMatchObject({ outcome: 'go', to: { version: '' } });
  });

  it('is none, with what was tried, when nothing at all can be gone back to', () => {
    const none = decide({ versions: withStatus('2.0', 'withdrawn'), returnDocuments: [] });
    expect(none).toMatchObject({ outcome: 'none', from: '3.0' });
    expect(none.outcome === 'none' && none.reasons.map(({ code, path }) => [code, path])).toEqual([
      ['UNFIT_TARGET', '2.0'],
      ['NO_RETURN_DOCUMENT', '1.0'],
      ['NO_RETURN_DOCUMENT', ''],
    ]);
  });

  it('is never the withdrawn version, though predecessors lead in a circle', () => {
    const versions: Versions = [
      { version: '2.0', status: 'withdrawn', predecessor: '3.0' },
      { version: '3.0', status: 'production', predecessor: '2.0' },
    ];
    expect(decide({ versions, returnDocuments: documentsFor('', '2.0', '3.0') })).toMatchObject({
      to: { version: '' },
    });
  });

  it('follows the registry from a document that was gone back to, since it names no version before', () => {
    const live = documentOf({ ...RETURNING, productionVersion: '2.0' });
    expect(decide({ live })).toMatchObject({ outcome: 'go', from: '2.0', to: { version: '1.0' } });
  });

  it('is the production version when a candidate beside it is withdrawn', () => {
    const live = documentOf({ productionVersion: '3.0', canaryVersion: '4.0', canaryPercentage: 5 });
    const question = { live, input: { withdrawVersion: '4.0' }, returnDocuments: documentsFor('', '2.0', '3.0') };
    expect(decide(question)).toMatchObject({ outcome: 'go', from: '4.0', to: { version: '3.0' } });
  });

  it('is the named version, when it is retained and has its document', () => {
    expect(decide({ input: { targetVersion: '1.0' } })).toMatchObject({
      outcome: 'go',
      from: '3.0',
      to: { version: '1.0' },
    });
  });

  it.each([
    ['withdrawn', withStatus('1.0', 'withdrawn'), ['', '1.0'], '1.0', 'UNFIT_TARGET'],
    ['only a candidate', withStatus('1.0', 'candidate'), ['', '1.0'], '1.0', 'UNFIT_TARGET'],
    ['unknown', VERSIONS, ['', '7.0'], '7.0', 'UNFIT_TARGET'],
    ['the one that is withdrawn', VERSIONS, ['3.0'], '3.0', 'UNFIT_TARGET'],
    ['without a document', VERSIONS, [''], '1.0', 'NO_RETURN_DOCUMENT'],
  ])('is refused when the named version is %s', (_what, versions, documents, targetVersion, code) => {
    const answer = decide({ versions, returnDocuments: documentsFor(...documents), input: { targetVersion } });
    expect(answer).toMatchObject({ outcome: 'rejected', reasons: [{ code, path: 'targetVersion' }] });
  });
});

/** Later than any moment at which these tests ask. */
const UNTIL = '2026-04-01T00:00:00Z';
const CANARY = { canaryVersion: '4.0', canaryPercentage: 5, canaryUntil: UNTIL };
const SHADOW = { shadowVersion: '4.0', shadowUntil: UNTIL };
const BESIDE = { productionVersion: '3.0', previousVersion: '2.0' };
/** 4.0 is a candidate beside them. */
const WITH_CANDIDATE: Versions = [...VERSIONS, { version: '4.0', status: 'candidate' }];
const ALL = documentsFor('', '1.0', '2.0', '3.0');

describe('With a candidate beside production, a rollback that names no version', () => {
  const ask = (members: Partial<UnsignedDocument>, over: Parameters<typeof decide>[0] = {}) =>
    decide({ live: documentOf({ ...BESIDE, ...members }), versions: WITH_CANDIDATE, returnDocuments: ALL, ...over });

  it('takes an active canary out, the newest change that serves anybody, and leaves production', () => {
    expect(ask(CANARY)).toMatchObject({ outcome: 'go', from: '4.0', to: { version: '3.0' } });
  });

  it.each([
    ['is past its bound', { canaryUntil: AT }],
    ['has no share yet', { canaryPercentage: 0 }],
  ])('goes back from production when the canary %s: it serves nobody', (_, members) => {
    expect(ask({ ...CANARY, ...members })).toMatchObject({ from: '3.0', to: { version: '2.0' } });
  });

  it('goes back from production beside a shadow, which serves nobody', () => {
    expect(ask(SHADOW)).toMatchObject({ from: '3.0', to: { version: '2.0' } });
  });

  it.each([
    ['shadow', SHADOW],
    ['canary', CANARY],
    ['canary that is over', { ...CANARY, canaryUntil: AT }],
  ])('takes the %s out beside the safe forecast', (_, members) => {
    const first = { productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' };
    expect(ask({ ...first, ...members })).toMatchObject({ from: '4.0', to: { version: '' } });
  });

  it('goes back from production when it names another target, and from the canary when it names production', () => {
    expect(ask(CANARY, { input: { targetVersion: '1.0' } })).toMatchObject({ from: '3.0', to: { version: '1.0' } });
    expect(ask(CANARY, { input: { targetVersion: '3.0' } })).toMatchObject({ from: '4.0', to: { version: '3.0' } });
  });

  it('moves nobody off production when no document keeps it, but says that it cannot be done', () => {
    expect(ask(CANARY, { returnDocuments: documentsFor('', '1.0', '2.0') })).toMatchObject({
      outcome: 'none',
      from: '4.0',
      reasons: [{ code: 'NO_RETURN_DOCUMENT', path: '3.0' }],
    });
  });

  it('goes further back when production itself is withdrawn', () => {
    const versions = WITH_CANDIDATE.map((one) =>
      one.version === '3.0' ? { ...one, status: 'withdrawn' as const } : one,
    );
    expect(ask(CANARY, { versions })).toMatchObject({ from: '4.0', to: { version: '2.0' } });
  });
});

describe('A rollback that names a version which serves nobody', () => {
  const asking = (
    withdrawVersion: string,
    members: Partial<UnsignedDocument>,
    over: Parameters<typeof decide>[0] = {},
  ) =>
    decide({
      live: documentOf({ ...BESIDE, ...members }),
      versions: WITH_CANDIDATE,
      returnDocuments: ALL,
      input: { withdrawVersion },
      ...over,
    });

  it('takes the shadow out', () => {
    expect(asking('4.0', SHADOW)).toMatchObject({ from: '4.0', to: { version: '3.0' } });
  });

  it('takes out the version before, which runs as shadow until the new one is confirmed', () => {
    const confirming = { shadowVersion: '2.0', shadowUntil: UNTIL };
    expect(asking('2.0', confirming)).toMatchObject({ from: '2.0', to: { version: '3.0' } });
  });

  it('goes back from production past the shadow that was named before', () => {
    const versions = withStatus('2.0', 'withdrawn');
    expect(asking('3.0', { shadowVersion: '2.0', shadowUntil: UNTIL }, { versions })).toMatchObject({
      from: '3.0',
      to: { version: '1.0' },
    });
  });

  it('withdraws a candidate that waits for its next stage, when a person asks', () => {
    expect(asking('4.0', {})).toMatchObject({ outcome: 'go', from: '4.0', to: { version: '3.0' } });
  });

  it.each([
    ['automation asks', { byPerson: false }],
    ['nothing keeps production as it is', { returnDocuments: documentsFor('', '1.0', '2.0') }],
    ['another target is named', { input: { withdrawVersion: '4.0', targetVersion: '1.0' } }],
  ])('moves nothing for such a candidate when %s', (_, over) => {
    const reasons = [{ code: 'ALREADY_WITHDRAWN', message: '4.0 is not live.' }];
    expect(asking('4.0', {}, over)).toMatchObject({ outcome: 'already-withdrawn', from: '4.0', reasons });
  });
});

describe('A rollback from a version that the model does not have', () => {
  it('is refused, naming those that it has: a misspelt one must not pass for one that is gone', () => {
    expect(decide({ input: { withdrawVersion: '30' } })).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'UNKNOWN_VERSION', path: 'withdrawVersion', got: '30', allowed: '1.0, 2.0, 3.0' }],
    });
  });

  it('cannot be told from one that is gone while the registry does not answer', () => {
    const answer = decide({ complete: false, input: { withdrawVersion: '30' } });
    expect(answer).toMatchObject({ outcome: 'already-withdrawn' });
  });
});

describe('A rollback without effect', () => {
  it('answers that the version is not live any more', () => {
    expect(decide({ input: { withdrawVersion: '2.0' } })).toMatchObject({
      outcome: 'already-withdrawn',
      from: '2.0',
      reasons: [{ code: 'ALREADY_WITHDRAWN', got: '3.0' }],
    });
  });

  it('goes back no second step when it was just asked for', () => {
    const live = documentOf({ ...RETURNING, productionVersion: '2.0' });
    expect(decide({ live, justRolledBack: true })).toMatchObject({ outcome: 'already-withdrawn' });
  });

  it('goes back a second step when it names the version that serves now', () => {
    const live = documentOf({ ...RETURNING, productionVersion: '2.0' });
    expect(decide({ live, justRolledBack: true, input: { withdrawVersion: '2.0' } })).toMatchObject({
      outcome: 'go',
      from: '2.0',
      to: { version: '1.0' },
    });
  });

  it('has nothing to withdraw from the safe forecast', () => {
    const live = documentOf({ productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' });
    expect(decide({ live })).toMatchObject({
      outcome: 'already-withdrawn',
      reasons: [{ got: 'safe forecast seasonal-naive' }],
    });
  });
});

describe('Beside what is no document of ours', () => {
  it('is the production version that the registry knows, and withdraws nothing', () => {
    const returnDocuments = documentsFor('', '2.0', '3.0');
    expect(decide({ live: null, returnDocuments })).toMatchObject({ outcome: 'go', from: '', to: { version: '3.0' } });
  });

  it('is the version before that, when the production version is withdrawn', () => {
    const question = { live: null, input: { withdrawVersion: '3.0' } };
    expect(decide(question)).toMatchObject({ outcome: 'go', from: '3.0', to: { version: '2.0' } });
  });
});
