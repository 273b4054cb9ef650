import { describe, expect, it } from 'vitest';
import { dsseEnvelope, verifyEnvelope } from '../../functions/platform/dsse.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { type SignManifestPorts, signManifest } from '../../functions/promotion/sign-manifest.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aPromotion } from '../fakes/runs.ts';
import { createTestKey } from '../fakes/test-key.ts';

const AT = '2026-03-02T00:02:00.000Z';
const KEY = createTestKey();
const PLACE = 'manifests/demand_1-0-0_1/manifest.dsse.json';

function world(run: PromotionItem, over: Partial<SignManifestPorts> = {}) {
  const evidence = new MemoryEvidence();
  const entries: unknown[] = [];
  let now = run;
  const ports: SignManifestPorts = {
    registry: { run: async () => now },
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft) => {
        entries.push(draft);
        const manifest = await evidence.find(PLACE);
        if (manifest !== null) now = { ...now, manifest };
        return { seq: entries.length, entryHash: '' };
      },
    },
    evidence,
    sign: KEY.sign,
    keyId: 'key',
    publicKey: KEY.publicKeyPem,
    retention: { days: 1, mode: 'GOVERNANCE' },
    ...over,
  };
  return { ports, evidence, entries };
}

const passed = () => aPromotion({ stage: 'offline', awaitingApproval: false });

describe('Signing a manifest', () => {
  it('stores a statement on artifact, evidence, policy and change that verifies under the public key', async () => {
    const { ports, evidence, entries } = world(passed());
    const { manifestSha256 } = await signManifest(ports, 'demand_1-0-0_1', AT);
    const envelope = dsseEnvelope.parse(JSON.parse(evidence.text(PLACE)));
    const statement = JSON.parse(verifyEnvelope(KEY.publicKeyPem, envelope)?.toString('utf8') ?? 'null');
    const run = passed();
    expect(statement.subject).toEqual([{ name: 'demand/1.0.0', digest: { sha256: run.artifact.sha256 } }]);
    expect(statement.predicate).toMatchObject({
      policy: { version: 1, sha256: run.policyDigest },
      change: run.change,
      evidence: { offline: { verdict: 'PASS', artifacts: run.gates.offline?.artifacts } },
    });
    expect(entries).toMatchObject([{ type: 'manifest-signed', data: { manifest: { sha256: manifestSha256 } } }]);
  });

  it('takes up the manifest of a call that died before it was recorded', async () => {
    const { ports, evidence, entries } = world(passed());
    const dying = { ...ports, ledger: { append: () => Promise.reject(new Error('killed')) } };
    await expect(signManifest(dying, 'demand_1-0-0_1', AT)).rejects.toThrow('killed');
    const first = evidence.text(PLACE);
    await signManifest(ports, 'demand_1-0-0_1', AT);
    await signManifest(ports, 'demand_1-0-0_1', AT);
    expect(evidence.text(PLACE)).toBe(first);
    expect(entries).toHaveLength(1);
  });

  it('records nothing that readers could not verify', async () => {
    const { ports, entries } = world(passed(), { sign: createTestKey().sign });
    await expect(signManifest(ports, 'demand_1-0-0_1', AT)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(entries).toEqual([]);
  });

  it.each([
    ['has not passed the offline gate', aPromotion({ gates: {} }), 'NOT_VOUCHED'],
    ['has ended', aPromotion({ end: 'withdrawn' }), 'PROMOTION_ENDED'],
  ] as const)('refuses a promotion that %s', async (_, run, code) => {
    const { ports, evidence } = world(run);
    await expect(signManifest(ports, run.promotionId, AT)).rejects.toMatchObject({ code });
    expect(evidence.keys()).toEqual([]);
  });

  it('lets a lost race stand when the other signed the same file', async () => {
    const { ports, evidence } = world(passed());
    const raced: SignManifestPorts = {
      ...ports,
      ledger: {
        append: async (draft) => {
          await ports.ledger.append(draft);
          throw new ReleaseError('CONDITION_FAILED', 'Somebody was first.');
        },
      },
    };
    expect(await signManifest(raced, 'demand_1-0-0_1', AT)).toEqual({
      promotionId: 'demand_1-0-0_1',
      manifestSha256: (await evidence.find(PLACE))?.sha256,
    });
  });
});
