import { describe, expect, it } from 'vitest';
import { artifactOf } from '../../functions/inference/predictors/version-manifest.ts';
import { dsseEnvelope, verifyEnvelope } from '../../functions/platform/dsse.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { type SignManifestPorts, signManifest } from '../../functions/promotion/sign-manifest.ts';
import type { Run } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aChange, aPromotion, stored } from '../fakes/runs.ts';
import { createTestKey } from '../fakes/test-key.ts';

const AT = '2026-03-02T00:02:00.000Z';
const KEY = createTestKey();
const PLACE = 'manifests/demand_1-0-0_1/manifest.dsse.json';
const BY_VERSION = 'manifests/by-version/demand/1.0.0.dsse.json';

function world(run: Run, over: Partial<SignManifestPorts> = {}, evidence = new MemoryEvidence()) {
  const entries: unknown[] = [];
  let now = run;
  const ports: SignManifestPorts = {
    registry: { run: async () => now },
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft) => {
        entries.push(draft);
        const manifest = await evidence.find(`manifests/${run.promotionId}/manifest.dsse.json`);
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

/** What readers see of a manifest: its statement, once the signature holds. */
function statementIn(evidence: MemoryEvidence, key: string) {
  const envelope = dsseEnvelope.parse(JSON.parse(evidence.text(key)));
  return JSON.parse(verifyEnvelope(KEY.publicKeyPem, envelope)?.toString('utf8') ?? 'null');
}

function writingBy(
  evidence: MemoryEvidence,
  writeOnce: MemoryEvidence['writeOnce'],
): Pick<MemoryEvidence, 'writeOnce' | 'find' | 'read'> {
  return { writeOnce, find: (key) => evidence.find(key), read: (object) => evidence.read(object) };
}

describe('The manifest under the name of its version', () => {
  const again = (artifact = passed().artifact) => aPromotion({ promotionId: 'demand_1-0-0_2', attempt: 2, artifact });

  it('is the manifest of the promotion, and names the artifact that inference loads', async () => {
    const { ports, evidence } = world(passed());
    await signManifest(ports, 'demand_1-0-0_1', AT);
    expect(evidence.text(BY_VERSION)).toBe(evidence.text(PLACE));
    expect(statementIn(evidence, BY_VERSION).predicate.artifact).toEqual(passed().artifact);
  });

  it('stays that of the first attempt when the same version is tried again', async () => {
    const { ports, evidence } = world(passed());
    await signManifest(ports, 'demand_1-0-0_1', AT);
    const first = evidence.text(BY_VERSION);
    const second = world(again(), {}, evidence);
    await signManifest(second.ports, 'demand_1-0-0_2', AT);
    expect(evidence.text(BY_VERSION)).toBe(first);
    expect(statementIn(evidence, 'manifests/demand_1-0-0_2/manifest.dsse.json').predicate.promotionId).toBe(
      'demand_1-0-0_2',
    );
    expect(second.entries).toHaveLength(1);
  });

  it('lets no attempt be recorded that brings another artifact', async () => {
    const { ports, evidence } = world(passed());
    await signManifest(ports, 'demand_1-0-0_1', AT);
    const second = world(again(stored('other')), {}, evidence);
    await expect(signManifest(second.ports, 'demand_1-0-0_2', AT)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      reasons: [{ path: BY_VERSION, got: passed().artifact.sha256, allowed: stored('other').sha256 }],
    });
    expect(second.entries).toEqual([]);
  });

  it('is refused when somebody else put something there', async () => {
    const { ports, evidence, entries } = world(passed());
    evidence.put(BY_VERSION, '{}');
    await expect(signManifest(ports, 'demand_1-0-0_1', AT)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
    expect(entries).toEqual([]);
  });

  it('is that of the call that was faster', async () => {
    const { ports, evidence } = world(passed());
    const other = world(again());
    await signManifest(other.ports, 'demand_1-0-0_2', AT);
    const theirs = other.evidence.text(BY_VERSION);
    const writeOnce: MemoryEvidence['writeOnce'] = async (key, content) => {
      if (key === BY_VERSION) evidence.put(BY_VERSION, theirs);
      return evidence.writeOnce(key, content);
    };
    await signManifest({ ...ports, evidence: writingBy(evidence, writeOnce) }, 'demand_1-0-0_1', AT);
    expect(evidence.text(BY_VERSION)).toBe(theirs);
  });

  it('takes up what a call left that died in between', async () => {
    const { ports, evidence, entries } = world(passed());
    const writeOnce: MemoryEvidence['writeOnce'] = (key, content) =>
      key === BY_VERSION ? Promise.reject(new Error('killed')) : evidence.writeOnce(key, content);
    const dying = { ...ports, evidence: writingBy(evidence, writeOnce) };
    await expect(signManifest(dying, 'demand_1-0-0_1', AT)).rejects.toThrow('killed');
    expect(entries).toEqual([]);
    await signManifest(ports, 'demand_1-0-0_1', AT);
    expect(evidence.text(BY_VERSION)).toBe(evidence.text(PLACE));
  });
});

describe('Signing for an onboarding that adopts a version', () => {
  const pointer = { revision: 1, deploymentNumber: 1, documentSha256: 'd'.repeat(64), movedAt: AT };
  const adopt = { version: '7.3', artifact: stored('candidates/demand_onboard_1/artifact') };
  const onboarding = (over: Partial<ReturnType<typeof aChange>> = {}) =>
    aChange({ kind: 'onboard', promotionId: 'demand_onboard_1', pointer, adopt, ...over });

  it('says that the version was adopted without the gates, and claims no evidence', async () => {
    const { ports, evidence, entries } = world(onboarding());
    const { manifestSha256 } = await signManifest(ports, 'demand_onboard_1', AT);
    const statement = statementIn(evidence, 'manifests/by-version/demand/7.3.dsse.json');
    expect(statement).toMatchObject({
      subject: [{ name: 'demand/7.3', digest: { sha256: adopt.artifact.sha256 } }],
      predicateType: 'urn:model-release:adoption:1',
      predicate: { label: 'adopted, gates not passed', artifact: adopt.artifact },
    });
    expect(statement.predicate).not.toHaveProperty('evidence');
    const data = { promotionId: 'demand_onboard_1', version: '7.3', manifest: { sha256: manifestSha256 } };
    expect(entries).toMatchObject([{ type: 'manifest-signed', data }]);
  });

  it('names the artifact where inference reads it', async () => {
    const { ports, evidence } = world(onboarding());
    await signManifest(ports, 'demand_onboard_1', AT);
    const bytes = Buffer.from(evidence.text('manifests/by-version/demand/7.3.dsse.json'));
    const of = { model: 'demand', version: '7.3', publicKeyPem: KEY.publicKeyPem };
    expect(artifactOf(bytes, of)).toEqual(adopt.artifact);
  });

  it('signs nothing before the first document is out under the approval, nor after the end', async () => {
    const { pointer: _, ...before } = onboarding();
    for (const [run, code] of [
      [before, 'NOT_VOUCHED'],
      [onboarding({ end: 'withdrawn' }), 'PROMOTION_ENDED'],
    ] as const) {
      const { ports, evidence } = world(run);
      await expect(signManifest(ports, 'demand_onboard_1', AT)).rejects.toMatchObject({ code });
      expect(evidence.keys()).toEqual([]);
    }
  });

  it('has nothing to sign for a change without a version', async () => {
    const { ports } = world(aChange());
    await expect(signManifest(ports, 'demand_change_1', AT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
