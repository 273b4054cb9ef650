import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealOf } from '../../functions/approval/seal.ts';
import type { Reason } from '../../functions/platform/errors.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { systemActor } from '../../functions/platform/people.ts';
import { closePromotion } from '../../functions/promotion/close-promotion.ts';
import { applyChange } from '../../functions/registry/apply-change.ts';
import type { ChangeItem } from '../../functions/registry/items.ts';
import { registerChange } from '../../functions/registry/register-change.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ANA, CHANGE_RECORD, onboardInput, PIPELINE } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

const AT = '2026-03-01T10:00:00.000Z';
const ARTIFACT = '{"forecaster":"croston-tsb"}';
let tables: Tables;
let counter = 0;
let model = '';
let evidence = new MemoryEvidence();

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(() => {
  counter += 1;
  model = `demand-${counter}`;
  evidence = new MemoryEvidence();
});

function ports() {
  return {
    registry: new RegistryStore(tables.client, tables.registry),
    writes: new RegistryWrites(tables.registry),
    ledger: tables.openLedger(),
    evidence,
    allowedPrefixes: ['s3://evidence/incoming/'],
    retention: { days: 1, mode: 'GOVERNANCE' as const },
    firstApprovers: [ANA],
    isApproved: async () => true,
    ensureEnvironment: async () => ({ environmentId: 'e', profileId: 'p' }),
  };
}

const handedIn = (text = ARTIFACT) => evidence.put('incoming/model.json', text);
const adopting = (version = '7.3', artifact = handedIn()) => onboardInput({ model, adopt: { version, artifact } });

async function register(input: unknown, attempt = 1, over: Partial<ReturnType<typeof ports>> = {}) {
  const promotionId = `${model}_onboard_${attempt}`;
  return registerChange({ ...ports(), ...over }, { promotionId, executionArn: `arn:${promotionId}`, input }, AT);
}

const apply = (attempt = 1, over: Partial<ReturnType<typeof ports>> = {}) =>
  applyChange({ ...ports(), ...over }, `${model}_onboard_${attempt}`, AT);

async function run(attempt = 1): Promise<ChangeItem> {
  const found = await ports().registry.run(model, `${model}_onboard_${attempt}`);
  if (found?.kind !== 'onboard') throw new Error('No onboarding.');
  return found;
}

/** The first document, or the adoption, as the mover records them. */
async function moved(member: 'pointer' | 'adopted', attempt = 1): Promise<void> {
  const move = { revision: 1, deploymentNumber: 1, documentSha256: 'd'.repeat(64), movedAt: AT };
  const { ledger, writes } = ports();
  const { promotionId } = await run(attempt);
  const actor = systemActor('move-pointer');
  await ledger.append({ model, type: 'pointer-moved', at: AT, actor, data: { promotionId } }, [
    writes.updateRun({ model, promotionId }, { [member]: move }),
    ...(member === 'adopted' ? [writes.updateVersion(model, '7.3', { status: 'production' }, ['candidate'])] : []),
  ]);
}

async function close(end: 'applied' | 'withdrawn', attempt = 1) {
  const { promotionId } = await run(attempt);
  const reasons = [{ code: 'ADOPTION_FAILED', message: 'A step failed.' }];
  return closePromotion({ ...ports(), withdrawGate: async () => {} }, { promotionId, end, reasons }, AT);
}

async function entry(type: string) {
  for await (const { body } of tables.openLedger().entries(model)) if (body.type === type) return body;
  return null;
}

const codes = (reasons: readonly Reason[]) => reasons.map(({ code, path }) => [code, path]);

