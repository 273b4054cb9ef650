import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EvidenceStore } from '../../functions/evidence/evidence-store.ts';
import { offlineReport } from '../../functions/evidence/report/offline-envelope.ts';
import { digestOf } from '../../functions/platform/json.ts';
import { registryKeys } from '../../functions/platform/keys.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import type { PromotionItem, StoredObject } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { generateRetailer } from '../../infra/demo/retailer.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';
import { batch, datesFrom, demandOf, MemoryFiles, outcomesOf, UNTIL } from './stages/stage-world.ts';

const AT = '2026-03-01T00:00:00.000Z';
const policy = policySchema.parse({ canary: { min_clusters: 10 } });
const retailer = generateRetailer(3);
const kms = mockClient(KMSClient);

/** The function's entry as Lambda loads it: settings from the environment, AWS's engine and our S3 behind the SDK. */
describe('the judge function', () => {
  let tables: Tables;
  let served: Served;
  let s3: S3Client;
  let handler: (event: unknown) => Promise<unknown>;

  beforeAll(async () => {
    tables = await startTables();
    const service = createS3({ now: () => new Date(AT) });
    service.createBucket('evidence', {
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
    });
    service.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    served = await serveOne('s3', service);
    s3 = new S3Client(served.client);
    kms.on(SignCommand).resolves({ Signature: Buffer.from('signed') });
    const { endpoint, region, credentials } = tables.engine;
    const environment = {
      ...{ AWS_REGION: region, AWS_ACCESS_KEY_ID: credentials.accessKeyId },
      ...{ AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024' },
      ...{ AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_ENDPOINT_URL_S3: served.endpoint },
      ...{ REGISTRY_TABLE: tables.registry, LEDGER_TABLE: tables.ledger, LEDGER_KEY_ID: 'ledger-key' },
      ...{
        EVIDENCE_BUCKET: 'evidence',
        PREDICTION_BUCKET: 'predictions',
        RETENTION_DAYS: '1',
        RETENTION_MODE: 'GOVERNANCE',
        SPLIT_ABOVE_MB: '1500',
        FREEZES: '[]',
      },
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    ({ handler } = await import('../../functions/evidence/judge.lambda.ts'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    kms.restore();
    s3.destroy();
    await served.stop();
    await tables.stop();
  });

  /** A registered promotion of a model of its own, with its objects pinned. */
  async function register(
    model: string,
    backtest: Uint8Array,
    members: Partial<PromotionItem> = {},
  ): Promise<PromotionItem> {
    const store = new EvidenceStore(s3, 'evidence');
    const pin = (name: string, bytes: string | Uint8Array): Promise<StoredObject> =>
      store.writeOnce(`candidates/${model}/${name}`, bytes, {
        contentType: 'text/csv',
        retention: { days: 1, mode: 'GOVERNANCE' },
        at: AT,
      });
    const policyDigest = digestOf(policy);
    const run: PromotionItem = {
      ...{ kind: 'promotion', promotionId: `${model}_1-0_1`, model, version: '1.0', attempt: 1 },
      requestedBy: { name: 'Pia', email: 'pia@shop.example' },
      change: {
        ...{ type: 'architecture', reason: 'Because it is better', scope: 'All of the stores' },
        ...{ expectedImpact: 'Fewer stockouts', rollbackPlan: 'Go back to the version before' },
      },
      ...{ policyVersion: 1, policyDigest, executionArn: 'arn', startedAt: AT },
      ...{ stage: 'offline', awaitingApproval: false, plan: planOf(policy), canaryStep: 0, exposures: [], looks: {} },
      artifact: await pin('artifact', '{}'),
      backtest: await pin('backtest', backtest),
      history: await pin('history', retailer.history),
      training: { from: '2024-01-01', to: '2025-12-31', features: [], code: 'abc' },
      ...{ knownFailureModes: ['Easter'], baseline: '', gates: {} },
      ...members,
    };
    const policyRow = { ...registryKeys.policy(model, 1), policy, policyDigest };
    const TransactItems = [
      ...new RegistryWrites(tables.registry).newRun(run),
      { Put: { TableName: tables.registry, Item: policyRow } },
    ];
    await tables.client.send(new TransactWriteCommand({ TransactItems }));
    return run;
  }

  const offlineGate = async (run: PromotionItem) => {
    const stored = await new RegistryStore(tables.client, tables.registry).run(run.model, run.promotionId);
    return stored?.kind === 'promotion' ? stored.gates.offline : undefined;
  };

  const reportOf = async (run: PromotionItem) => {
    const written = (await offlineGate(run))?.artifacts['evaluation-report'];
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: 'evidence', Key: written?.key, VersionId: written?.versionId }),
    );
    return offlineReport.parse(JSON.parse((await Body?.transformToString()) ?? ''));
  };

  it('judges from the pinned objects, records the verdict once, and answers it again when it is retried', async () => {
    const run = await register('demand', retailer.backtests.first);
    const event = { promotionId: run.promotionId, stage: 'offline' };
    const answer = await handler(event);
    expect(answer).toEqual({ ...event, verdict: 'PASS', reasons: [], advance: false, waitSeconds: 0 });
    expect(await handler(event)).toEqual(answer);

    const gate = await offlineGate(run);
    expect(await reportOf(run)).toMatchObject({
      verdict: 'PASS',
      evidence: { backtest: run.backtest },
      result: { overall: { n_series: retailer.demand.series.length } },
    });

    const entries: unknown[] = [];
    for await (const { body } of tables.openLedger().entries('demand')) {
      entries.push([body.type, body.data['verdict'], body.data['artifacts']]);
    }
    expect(entries).toEqual([['gate-judged', 'PASS', gate?.artifacts]]);
  });

  it('judges a backtest that is larger than its setting in parts, to the same result', async () => {
    const [whole, split] = [
      await register('whole', retailer.backtests.first),
      await register('parted', retailer.backtests.first),
    ];
    await handler({ promotionId: whole.promotionId, stage: 'offline' });
    vi.resetModules();
    vi.stubEnv('SPLIT_ABOVE_MB', '0');
    const splitting = await import('../../functions/evidence/judge.lambda.ts');
    vi.stubEnv('SPLIT_ABOVE_MB', '1500');
    const event = { promotionId: split.promotionId, stage: 'offline' };
    expect(await splitting.handler(event)).toMatchObject({ verdict: 'SPLIT', shards: [0, 1] });
    for (const shard of [0, 1]) expect(await splitting.handler({ ...event, shard })).toEqual({ ...event, shard });
    expect(await splitting.handler({ ...event, merge: true })).toMatchObject({ verdict: 'PASS' });
    const [one, other] = [await reportOf(whole), await reportOf(split)];
    expect(other.result).toEqual(one.result);
    expect(JSON.stringify(other.result)).toBe(JSON.stringify(one.result));
  });

  it('rejects a biased candidate by name', async () => {
    const run = await register('biased', retailer.backtests.biased);
    const answer = await handler({ promotionId: run.promotionId, stage: 'offline' });
    expect(answer).toMatchObject({
      verdict: 'FAIL',
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'BIAS' })]),
    });
    expect((await offlineGate(run))?.verdict).toBe('FAIL');
  });

  it('rejects a backtest that breaks off, and says so', async () => {
    const run = await register('broken', retailer.backtests.first.subarray(0, 50_000));
    const answer = await handler({ promotionId: run.promotionId, stage: 'offline' });
    expect(answer).toMatchObject({
      verdict: 'FAIL',
      reasons: [{ code: 'BACKTEST_UNREADABLE', got: 'a gzip file that is damaged or cut off' }],
    });
  });

  it('judges a shadow from the prediction bucket', async () => {
    const exposure = { revision: 5, deploymentNumber: 5, documentSha256: 'a'.repeat(64), movedAt: AT };
    const run = await register('shadowed', retailer.backtests.first, {
      ...{ stage: 'shadow', version: '2.0', baseline: '1.0' },
      exposures: [{ ...exposure, stage: 'shadow', step: 0, percentage: 0, until: UNTIL }],
    });
    const files = new MemoryFiles();
    const event = { promotionId: run.promotionId, stage: 'shadow' };
    expect(await handler(event)).toMatchObject({ verdict: 'CONTINUE', reasons: [{ code: 'INSUFFICIENT_CYCLES' }] });
    const log = datesFrom('2026-03-01', 29).flatMap((asOf) => batch({ asOf }));
    files.log(log.map((one) => ({ ...one, model: run.model, promotionId: run.promotionId })));
    const stock: Parameters<typeof outcomesOf>[1] = (series, date) => ({
      ...{ stockout: new Date(date).getUTCDay() === 3 ? 1 : 0, overstock_units: demandOf(series, date) },
    });
    files.outcomes(outcomesOf(datesFrom('2026-03-02', 28), stock));
    for (const [Key, Body] of files.objects) {
      await s3.send(new PutObjectCommand({ Bucket: 'predictions', Key, Body }));
    }
    expect(await handler(event)).toEqual({ ...event, verdict: 'PASS', reasons: [], advance: false, waitSeconds: 0 });
  });

  it('refuses an event that is not one', async () => {
    await expect(handler({ promotionId: 'demand_1-0_1', stage: 'nonsense' })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
  });
});
