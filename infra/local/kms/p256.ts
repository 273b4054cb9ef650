import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

/** Order of the P-256 group. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A new P-256 private key, PKCS #8 PEM. */
export function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The public half, DER (SPKI). */
export function publicKeyDer(privateKey: string): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
}

/**
 * The ECDSA signature (DER) of a digest that was already computed. Node signs messages only and would hash a digest once
 * more, so this is the textbook formula; good enough for a key that protects nothing but one machine's demo.
 */
export function signDigest(privateKey: string, digest: Buffer): Buffer {
  const d = scalarOf(privateKey);
  for (;;) {
    const k = toNumber(randomBytes(32));
    if (k === 0n || k >= N) continue;
    const r = xOf(k) % N;
    const s = (invert(k) * (toNumber(digest) + r * d)) % N;
    if (r !== 0n && s !== 0n) return derOf(r, s);
  }
}

/** Whether a DER signature is one of this digest. Knowing the private key turns the sum of two points into one product. */
export function verifyDigest(privateKey: string, digest: Buffer, signature: Buffer): boolean {
  const numbers = numbersOf(signature);
  if (numbers === null) return false;
  const [r, s] = numbers;
  if (r <= 0n || r >= N || s <= 0n || s >= N) return false;
  const sum = (invert(s) * (toNumber(digest) + r * scalarOf(privateKey))) % N;
  return sum !== 0n && xOf(sum) % N === r;
}

function scalarOf(privateKey: string): bigint {
  return toNumber(Buffer.from(createPrivateKey(privateKey).export({ format: 'jwk' }).d ?? '', 'base64url'));
}

/** The x coordinate of `k` times the base point. */
function xOf(k: bigint): bigint {
  const point = createECDH('prime256v1');
  point.setPrivateKey(Buffer.from(k.toString(16).padStart(64, '0'), 'hex'));
  return toNumber(point.getPublicKey().subarray(1, 33));
}

/** By Fermat's little theorem: N is prime. */
function invert(value: bigint): bigint {
  let [result, base] = [1n, value % N];
  for (let exponent = N - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % N;
    base = (base * base) % N;
  }
  return result;
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x0${bytes.toString('hex')}`);
}

function derOf(...numbers: readonly [bigint, bigint]): Buffer {
  const integers = numbers.map((number) => {
    const hex = number.toString(16);
    // Even length, and a zero in front of a leading bit that would read as a minus sign.
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
    const content = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
    return Buffer.concat([Buffer.from([0x02, content.length]), content]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function numbersOf(der: Buffer): readonly [bigint, bigint] | null {
  const rLength = der[3] ?? 0;
  const s = der.subarray(6 + rLength);
  const r = der.subarray(4, 4 + rLength);
  if (r.length === 0 || s.length === 0) return null;
  const numbers = [toNumber(r), toNumber(s)] as const;
  // One form only, as AWS demands: what does not encode back to the same bytes is no signature.
  return derOf(...numbers).equals(der) ? numbers : null;
}
