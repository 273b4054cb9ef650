import { describe, expect, it } from 'vitest';
import { artifactOf } from '../../../functions/inference/predictors/version-manifest.ts';
import { IN_TOTO_PAYLOAD, signEnvelope } from '../../../functions/platform/dsse.ts';
import type { JsonValue } from '../../../functions/platform/json.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { manifestOf } from '../stand.ts';

const key = createTestKey();
const artifact = { bucket: 'evidence', key: 'candidates/x/artifact', versionId: 'v1', sha256: 'ab'.repeat(32) };
const wanted = { model: 'demand', version: '1.1.0', publicKeyPem: key.publicKeyPem };

async function signed(statement: JsonValue, { by = key, type = IN_TOTO_PAYLOAD } = {}): Promise<Buffer> {
  return Buffer.from(JSON.stringify(await signEnvelope(by.sign, { type, statement })));
}

describe('The manifest of a version', () => {
  it('names its artifact', async () => {
    expect(artifactOf(await signed(manifestOf(artifact)), wanted)).toEqual(artifact);
  });

  it.each([
    ['signed with another key', () => signed(manifestOf(artifact), { by: createTestKey() }), 'SIGNATURE_INVALID'],
    ['signed as something else', () => signed(manifestOf(artifact), { type: 'text/plain' }), 'SIGNATURE_INVALID'],
    ['of another version', () => signed(manifestOf(artifact, 'demand/2.0.0')), 'NOT_VOUCHED'],
    ['of another model', () => signed(manifestOf(artifact, 'other/1.1.0')), 'NOT_VOUCHED'],
    [
      'of other bytes than its artifact has',
      () =>
        signed({
          subject: [{ name: 'demand/1.1.0', digest: { sha256: 'cd'.repeat(32) } }],
          predicate: { artifact },
        }),
      'NOT_VOUCHED',
    ],
    ['no manifest, though signed', () => signed({ subject: [], predicate: {} }), 'CORRUPT_ITEM'],
    ['no JSON, though signed', () => signed('{'), 'CORRUPT_ITEM'],
    ['no envelope', async () => Buffer.from('{}'), 'CORRUPT_ITEM'],
    ['no JSON', async () => Buffer.from('units'), 'CORRUPT_ITEM'],
  ])('is refused when it is %s', async (_what, bytes, code) => {
    const manifest = await bytes();
    expect(() => artifactOf(manifest, wanted)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused when its payload was altered after it was signed', async () => {
    const envelope = JSON.parse((await signed(manifestOf(artifact))).toString());
    const other = manifestOf({ ...artifact, versionId: 'v2' });
    const altered = { ...envelope, payload: Buffer.from(JSON.stringify(other)).toString('base64') };
    expect(() => artifactOf(Buffer.from(JSON.stringify(altered)), wanted)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });
});
