import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicy } from '../../functions/evidence/judge-ports.ts';
import { digestOf, type JsonObject } from '../../functions/platform/json.ts';
import { registryKeys } from '../../functions/platform/keys.ts';
import { closePromotion } from '../../functions/promotion/close-promotion.ts';
import { applyChange } from '../../functions/registry/apply-change.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { registerChange } from '../../functions/registry/register-change.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ANA, BEN, CHANGE_RECORD, onboardInput, PIPELINE } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aPromotion } from '../fakes/runs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

const AT = '2026-03-01T10:00:00.000Z';
const MODEL = 'demand';
/** A policy as the first release stored it: fewer settings, and the canary's operational ones among the others. */
const FIRST_FORM: JsonObject = {
  approvals: { quorum: { shadow: 1, canary: 1, production: 1 }, expiry: 'P7D' },
  offline: { min_folds: 5, min_improvement: 0.02, require_training_cutoff: true },
  shadow: { min_cycles: 3, max_cycles: 6, margin: 0.03 },
  canary: { min_clusters: 60, min_expected: 300, max_missing_rate: 0.004, cover_days: 21 },
  canaryPlan: { unit: 'store' },
  poll: 'PT6H',
  safeForecast: 'seasonal-naive',
};

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
  await run('onboard', 1, onboardInput({ model: MODEL }));
  const digest = digestOf(FIRST_FORM);
  for (const key of [registryKeys.model(MODEL), registryKeys.policy(MODEL, 1)]) {
    await tables.client.send(
      new UpdateCommand({
        TableName: tables.registry,
        Key: { ...key },
        UpdateExpression: 'SET policy = :policy, policyDigest = :digest',
        ExpressionAttributeValues: { ':policy': FIRST_FORM, ':digest': digest },
      }),
    );
  }
});
afterAll(() => tables.stop());

const registry = () => new RegistryStore(tables.client, tables.registry);
const evidence = new MemoryEvidence();
const ports = () => ({
  ...{ registry: registry(), writes: new RegistryWrites(tables.registry), ledger: tables.openLedger(), evidence },
  ...{ allowedPrefixes: ['s3://evidence/incoming/'], retention: { days: 1, mode: 'GOVERNANCE' as const } },
  firstApprovers: [ANA],
});

/** Registers an onboarding or a change, and carries it out as if people had approved it. */
async function run(kind: 'onboard' | 'change', attempt: number, input: object): Promise<void> {
  const promotionId = `${MODEL}_${kind}_${attempt}`;
  const registered = await registerChange(ports(), { promotionId, executionArn: promotionId, input }, AT);
  expect(registered).toMatchObject({ outcome: 'registered' });
  const environment = { environmentId: 'e', profileId: 'p' };
  const approved = { isApproved: async () => true, ensureEnvironment: async () => environment };
  await applyChange({ ...ports(), ...approved }, promotionId, AT);
  const close = { ...ports(), withdrawGate: async () => {} };
  await closePromotion(close, { promotionId, end: kind === 'onboard' ? 'withdrawn' : 'applied', reasons: [] }, AT);
}

const judged = async () => {
  const model = await registry().model(MODEL);
  const { policyVersion = 0, policyDigest = '' } = model ?? {};
  return readPolicy({ registry: registry() }, aPromotion({ model: MODEL, policyVersion, policyDigest }));
};

describe('A model whose policy was stored by an earlier release', () => {
  it('is judged by the settings that it had, and by the defaults of those that came since', async () => {
    expect((await registry().model(MODEL))?.policyDigest).toBe(digestOf(FIRST_FORM));
    expect(await judged()).toMatchObject({
      offline: { min_folds: 5, min_improvement: 0.02, alpha: 0.05, implausible: 'judge' },
      shadow: { min_cycles: 3, max_cycles: 6, margin: 0.03, psi_fail: 0.25 },
      canary: { min_clusters: 60, cover_days: 21, ops: { min_expected: 300, max_missing_rate: 0.004, rate_tol: 0.5 } },
      guard: policySchema.parse({}).guard,
      canaryPlan: { unit: 'store', maxDuration: 'P42D' },
      poll: 'PT6H',
    });
  });

  it('keeps those settings through a change of something else, and can be judged by what is stored then', async () => {
    const before = await judged();
    const change = { ...CHANGE_RECORD, type: 'ownership' };
    await run('change', 1, { kind: 'change', model: MODEL, approvers: [BEN], change, requestedBy: PIPELINE });
    const model = await registry().model(MODEL);
    expect(model?.approvers).toEqual([BEN]);
    expect(await judged()).toEqual(before);
    const stored = await registry().policy(MODEL, model?.policyVersion ?? 0);
    expect(stored?.policyDigest).toBe(digestOf(stored?.policy ?? null));
    expect(stored?.policyDigest).toBe(model?.policyDigest);
  });
});
