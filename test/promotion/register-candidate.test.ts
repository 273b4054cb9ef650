import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Reason } from '../../functions/platform/errors.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import { systemActor } from '../../functions/platform/people.ts';
import { closeDeadPromotions } from '../../functions/promotion/close-dead-promotion.ts';
import { closePromotion } from '../../functions/promotion/close-promotion.ts';
import type { ExecutionStatus } from '../../functions/promotion/dead-promotion.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import { type RegisterCandidatePorts, registerCandidate } from '../../functions/promotion/register-candidate.ts';
import { applyChange } from '../../functions/registry/apply-change.ts';
import { registerChange } from '../../functions/registry/register-change.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ANA, BEN, candidateInput, onboardInput, PIPELINE } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aModel, aPromotion } from '../fakes/runs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

const AT = '2026-03-01T10:00:00.000Z';
let tables: Tables;
let counter = 0;
let model = '';
let evidence = new MemoryEvidence();

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

/** Each test has a model of its own, so that one engine serves them all. */
beforeEach(() => {
  counter += 1;
  model = `demand-${counter}`;
  evidence = new MemoryEvidence();
});

const settings = {
  allowedPrefixes: ['s3://evidence/incoming/'],
  retention: { days: 1, mode: 'GOVERNANCE' as const },
};

function ports() {
  return {
    registry: new RegistryStore(tables.client, tables.registry),
    writes: new RegistryWrites(tables.registry),
    ledger: tables.openLedger(),
    evidence,
    inspectTable: (): readonly Reason[] => [],
    ...settings,
  };
}

function asked(version = '1.0.0', over: Readonly<Record<string, unknown>> = {}, attempt = 1) {
  const promotionId = promotionIdOf(model, version, attempt);
  const input: unknown = candidateInput(evidence, { model, version, ...over });
  return { promotionId, executionArn: `arn:${promotionId}`, input };
}

/** Onboards the model; without its document it is what a break before the first deployment leaves. */
async function onboard({ document = true } = {}): Promise<void> {
  const promotionId = `${model}_onboard_1`;
  const all = { ...ports(), firstApprovers: [ANA] };
  await registerChange(all, { promotionId, executionArn: promotionId, input: onboardInput({ model }) }, AT);
  const environment = { environmentId: 'e', profileId: 'p' };
  await applyChange(
    { ...all, isApproved: async () => true, ensureEnvironment: async () => environment },
    promotionId,
    AT,
  );
  if (document) await deployFirst(promotionId);
  const end = document ? 'applied' : 'withdrawn';
  await closePromotion({ ...all, withdrawGate: async () => {} }, { promotionId, end, reasons: [] }, AT);
}

async function deployFirst(promotionId: string): Promise<void> {
  const pointer = { revision: 1, deploymentNumber: 1, documentSha256: 'd'.repeat(64), movedAt: AT };
  const actor = systemActor('move-pointer');
  await tables
    .openLedger()
    .append({ model, type: 'pointer-moved', at: AT, actor, data: { promotionId } }, [
      ports().writes.updateRun({ model, promotionId }, { pointer }),
    ]);
}

async function entryTypes(): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const { body } of tables.openLedger().entries(model)) types.push(body.type);
  return types;
}

const codes = (reasons: readonly Reason[]) => reasons.map((reason) => reason.code);

