import * as z from 'zod';
import { canonicalJson, type JsonValue } from './json.ts';
import { type Sign, verifySignature } from './signing.ts';

/** A DSSE envelope (secure-systems-lab/dsse 1.0): `payload` and each `sig` are base64; `sig` is over the PAE of the payload. */
export const dsseEnvelope = z.strictObject({
  payloadType: z.string().min(1),
  payload: z.base64(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.base64() })).min(1),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelope>;

export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';

/** The bytes that a DSSE signature covers: type and payload with their lengths, so that neither can pass for the other. */
export function paeBytes(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  const head = Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `, 'utf8');
  return Buffer.concat([head, payload]);
}

/** Signs the canonical JSON of `statement`. `keyid` is a hint for people; verifiers bring the key that they trust. */
export async function signEnvelope(
  sign: Sign,
  payload: { readonly type: string; readonly statement: JsonValue; readonly keyid?: string },
): Promise<DsseEnvelope> {
  const bytes = Buffer.from(canonicalJson(payload.statement), 'utf8');
  const sig = await sign(paeBytes(payload.type, bytes));
  return {
    payloadType: payload.type,
    payload: bytes.toString('base64'),
    signatures: [{ keyid: payload.keyid ?? '', sig }],
  };
}

/** The payload's bytes when a signature of the envelope is by this key; null when none is. */
export function verifyEnvelope(publicKeyPem: string, envelope: DsseEnvelope): Buffer | null {
  const payload = Buffer.from(envelope.payload, 'base64');
  const signed = paeBytes(envelope.payloadType, payload);
  return envelope.signatures.some(({ sig }) => verifySignature(publicKeyPem, signed, sig)) ? payload : null;
}
