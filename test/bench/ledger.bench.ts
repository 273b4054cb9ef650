import { createPublicKey, verify } from 'node:crypto';
import { it } from 'vitest';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { chainOfLength } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const ENTRIES = 20_000;

// The ratio says what the verifier adds to what cannot be avoided: one signature check per entry.
it(`verifies a chain of ${ENTRIES} entries, apart from reading it`, { timeout: 600_000 }, async ({ bench }) => {
  const key = createTestKey();
  const rows = chainOfLength(ENTRIES, key);
  const publicKey = createPublicKey(key.publicKeyPem);
  await bench.compare(
    bench('signature checks alone, one after the other', () => {
      for (const { body, signature } of rows) {
        verify('sha256', Buffer.from(body), publicKey, Buffer.from(signature, 'base64'));
      }
    }),
    bench('the whole verification', async () => {
      const { publicKeyPem } = key;
      const { entries, fault } = await verifyChain({ model: 'demand', publicKeyPem, rows, anchors: [] });
      if (entries !== ENTRIES || fault !== undefined) throw new Error('The chain holds, and was not found to.');
    }),
    // One run takes seconds: a few say enough.
    { iterations: 3, time: 0, warmup: false },
  );
});