describe('Onboarding a model with the version that runs elsewhere', () => {
  it('pins the artifact and records what is taken over, with the label that it passed no gate', async () => {
    expect(await register(adopting())).toMatchObject({ outcome: 'registered', reasons: [] });
    const artifact = { key: `candidates/${model}_onboard_1/artifact`, sha256: sha256Hex(ARTIFACT) };
    expect(await run()).toMatchObject({ adopt: { version: '7.3', artifact } });
    const adopt = { version: '7.3', artifact, label: 'adopted, gates not passed' };
    expect((await entry('change-requested'))?.data).toMatchObject({ adopt });
  });

  it('seals the version and its artifact into what people approve', async () => {
    await register(adopting());
    const registered = await run();
    const { adopt: _, ...without } = registered;
    const artifact = {
      ...registered.adopt?.artifact,
      bucket: 'evidence',
      key: 'k',
      versionId: '1',
      sha256: 'f'.repeat(64),
    };
    const seals = [registered, without, { ...registered, adopt: { version: '7.3', artifact } }].map((one) =>
      sealOf(one, 'change'),
    );
    expect(new Set(seals).size).toBe(3);
  });

  it('answers a repeated registration the same, and copies nothing twice', async () => {
    const input = adopting();
    const first = await register(input);
    evidence.put('incoming/model.json', 'other bytes');
    expect(await register(input)).toEqual(first);
    expect((await run()).adopt?.artifact.sha256).toBe(sha256Hex(ARTIFACT));
  });

  it('creates model and version together, and nothing before people approve', async () => {
    await register(adopting());
    await expect(apply(1, { isApproved: async () => false })).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
    expect(await ports().registry.version(model, '7.3')).toBeNull();
    expect(await apply()).toEqual({ promotionId: `${model}_onboard_1`, kind: 'onboard', adopts: true });
    expect(await ports().registry.version(model, '7.3')).toMatchObject({
      status: 'candidate',
      sha256: sha256Hex(ARTIFACT),
      promotionId: `${model}_onboard_1`,
    });
    expect((await entry('model-onboarded'))?.data).toMatchObject({ adopt: { version: '7.3' } });
    expect(await apply()).toMatchObject({ adopts: true });
  });

  it('adopts nothing unless it is asked to', async () => {
    await register(onboardInput({ model }));
    expect(await apply()).toMatchObject({ adopts: false });
    expect(await ports().registry.versions(model)).toEqual([]);
    expect((await entry('change-requested'))?.data).not.toHaveProperty('adopt');
  });
});

describe('An adoption that cannot be accepted', () => {
  it('is refused with every reason at once', async () => {
    const input = { ...adopting('7.3', { uri: 's3://evidence/incoming/nothing.json', sha256: 'a'.repeat(64) }) };
    const approvers = [{ ...ANA, stages: ['shadow' as const] }];
    const { reasons } = await register({ ...input, approvers });
    expect(codes(reasons)).toEqual([
      ['QUORUM_UNREACHABLE', 'policy.approvals.quorum.canary'],
      ['QUORUM_UNREACHABLE', 'policy.approvals.quorum.production'],
      ['OBJECT_MISSING', 'adopt.artifact.uri'],
    ]);
  });

  it('is refused for an artifact with other bytes than it names', async () => {
    const artifact = { ...handedIn(), sha256: 'a'.repeat(64) };
    expect((await register(adopting('7.3', artifact))).reasons).toMatchObject([
      { code: 'DIGEST_MISMATCH', path: 'adopt.artifact.sha256', got: sha256Hex(ARTIFACT), allowed: 'a'.repeat(64) },
    ]);
  });

  it('is refused, unseen, for an artifact that lies outside the allowed places', async () => {
    const artifact = { ...handedIn(), uri: 's3://elsewhere/model.json' };
    const inspect = () => Promise.reject(new Error('It was looked at.'));
    const over = { evidence: Object.assign(new MemoryEvidence(), { inspect }) };
    const { reasons } = await register(adopting('7.3', artifact), 1, over);
    expect(codes(reasons)).toEqual([['URI_NOT_ALLOWED', 'adopt.artifact.uri']]);
  });

  it('is refused when the object is replaced between the look and the copy', async () => {
    const input = adopting();
    const inspect = async () => {
      evidence.put('incoming/model.json', 'replaced');
      return { sha256: sha256Hex(ARTIFACT), head: Buffer.from(ARTIFACT), bytes: ARTIFACT.length };
    };
    const copyIn: MemoryEvidence['copyIn'] = (source, key) => evidence.copyIn(source, key);
    const { outcome, reasons } = await register(input, 1, {
      evidence: Object.assign(new MemoryEvidence(), { inspect, copyIn }),
    });
    expect(outcome).toBe('rejected');
    expect(codes(reasons)).toEqual([['DIGEST_MISMATCH', 'adopt.artifact.sha256']]);
    expect(await ports().registry.run(model, `${model}_onboard_1`)).toBeNull();
  });

  it.each([
    [
      'a version that is no name',
      { version: '../1', artifact: { uri: 's3://evidence/incoming/m', sha256: 'a'.repeat(64) } },
    ],
    [
      'a URI that climbs',
      { version: '1', artifact: { uri: 's3://evidence/incoming/../manifests/m', sha256: 'a'.repeat(64) } },
    ],
    ['no artifact', { version: '1' }],
    ['claims of its own', { version: '1', gates: 'passed', artifact: handedIn() }],
  ])('is refused for %s', async (_, adopt) => {
    const { outcome, reasons } = await register({ ...onboardInput({ model }), adopt });
    expect(outcome).toBe('rejected');
    expect(reasons.every(({ path = '' }) => path.startsWith('adopt'))).toBe(true);
  });

  it('is refused for a model that exists: later versions pass the gates', async () => {
    await register(adopting());
    await apply();
    await moved('pointer');
    await moved('adopted');
    expect(await close('applied')).toMatchObject({ end: 'applied' });
    expect(codes((await register(adopting('7.4'), 2)).reasons)).toEqual([['MODEL_EXISTS', 'model']]);
    const change = { kind: 'change', model, change: CHANGE_RECORD, requestedBy: PIPELINE };
    const promotionId = `${model}_change_1`;
    const asked = { ...change, adopt: { version: '7.4', artifact: handedIn() } };
    const answer = await registerChange(ports(), { promotionId, executionArn: promotionId, input: asked }, AT);
    expect(answer).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'INVALID_FIELD' }] });
  });
});

