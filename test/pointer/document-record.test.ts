import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { attributesOf, documentSha256 } from '../../functions/pointer/document.ts';
import {
  documentBytes,
  MAX_DOCUMENT_BYTES,
  recordedDocument,
  wentOutData,
} from '../../functions/pointer/document-record.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { recordIntent } from '../../functions/pointer/record-move.ts';
import { chainOf, draftOf } from '../fakes/chains.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { AT, unsignedDocument } from './fixtures.ts';

let stage: ReleaseStage;
onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0'],
);

const canary = unsignedDocument({ canaryVersion: '2.0.0', canaryPercentage: 5, canaryRegions: ['north'] });
/** A hundred more characters than an entry has room for. */
const large = unsignedDocument({
  canaryStores: Array.from({ length: 301 }, (_, index) => `${index}`.padEnd(1000, 's')),
});
const recorded = (members: object = {}) => ({
  ...wentOutData({ document: { ...canary, signature: 'c2ln' }, deployedAt: AT }),
  documentSha256: documentSha256('demand', canary),
  ...members,
});

describe('What an entry says of a document', () => {
  it('is all of it but the signature, and when it went out', () => {
    expect(wentOutData({ document: { ...canary, signature: 'c2ln' }, deployedAt: AT })).toEqual({
      document: attributesOf(canary),
      deployedAt: AT,
    });
  });

  it('reads back with its absent lists empty', () => {
    expect(recordedDocument('demand', recorded())).toMatchObject({ canaryRegions: ['north'], canaryStores: [] });
  });

  it.each([
    ['was altered', 'demand', recorded({ document: { ...attributesOf(canary), canaryPercentage: 6 } })],
    ['is of another model', 'prices', recorded()],
    ['is not there', 'demand', { documentSha256: documentSha256('demand', canary) }],
    ['has no digest', 'demand', recorded({ documentSha256: undefined })],
    ['is no document', 'demand', recorded({ document: 'canary' })],
  ])('is nothing when it %s', (_what, model, data) => {
    expect(recordedDocument(model, data)).toBeNull();
  });

  it('leaves a document out that no entry could hold, since what went out must be recorded', () => {
    expect(wentOutData({ document: large, deployedAt: AT })).toEqual({ deployedAt: AT });
  });
});

it('An entry with the largest document that is recorded fits an item of DynamoDB, and the verifier takes it', async () => {
  const room = MAX_DOCUMENT_BYTES - documentBytes(unsignedDocument({ canaryStores: [''] }));
  // Half of them outside ASCII: it is bytes that count.
  const document = unsignedDocument({
    canaryStores: ['ä'.repeat(room / 4) + 's'.repeat(room - 2 * Math.floor(room / 4))],
  });
  expect(documentBytes(document)).toBe(MAX_DOCUMENT_BYTES);
  const key = createTestKey();
  const wentOut = wentOutData({ document, deployedAt: AT });
  const data = { ...wentOut, documentSha256: documentSha256('demand', document), reason: 'r'.repeat(20_000) };
  const rows = chainOf([draftOf(), draftOf({ type: 'pointer-moved', data }), draftOf()], key);
  expect(Buffer.byteLength(JSON.stringify(rows[1]))).toBeLessThan(400_000);
  const verified = await verifyChain({ model: 'demand', publicKeyPem: key.publicKeyPem, rows, anchors: [] });
  expect(verified).toMatchObject({ entries: 3 });
  expect(verified.fault).toBeUndefined();
  expect(recordedDocument('demand', data)?.canaryStores).toEqual(document.canaryStores);
});

describe('Each entry by which a document went out', () => {
  it('holds it whole: onboarding, shadow, canary steps, end of the exposure, promotion and rollback', async () => {
    const id = await stage.canaried('2.0', 1);
    await stage.endExposure(id);
    await stage.close(id, 'rejected');
    await stage.promote('3.0');
    await stage.finish(await stage.rollBack());
    const found: (readonly [string, string, string])[] = [];
    for await (const { body } of stage.ledger.entries(stage.model)) {
      if (!['pointer-moved', 'exposure-ended', 'rolled-back'].includes(body.type)) continue;
      const document = recordedDocument(stage.model, body.data);
      const serves = document?.productionVersion || document?.fallback;
      found.push([
        body.type,
        `${serves} ${document?.canaryVersion}${document?.shadowVersion}`,
        `${document?.canaryPercentage}`,
      ]);
      expect(Date.parse(String(body.data['deployedAt']))).toBeLessThanOrEqual(Date.parse(body.at));
    }
    expect(found).toEqual([
      ['pointer-moved', 'seasonal-naive ', '0'],
      ['pointer-moved', '1.0 ', '0'],
      ['pointer-moved', '1.0 2.0', '0'],
      ['pointer-moved', '1.0 2.0', '5'],
      ['pointer-moved', '1.0 2.0', '20'],
      ['exposure-ended', '1.0 ', '0'],
      ['pointer-moved', '3.0 1.0', '0'],
      ['rolled-back', '1.0 ', '0'],
    ]);
  });

  it('holds it after a revert too', async () => {
    await stage.promote('2.0');
    stage.appConfig.broken = new Error('StartDeployment is down.');
    const answer = await stage.rollBack();
    stage.appConfig.broken = null;
    await stage.finish(answer);
    const types = await stage.types();
    const entry = await stage.ledger.read(stage.model, types.lastIndexOf('rolled-back') + 1);
    expect(recordedDocument(stage.model, entry?.body.data ?? {})).toMatchObject({ productionVersion: '1.0' });
  });

  it('names the document that it replaced, which the intent holds, though its move died before it was recorded', async () => {
    const id = await stage.candidate('2.0');
    await stage.prepare(id);
    await stage.enter(id, 'shadow');
    const ports = stage.movePorts();
    const dying: typeof ports.ledger.append = (draft, writes) =>
      draft.type === 'pointer-moved' ? Promise.reject(new Error('Killed.')) : ports.ledger.append(draft, writes);
    await expect(movePointer({ ...ports, ledger: { append: dying } }, id)).rejects.toThrow('Killed.');
    const exposing = await stage.appConfig.liveDocument();
    expect(await stage.endExposure(id)).toMatchObject({ ended: true });
    const types = await stage.types();
    const dataAt = async (type: 'pointer-move-intended' | 'exposure-ended') =>
      (await stage.ledger.read(stage.model, types.lastIndexOf(type) + 1))?.body.data ?? {};
    const intended = await dataAt('pointer-move-intended');
    expect((await dataAt('exposure-ended'))['replaced']).toEqual({
      documentSha256: intended['documentSha256'],
      revision: exposing?.revision,
      deployedAt: stage.appConfig.deployments.at(-2)?.startedAt,
    });
    expect(recordedDocument(stage.model, intended)).toMatchObject({ shadowVersion: '2.0' });
  });

  it('could hold it: a document with longer lists is refused before it goes out', async () => {
    const run = await stage.registered('2.0');
    const document = { ...large, signature: 'c2ln' };
    const hosted = { hostedVersion: 9, document, documentSha256: documentSha256(stage.model, document) };
    const due = { kind: 'shadow', run, step: 0, recorded: null } as const;
    const before = await stage.types();
    await expect(
      recordIntent(stage.movePorts(), { due, hosted, approvalSeq: 1, replaced: null }),
    ).rejects.toMatchObject({
      code: 'NOT_VOUCHED',
      reasons: [{ code: 'DOCUMENT_TOO_LARGE', allowed: `at most ${MAX_DOCUMENT_BYTES} bytes` }],
    });
    expect(await stage.types()).toEqual(before);
  });
});
