import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSecret, newRequestId, newSecret } from '../../functions/approval/secret.ts';
import { sha256Hex } from '../../functions/platform/json.ts';

describe('The secret of a link', () => {
  it('has 256 bits, and only its digest is kept', () => {
    const { secret, sha256 } = newSecret(randomBytes);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(sha256).toBe(sha256Hex(secret));
  });

  it('is recognised by any of its digests and by nothing else', () => {
    const one = newSecret(randomBytes);
    const two = newSecret(randomBytes);
    expect(isSecret(one.secret, [two.sha256, one.sha256])).toBe(true);
    expect(isSecret(one.secret, [two.sha256])).toBe(false);
    expect(isSecret('', [one.sha256])).toBe(false);
    expect(isSecret(one.sha256, [one.sha256])).toBe(false);
  });

  it('comes with an id that says nothing of it', () => {
    expect(newRequestId(randomBytes)).toMatch(/^[0-9a-f]{32}$/);
  });
});
