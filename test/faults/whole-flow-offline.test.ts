import { gunzipSync, gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { judgeOfflineFiles } from '../../functions/evidence/offline/offline-files-store.ts';
import { offlineReport } from '../../functions/evidence/report/offline-envelope.ts';
import { evidencePaths, predictionPaths } from '../../functions/platform/keys.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { AwsError } from '../../infra/local/service.ts';
import { withFiles } from '../fakes/backtest.ts';
import { ANA } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'backtested';
const VERSION = '1.0.0';

let scene: Scene;
let attempt = 0;

beforeAll(async () => {
  // The retailer's backtests are larger than this, and what is cut out of them is not.
  scene = await Scene.start({ splitAboveMb: 1 });
  await scene.onboard(MODEL);
});
afterEach(() => scene.stack.platform.intercept(undefined));
afterAll(() => scene.stop());

function promote(over: Readonly<Record<string, unknown>> = {}) {
  attempt += 1;
  return scene.promote(MODEL, VERSION, over, attempt);
}

/** A backtest of the retailer's of which some rows are kept. */
async function cutOut(name: string, keep: (line: string) => boolean) {
  const [header = '', ...lines] = gunzipSync(scene.retailer.backtests.first).toString('utf8').trimEnd().split('\n');
  return scene.pipeline.upload(name, gzipSync(`${[header, ...lines.filter(keep)].join('\n')}\n`));
}

/** Names of the steps that an execution has left, in order. */
async function stepsOf(executionArn: string): Promise<readonly string[]> {
  const call = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 });
  const { events = [] } = await scene.stack.clients.sfn.send(call);
  return events.flatMap(({ stateExitedEventDetails }) => stateExitedEventDetails?.name ?? []);
}

async function reportOf(promotionId: string) {
  const gate = (await scene.promotion(promotionId)).gates.offline;
  const { key: Key, versionId: VersionId } = gate?.artifacts['evaluation-report'] ?? { key: '', versionId: '' };
  const Bucket = scene.output('EvidenceBucketName');
  const { Body } = await scene.stack.clients.s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return offlineReport.parse(JSON.parse((await Body?.transformToString()) ?? ''));
}

describe('A backtest with too little in it', () => {
  it('ends the promotion with what is missing, and asks nobody', async () => {
    const backtest = await cutOut('small.csv.gz', (line) => line.includes(',fresh-01,'));
    const { promotionId, arn } = await promote({ backtest });
    const { end, reasons } = await scene.ended(arn);
    expect([end, reasons?.map(({ code }) => code)]).toEqual(['rejected', ['OVERALL_INSUFFICIENT']]);
    expect(reasons?.[0]).toMatchObject({
      got: expect.any(String),
      allowed: expect.any(String),
      next: expect.any(String),
    });
    expect(await scene.promotion(promotionId)).toMatchObject({ gates: { offline: { verdict: 'INCONCLUSIVE' } } });
    expect(await stepsOf(arn)).toEqual(expect.arrayContaining(['OfflineVerdict', 'Inconclusive']));
    expect(await stepsOf(arn)).not.toContain('SumShards');
    expect(await scene.mail.links(promotionId, ANA.email)).toEqual([]);
  });

  it('says nothing against the version: with a larger one it is tried again, and people are asked', async () => {
    const { promotionId } = await promote();
    await scene.reaches(promotionId, 'shadow gate');
    expect(await scene.promotion(promotionId)).toMatchObject({
      ...{ version: VERSION, attempt },
      gates: { offline: { verdict: 'PASS' } },
    });
  });
});

describe('A backtest that is too large for one function', () => {
  it('was summed in parts, to the result of one, and what was handed on lies where it expires', async () => {
    const promotionId = (await scene.findPromotion(`${MODEL}_1-0-0_${attempt}`))?.promotionId ?? '';
    const run = await scene.promotion(promotionId);
    const steps = await stepsOf(run.executionArn);
    const parts = steps.filter((step) => step === 'SumShard').length;
    expect(parts).toBeGreaterThan(1);
    expect(steps.filter((step) => step.startsWith('Offline') || step.endsWith('Shards'))).toEqual([
      ...['OfflineSize', 'SumShards', 'MergeShards', 'OfflineVerdict'],
    ]);
    const { result } = await reportOf(promotionId);
    const whole = await withFiles(
      { rows: scene.retailer.backtests.first, history: scene.retailer.history },
      (paths, directory) =>
        judgeOfflineFiles(
          { rows: paths['rows'] ?? '', history: paths['history'] ?? '' },
          policySchema.parse({}).offline,
          { memoryMb: 512, threads: 2, directory },
        ),
    );
    const { series: _, ...expected } = whole;
    expect(JSON.stringify(result)).toBe(JSON.stringify(offlineReport.shape.result.parse(expected)));
    const Prefix = `${evidencePaths.workPrefix}${promotionId}/`;
    const Bucket = scene.output('EvidenceBucketName');
    const { KeyCount } = await scene.stack.clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    expect(KeyCount).toBe(4 * parts);
    await scene.stopExecution(run.executionArn);
    await scene.closed(promotionId);
  });

  it('is judged by nothing while a part cannot be read: the promotion is withdrawn, and nothing was exposed', async () => {
    scene.stack.platform.intercept(async ({ caller, operation }) => {
      if (caller === 'judge' && operation.startsWith('GET') && operation.includes('/work/')) {
        throw new AwsError('AccessDenied', 'Somebody took the right away.', 403);
      }
    });
    const { promotionId, arn } = await promote();
    expect(await scene.over(arn)).toBe('FAILED');
    scene.stack.platform.intercept(undefined);
    expect(await scene.closed(promotionId)).toMatchObject({
      end: 'withdrawn',
      reasons: [{ code: 'EXECUTION_FAILED' }],
    });
    expect((await scene.promotion(promotionId)).gates).toEqual({});
    expect(await scene.pointer(MODEL)).toMatchObject({ productionVersion: '', shadowVersion: '' });
  });
});

describe('Sales that were recorded here', () => {
  it('stand against a backtest that tells others, and are named in its report', async () => {
    const [header = '', first = ''] = gunzipSync(scene.retailer.backtests.first).toString('utf8').split('\n');
    const names = header.split(',');
    const cell = (name: string) => first.split(',')[names.indexOf(name)] ?? '';
    const day = cell('target_date');
    const told = gunzipSync(scene.retailer.backtests.first)
      .toString('utf8')
      .split('\n')
      .filter((line) => line.split(',')[names.indexOf('target_date')] === day)
      .map((line) => line.split(','))
      .map((cells) => [
        day,
        cells[names.indexOf('sku')],
        cells[names.indexOf('store')],
        Number(cells[names.indexOf('actual')]) + 1,
      ]);
    const Body = gzipSync(`date,sku,store,units\n${told.map((cells) => `${cells.join(',')}\n`).join('')}`);
    const Key = predictionPaths.outcomes(day, '20300101T000000Z', 'csv.gz');
    await scene.stack.clients.s3.send(
      new PutObjectCommand({ Bucket: scene.output('PredictionBucketName'), Key, Body }),
    );
    const { promotionId, arn } = await promote();
    const { end, reasons } = await scene.ended(arn);
    expect(end).toBe('rejected');
    expect(reasons?.map(({ code }) => code)).toEqual(['ACTUALS_MISMATCH']);
    const { evidence, result } = await reportOf(promotionId);
    expect(evidence.outcomes).toMatchObject({ objects: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(result?.recorded?.actuals).toEqual({ compared: told.length, differing: told.length });
  });
});

describe('All these verdicts', () => {
  it('leave ledgers in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