describe('An adoption that broke off after the first document', () => {
  beforeEach(async () => {
    await register(adopting());
    await apply();
    await moved('pointer');
  });

  it('is not applied: the run ends withdrawn with its reasons, and the model stays onboarded', async () => {
    expect(await close('withdrawn')).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'ADOPTION_FAILED' }] });
    expect(await ports().registry.model(model)).not.toBeNull();
  });

  it('is applied all the same when the version serves and only a later step failed', async () => {
    await moved('adopted');
    expect(await close('withdrawn')).toMatchObject({ end: 'applied', reasons: [] });
  });

  it('may be tried again under the next attempt, which takes the version item over', async () => {
    await close('withdrawn');
    expect(await register(adopting(), 2)).toMatchObject({ outcome: 'registered' });
    expect(await apply(2)).toMatchObject({ adopts: true });
    expect(await ports().registry.model(model)).toMatchObject({ revision: 2, changedBy: `${model}_onboard_2` });
    expect(await ports().registry.version(model, '7.3')).toMatchObject({ promotionId: `${model}_onboard_2` });
  });

  it('may not bring other bytes under the same version', async () => {
    await close('withdrawn');
    const { reasons } = await register(adopting('7.3', handedIn('other bytes')), 2);
    expect(codes(reasons)).toEqual([['VERSION_DIGEST_CONFLICT', 'adopt.artifact.sha256']]);
  });

  it('is no way past the gates once a version was released', async () => {
    await close('withdrawn');
    const { writes, ledger } = ports();
    const actor = systemActor('test');
    await ledger.append({ model, type: 'rolled-back', at: AT, actor, data: {} }, [
      writes.updateVersion(model, '7.3', { status: 'withdrawn' }, ['candidate']),
    ]);
    expect(codes((await register(adopting('7.4'), 2)).reasons)).toEqual([['MODEL_EXISTS', 'model']]);
  });

  it.each(['7.3', '7.4'])('is no way past the gates once a promotion, of %s, was begun', async (version) => {
    await close('withdrawn');
    const { writes, ledger } = ports();
    const promotionId = `${model}_${version.replace('.', '-')}_1`;
    const { sha256 } = handedIn();
    const artifact = { bucket: 'evidence', key: 'candidates/x/artifact', versionId: '1', sha256 };
    const item = { model, version, sha256, artifact, status: 'candidate' as const, promotionId, registeredAt: AT };
    await ledger.append(
      { model, type: 'candidate-registered', at: AT, actor: systemActor('test'), data: { promotionId } },
      [
        version === '7.3'
          ? writes.updateVersion(model, version, { promotionId }, ['candidate'])
          : writes.newVersion(item),
      ],
    );
    expect(codes((await register(adopting('7.3'), 2)).reasons)).toEqual([['MODEL_EXISTS', 'model']]);
  });

  it('lets nobody onboard the model a second time without it', async () => {
    await close('withdrawn');
    expect(codes((await register(onboardInput({ model }), 2)).reasons)).toEqual([['MODEL_EXISTS', 'model']]);
  });
});