describe('Registering a candidate', () => {
  it('pins its objects, records it, and keeps every other run of the model out', async () => {
    await onboard();
    const request = asked();
    expect(await registerCandidate(ports(), settings, request, AT)).toMatchObject({
      outcome: 'registered',
      reasons: [],
    });
    const run = await ports().registry.run(model, request.promotionId);
    const { policy } = aModel();
    expect(run).toMatchObject({ kind: 'promotion', stage: 'offline', baseline: '', canaryStep: 0, exposures: [] });
    expect(run).toMatchObject({ plan: planOf(policy) });
    expect(evidence.keys()).toContain(`candidates/${request.promotionId}/artifact`);
    expect((await entryTypes()).at(-1)).toBe('candidate-registered');
    const second = await registerCandidate(ports(), settings, asked('2.0.0'), AT);
    expect(second).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'PROMOTION_IN_FLIGHT', got: request.promotionId }],
    });
  });

  it('answers the same when the step is repeated, and writes nothing twice', async () => {
    await onboard();
    const request = asked();
    await registerCandidate(ports(), settings, request, AT);
    const before = await entryTypes();
    expect(await registerCandidate(ports(), settings, request, AT)).toMatchObject({ outcome: 'registered' });
    expect(await entryTypes()).toEqual(before);
  });

  it('records a refusal of a known model once, under the requester, and spends the id', async () => {
    await onboard();
    const request = asked('1.0.0', { knownFailureModes: [] });
    const refused = await registerCandidate(ports(), settings, request, AT);
    expect(codes(refused.reasons)).toEqual(['KNOWN_FAILURE_MODES_MISSING']);
    expect(await registerCandidate(ports(), settings, request, AT)).toEqual(refused);
    expect((await entryTypes()).filter((type) => type === 'promotion-ended')).toHaveLength(1);
    const again = { ...asked(), executionArn: 'arn:later' };
    expect(codes((await registerCandidate(ports(), settings, again, AT)).reasons)).toEqual(['PROMOTION_ID_SEEN']);
    expect(evidence.keys().filter((key) => key.startsWith('candidates/'))).toEqual([]);
  });

  it('leaves no entry for a model that does not exist', async () => {
    const refused = await registerCandidate(ports(), settings, asked(), AT);
    expect(codes(refused.reasons)).toEqual(['UNKNOWN_MODEL']);
    expect(await entryTypes()).toEqual([]);
  });

  it('names missing and altered objects together with every other fault', async () => {
    await onboard();
    await registerCandidate(ports(), settings, asked('0.9.0'), AT);
    const artifact = { uri: 's3://evidence/incoming/nothing', sha256: 'a'.repeat(64) };
    const request = asked('1.0.0', { artifact });
    const history = { ...candidateInput(evidence).history, sha256: 'b'.repeat(64) };
    const refused = await registerCandidate(
      ports(),
      settings,
      { ...request, input: candidateInput(evidence, { model, artifact, history }) },
      AT,
    );
    expect(codes(refused.reasons)).toEqual(['PROMOTION_IN_FLIGHT', 'OBJECT_MISSING', 'DIGEST_MISMATCH']);
  });

  it('passes on what the first bytes of a table show', async () => {
    await onboard();
    const broken: RegisterCandidatePorts = {
      ...ports(),
      inspectTable: (name) => [{ code: `${name.toUpperCase()}_UNREADABLE`, message: 'No table.' }],
    };
    const refused = await registerCandidate(broken, settings, asked(), AT);
    expect(codes(refused.reasons)).toEqual(['BACKTEST_UNREADABLE', 'HISTORY_UNREADABLE']);
  });

  it('lets one of two that ask at the same moment in, and tells the other who was first', async () => {
    await onboard();
    const answers = await Promise.all(
      ['1.0.0', '2.0.0', '3.0.0'].map((version) => registerCandidate(ports(), settings, asked(version), AT)),
    );
    expect(answers.filter((answer) => answer.outcome === 'registered')).toHaveLength(1);
    const others = answers.filter((answer) => answer.outcome === 'rejected');
    expect(others.flatMap((answer) => codes(answer.reasons))).toEqual(['PROMOTION_IN_FLIGHT', 'PROMOTION_IN_FLIGHT']);
  });

  it('takes a new attempt of the same version and digest after the first has ended', async () => {
    await onboard();
    const first = asked();
    await registerCandidate(ports(), settings, first, AT);
    await closePromotion(
      { ...ports(), withdrawGate: async () => {} },
      { promotionId: first.promotionId, end: 'rejected', reasons: [] },
      AT,
    );
    expect(await registerCandidate(ports(), settings, asked('1.0.0', {}, 2), AT)).toMatchObject({
      outcome: 'registered',
    });
    const other = { artifact: evidence.put('incoming/model.json', 'other bytes') };
    const third = await registerCandidate(ports(), settings, asked('1.0.0', other, 3), AT);
    expect(codes(third.reasons)).toContain('VERSION_DIGEST_CONFLICT');
  });
});

