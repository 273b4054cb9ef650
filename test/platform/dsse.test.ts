import { describe, expect, it } from 'vitest';
import { dsseEnvelope, paeBytes, signEnvelope, verifyEnvelope } from '../../functions/platform/dsse.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();
const payload = { type: 'application/vnd.in-toto+json', statement: { b: 1, a: 'ü' } };

describe('A DSSE envelope', () => {
  it('signs type and payload with their lengths in bytes', () => {
    expect(Buffer.from(paeBytes('http://example.com/HelloWorld', Buffer.from('hello world'))).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
    expect(Buffer.from(paeBytes('ü', Buffer.from('€'))).toString()).toBe('DSSEv1 2 ü 3 €');
  });

  it('gives its payload, the canonical JSON, to whoever has the public key', async () => {
    const envelope = dsseEnvelope.parse(JSON.parse(JSON.stringify(await signEnvelope(key.sign, payload))));
    expect(verifyEnvelope(key.publicKeyPem, envelope)?.toString()).toBe('{"a":"ü","b":1}');
  });

  it('gives nothing under another key, of another type, or with another payload', async () => {
    const envelope = await signEnvelope(key.sign, payload);
    expect(verifyEnvelope(createTestKey().publicKeyPem, envelope)).toBeNull();
    expect(verifyEnvelope(key.publicKeyPem, { ...envelope, payloadType: 'text/plain' })).toBeNull();
    expect(verifyEnvelope(key.publicKeyPem, { ...envelope, payload: 'e30=' })).toBeNull();
  });

  it('holds when one of several signatures does', async () => {
    const [good, other] = [await signEnvelope(key.sign, payload), await signEnvelope(createTestKey().sign, payload)];
    const envelope = { ...good, signatures: [...other.signatures, ...good.signatures] };
    expect(verifyEnvelope(key.publicKeyPem, envelope)).not.toBeNull();
  });
});
