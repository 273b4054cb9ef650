import { createHash, createPublicKey, verify } from 'node:crypto';
import type { LedgerRow } from '../../functions/ledger/entry.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { chainOfLength } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

/**
 * How long the verification of a long chain takes apart from reading it, beside what cannot be avoided: one signature
 * check per entry on one thread. Run by hand: `node test/bench/ledger.bench.ts [entries]`.
 */
const length = Number(process.argv[2] ?? 100_000);
const key = createTestKey();

async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

let rows: readonly LedgerRow[] = [];
const building = await seconds(() => {
  rows = chainOfLength(length, key);
});
const verifying = await seconds(async () => {
  const { fault, entries } = await verifyChain({
    model: 'demand',
    publicKeyPem: key.publicKeyPem,
    rows,
    anchors: [],
  });
  if (fault !== undefined || entries !== length) throw new Error(`Expected ${length} sound entries.`);
});
const publicKey = createPublicKey(key.publicKeyPem);
const signatures = await seconds(() => {
  for (const { body, signature } of rows)
    verify('sha256', Buffer.from(body), publicKey, Buffer.from(signature, 'base64'));
});
const digests = await seconds(() => {
  for (const { body } of rows) createHash('sha256').update(body).digest('hex');
});

process.stdout.write(
  `${[
    `${length} entries`,
    `build and sign           ${building.toFixed(2)} s`,
    `verify                   ${verifying.toFixed(2)} s  ${Math.round(length / verifying)} entries/s`,
    `signature checks alone   ${signatures.toFixed(2)} s  verify / this = ${(verifying / signatures).toFixed(2)}`,
    `digests alone            ${digests.toFixed(2)} s`,
    `memory at the end        ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB, rows included`,
  ].join('\n')}\n`,
);