describe('Closing a promotion', () => {
  const close = (promotionId: string, end: 'promoted' | 'rejected' | 'withdrawn') =>
    closePromotion({ ...ports(), withdrawGate: async () => {} }, { promotionId, end, reasons: [] }, AT);

  it('records the end once, whoever asks again, and frees the model', async () => {
    await onboard();
    const { promotionId } = asked();
    await registerCandidate(ports(), settings, asked(), AT);
    expect(await close(promotionId, 'rejected')).toMatchObject({ end: 'rejected' });
    expect(await close(promotionId, 'withdrawn')).toMatchObject({ end: 'rejected' });
    expect(await ports().registry.inFlight(model, 'promotion')).toBeNull();
    expect((await entryTypes()).filter((type) => type === 'promotion-ended')).toHaveLength(1);
  });

  it('calls nothing promoted whose pointer was not moved', async () => {
    await onboard();
    await registerCandidate(ports(), settings, asked(), AT);
    await expect(close(asked().promotionId, 'promoted')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(close(`${model}_9_9`, 'rejected')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('closes a run whose execution no longer runs as withdrawn, and leaves one that runs alone', async () => {
    await onboard();
    const request = asked();
    await registerCandidate(ports(), settings, request, AT);
    const told: string[] = [];
    const sweep = (status: ExecutionStatus) =>
      closeDeadPromotions(
        {
          registry: ports().registry,
          status: async () => status,
          takeOut: async () => {},
          endExposure: async () => {},
          completeMove: async () => {},
          tell: async ({ promotionId, end }) => void told.push(`${promotionId} ${end}`),
          close: (event) => closePromotion({ ...ports(), withdrawGate: async () => {} }, event, AT),
        },
        request.executionArn,
      );
    expect(await sweep('RUNNING')).toEqual([]);
    expect(await sweep('ABORTED')).toMatchObject([
      { end: 'withdrawn', reasons: [{ code: 'EXECUTION_FAILED', got: 'ABORTED' }] },
    ]);
    expect(await sweep('ABORTED')).toEqual([]);
    expect(told).toEqual([`${request.promotionId} withdrawn`]);
  });

  it('closes and tells of every other dead run when one cannot be closed, and then fails', async () => {
    const run = (id: string) => aPromotion({ promotionId: id, executionArn: id });
    const items = ['a_1_1', 'b_1_1', 'c_1_1'].map((id) => ({
      model: id,
      promotionId: id,
      executionArn: id,
      since: AT,
    }));
    const told: string[] = [];
    const sweep = closeDeadPromotions({
      registry: { allInFlight: async () => items, run: async (_, id) => run(id) },
      status: async () => 'FAILED',
      takeOut: async () => {},
      endExposure: async () => {},
      completeMove: async () => {},
      tell: async ({ promotionId }) => void told.push(promotionId),
      close: async (event) => {
        if (event.promotionId === 'b_1_1') throw new Error('corrupt');
        return { ...event, at: AT };
      },
    });
    await expect(sweep).rejects.toThrow('corrupt');
    expect(told).toEqual(['a_1_1', 'c_1_1']);
  });
});

describe('Onboarding and changing a model', () => {
  const register = (promotionId: string, input: unknown) =>
    registerChange({ ...ports(), firstApprovers: [ANA] }, { promotionId, executionArn: promotionId, input }, AT);
  const apply = (promotionId: string, approved = true) =>
    applyChange(
      {
        ...ports(),
        isApproved: async () => approved,
        ensureEnvironment: async () => ({ environmentId: 'e', profileId: 'p' }),
      },
      promotionId,
      AT,
    );

  it('creates nothing before people approve it', async () => {
    await register(`${model}_onboard_1`, onboardInput({ model }));
    await expect(apply(`${model}_onboard_1`, false)).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
    expect(await ports().registry.model(model)).toBeNull();
  });

  it('cannot make a model without an owner or without approvers', async () => {
    const { owner: _, ...ownerless } = onboardInput({ model });
    expect(await register(`${model}_onboard_1`, { ...ownerless, approvers: [] })).toMatchObject({
      outcome: 'rejected',
      reasons: [{ path: 'owner' }, { path: 'approvers' }],
    });
  });

  it('lets people be replaced while a promotion waits for them, but nobody promote what is only being onboarded', async () => {
    await register(`${model}_onboard_1`, onboardInput({ model }));
    await apply(`${model}_onboard_1`);
    const early = await registerCandidate(ports(), settings, asked(), AT);
    expect(codes(early.reasons)).toEqual(['PROMOTION_IN_FLIGHT']);
    const closing = { ...ports(), withdrawGate: async () => {} };
    await closePromotion(closing, { promotionId: `${model}_onboard_1`, end: 'applied', reasons: [] }, AT);
    await registerCandidate(ports(), settings, asked('1.0.0', {}, 2), AT);
    const change = { ...onboardInput().change, type: 'ownership' };
    const input = { kind: 'change', model, approvers: [BEN], change, requestedBy: PIPELINE };
    expect(await register(`${model}_change_1`, input)).toMatchObject({ outcome: 'registered' });
    const second = await register(`${model}_change_2`, input);
    expect(codes(second.reasons)).toEqual(['PROMOTION_IN_FLIGHT']);
  });

  it('applies once, however often the step is repeated', async () => {
    await register(`${model}_onboard_1`, onboardInput({ model }));
    await apply(`${model}_onboard_1`);
    await apply(`${model}_onboard_1`);
    expect(await ports().registry.model(model)).toMatchObject({ revision: 1, policyVersion: 1 });
    expect(await ports().registry.modelNames()).toContain(model);
    expect((await entryTypes()).filter((type) => type === 'model-onboarded')).toHaveLength(1);
  });

  it('keeps what a change does not name, and numbers a new policy', async () => {
    await onboard();
    const change = { ...onboardInput().change, type: 'thresholds' };
    const policy = { offline: { margin_overall: 0.02 } };
    await register(`${model}_change_1`, { kind: 'change', model, policy, change, requestedBy: PIPELINE });
    await apply(`${model}_change_1`);
    const item = await ports().registry.model(model);
    expect(item).toMatchObject({ revision: 2, policyVersion: 2, approvers: [ANA, BEN] });
    expect(item?.policy.offline.margin_overall).toBe(0.02);
  });

  it.each([
    ['thresholds', { offline: { margin_overall: 0.02 } }, 'minor'],
    ['calibration', { calibration: { 'uplift.weekend': 1.1 } }, 'minor'],
    ['retraining-cadence', { retraining: { every: 'P7D' } }, 'minor'],
    ['training-window', { retraining: { window: 'P365D' } }, 'minor'],
    [
      'thresholds',
      { freezes: [{ from: '2026-11-20T00:00:00Z', until: '2026-12-27T00:00:00Z', reason: 'Peak' }] },
      'major',
    ],
  ])('takes a change of %s without a version, with its severity, and carries it out once approved', async (...of) => {
    const [type, policy, level] = of;
    await onboard();
    const change = { ...onboardInput().change, type };
    const promotionId = `${model}_change_1`;
    await register(promotionId, { kind: 'change', model, policy, change, requestedBy: PIPELINE });
    expect(await ports().registry.run(model, promotionId)).toMatchObject({ change: { type }, severity: { level } });
    await apply(promotionId);
    expect((await ports().registry.model(model))?.policy).toMatchObject(policy);
  });

  it('refuses a change whose type is not what it does, with every other fault at once', async () => {
    await onboard();
    const change = { ...onboardInput().change, type: 'retraining-cadence' };
    const policy = { retraining: { every: 'P7D' }, approvals: { quorum: { production: 3 } } };
    const input = { kind: 'change', model, approvers: [ANA], policy, change, requestedBy: PIPELINE };
    const { reasons } = await register(`${model}_change_1`, input);
    expect(codes(reasons)).toEqual(['QUORUM_UNREACHABLE', 'CHANGE_TYPE_MISMATCH']);
    expect(reasons[1]).toMatchObject({ allowed: 'ownership, thresholds' });
  });

  it('refuses a change of nothing, of an unknown model, and a quorum that nobody can reach, each with its reason', async () => {
    const change = { ...onboardInput().change, type: 'ownership' };
    const unknown = await register(`${model}_change_1`, { kind: 'change', model, change, requestedBy: PIPELINE });
    expect(codes(unknown.reasons)).toEqual(['UNKNOWN_MODEL', 'CHANGE_EMPTY']);
    await onboard();
    const same = { kind: 'change', model, approvers: [ANA, BEN], change, requestedBy: PIPELINE };
    expect(codes((await register(`${model}_change_9`, same)).reasons)).toEqual(['CHANGE_EMPTY']);
    const policy = { approvals: { quorum: { production: 3 } } };
    const locked = await register(`${model}_change_2`, {
      kind: 'change',
      model,
      policy,
      change,
      requestedBy: PIPELINE,
    });
    expect(codes(locked.reasons)).toEqual(['QUORUM_UNREACHABLE']);
    const twice = await register(`${model}_change_3`, {
      kind: 'change',
      model,
      approvers: [ANA, { ...ANA, id: 'ana2' }],
      change,
      requestedBy: PIPELINE,
    });
    expect(codes(twice.reasons)).toEqual(['APPROVER_TWICE']);
    const disguised = [ANA, { ...BEN, id: ANA.id.toUpperCase() }];
    const quorum = { approvals: { quorum: { production: 2 } } };
    const proposed = { kind: 'change', model, approvers: disguised, policy: quorum, change, requestedBy: PIPELINE };
    const locking = await register(`${model}_change_4`, proposed);
    expect(codes(locking.reasons)).toEqual(['QUORUM_UNREACHABLE', 'APPROVER_TWICE']);
  });

  it('takes a policy below the floors of the stack for no policy', async () => {
    const policy = { approvals: { expiry: 'P90D' }, offline: { margin_overall: 0.5, min_folds: 1, margin_overal: 1 } };
    const refused = await register(`${model}_onboard_1`, { ...onboardInput({ model }), policy });
    expect(refused.reasons.map((reason) => reason.path)).toEqual([
      'policy.approvals.expiry',
      'policy.offline.min_folds',
      'policy.offline.margin_overall',
      'policy.offline',
    ]);
  });

  it('takes up an onboarding that broke before the first document went out, and promotes nothing until then', async () => {
    await onboard({ document: false });
    const early = await registerCandidate(ports(), settings, asked(), AT);
    expect(codes(early.reasons)).toEqual(['ONBOARDING_INCOMPLETE']);
    expect(await register(`${model}_onboard_2`, onboardInput({ model }))).toMatchObject({ outcome: 'registered' });
    await apply(`${model}_onboard_2`);
    expect(await ports().registry.model(model)).toMatchObject({ revision: 2, changedBy: `${model}_onboard_2` });
  });
});
