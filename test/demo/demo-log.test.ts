import { beforeAll, describe, expect, it } from 'vitest';
import { ARMS, type PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { parseArtifact } from '../../functions/inference/predictors/artifact.ts';
import { Cohort, type CohortRule } from '../../functions/inference/routing/cohort.ts';
import type { Unit } from '../../functions/inference/routing/unit.ts';
import { forecast } from '../../functions/inference/serving/forecast.ts';
import { forecastEvent } from '../../functions/inference/serving/forecast-event.ts';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import { LedgerReader } from '../../functions/ledger/ledger-reader-store.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { describeRelease } from '../../functions/registry/describe-release.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { ReleaseHistory } from '../../functions/registry/release-history.ts';
import { unitAnswer } from '../../functions/registry/unit-history.ts';
import { FIRST_APPROVER, MODEL } from '../../infra/demo/cast.ts';
import { type LocalStack, startLocalStack } from '../../infra/demo/local-stack.ts';
import { type Played, playDemo, portsOf } from '../../infra/demo/play-demo.ts';
import { demoPolicy } from '../../infra/demo/policy.ts';
import { Progress } from '../../infra/demo/progress.ts';
import { type ForecastAnswer, type ForecastEvent, forecastAnswer } from '../../infra/demo/replay.ts';
import { askInference } from '../../infra/demo/replay-ports.ts';
import { prepareScenario, type Scenario } from '../../infra/demo/scenario.ts';
import { Stopwatch } from '../../infra/demo/stopwatch.ts';
import { sharedStack } from '../fakes/shared-stack.ts';
import { stand } from '../inference/stand.ts';

/** One request as it was sent, with the pointer document that its answer names and the answer as it came. */
interface Asked {
  readonly event: ForecastEvent;
  readonly document: PointerDocument;
  /** The document is the one that AppConfig served right before. */
  readonly isNewest: boolean;
  readonly text: string;
  readonly answer: ForecastAnswer;
}

const asked: Asked[] = [];
let scenario: Scenario;
let played: Played;
let ledger: readonly ReadEntry[];

beforeAll(async () => {
  const prepared = await prepareScenario({ candidate: 'good', interactive: false, histories: [], help: false });
  if (!prepared.ok) throw new Error(prepared.faults.join('\n'));
  scenario = prepared.scenario;
  const settings = {
    firstApprovers: [FIRST_APPROVER],
    senderEmail: 'releases@retailer.example',
    pointerPollSeconds: 0,
    candidateWaitMs: 10_000,
  };
  const stack = await startLocalStack(await sharedStack(settings));
  try {
    const publicKeyPem = await readPublicKey(stack.clients.kms, stack.output('SigningKeyArn'));
    const screen = { isTerminal: false, columns: 80, write: () => {} };
    played = await playDemo({
      ...{ stack, scenario, interactive: false },
      ports: { ...portsOf(stack), forecast: listening(stack, publicKeyPem) },
      progress: new Progress(screen, () => 0),
      stopwatch: new Stopwatch(() => 0),
    });
    const reader = new LedgerReader(stack.clients.dynamo, stack.output('LedgerTableName'));
    ledger = await Array.fromAsync(reader.entries(MODEL));
  } finally {
    await stack.stop();
  }
});

/** Asks the inference function, and keeps what was asked and answered. */
function listening(stack: LocalStack, publicKeyPem: string): (event: ForecastEvent) => Promise<ForecastAnswer> {
  const reader = new PointerReader({
    ...{ client: stack.clients.appConfigData, application: stack.output('AppConfigApplicationId'), model: MODEL },
    ...{ publicKeyPem, copyFolder: null, pollSeconds: 0 },
  });
  const functionName = stack.output('InferenceFunctionName');
  const seen = new Map<number, PointerDocument>();
  const newest = async () => {
    const { document } = await reader.current();
    seen.set(document.revision, document);
    return document;
  };
  return async (event) => {
    const before = await newest();
    const text = await askInference({ lambda: stack.clients.lambda, functionName }, event);
    const answer = forecastAnswer.parse(JSON.parse(text));
    // On a busy machine a reader may go on by the last good document, or the pointer move while the answer is made.
    const document = seen.get(answer.revision) ?? (await newest());
    asked.push({ event, document, text, answer, isNewest: document === before });
    return answer;
  };
}

/** What the same request is answered, to the byte, under the same document without a candidate. */
async function withoutCandidate({ event, document }: Asked): Promise<string> {
  const none = { shadowVersion: '', shadowUntil: '', canaryVersion: '', canaryUntil: '', canaryPercentage: 0 };
  const { ports } = stand({ document: { ...document, ...none }, versions: forecasters() });
  return JSON.stringify(await forecast(ports, forecastEvent.parse(event), 'unnamed'));
}

function forecasters() {
  const entries = scenario.candidates.map(({ version, artifact }) => {
    const parsed = parseArtifact(artifact);
    if (!parsed.ok) throw new Error(`${version} cannot be read.`);
    return [version, parsed.value] as const;
  });
  return Object.fromEntries(entries);
}

const keyOf = (one: Pick<PredictionRecord, 'requestId' | 'sku' | 'store' | 'targetDate'>) =>
  [one.requestId, one.sku, one.store, one.targetDate].join('|');

const inShadow = () => asked.filter(({ document }) => document.shadowVersion !== '' && document.canaryVersion === '');
const inCanary = () => asked.filter(({ document }) => document.canaryVersion !== '');

describe('The log of the demo', () => {
  it('is of two versions that went through every stage, and of a rollback', () => {
    expect(played.told).toMatchObject({
      outcome: 'rolled-back',
      promotions: [{ end: 'promoted' }, { end: 'promoted' }],
      pointer: { before: '1.0.0', after: '2.0.0', afterRollback: '1.0.0' },
    });
    const arms = new Set(played.logged.map(({ arm }) => arm));
    expect(arms).toEqual(new Set(ARMS));
  });

  it('has every forecast that was answered exactly once among the served ones, as it was answered, and no other', () => {
    const served = played.logged.filter(({ arm }) => arm !== 'shadow');
    const logged = new Map(served.map((record) => [keyOf(record), record]));
    expect(logged.size).toBe(served.length);
    const answered = asked.flatMap(({ event, answer }) =>
      answer.forecasts.map((one) => ({ ...one, requestId: event.requestId, revision: answer.revision })),
    );
    expect(answered).toHaveLength(served.length);
    const differing = answered.filter((one) => {
      const { units, version, arm, revision } = logged.get(keyOf(one)) ?? {};
      return units !== one.units || version !== one.version || arm !== one.arm || revision !== one.revision;
    });
    expect(differing).toEqual([]);
  });

  it('tells of each request which document routed it', () => {
    expect(asked.map(({ answer }) => answer.revision)).toEqual(asked.map(({ document }) => document.revision));
    expect(asked.filter(({ isNewest }) => isNewest).length / asked.length).toBeGreaterThan(0.9);
  });

  it('has what was served beside a shadow byte for byte as without one, on every day of every shadow', async () => {
    const days = inShadow();
    const shadows = new Set(
      days.map(({ document }) => `${document.shadowVersion} beside ${document.productionVersion}`),
    );
    // The last is the version before, which goes on beside its successor.
    expect([...shadows]).toEqual(['1.0.0 beside ', '2.0.0 beside 1.0.0', '1.0.0 beside 2.0.0']);
    expect(days.length).toBeGreaterThanOrEqual(2 * 14 + 3);
    for (const day of days) expect(day.text === (await withoutCandidate(day)), day.event.asOf).toBe(true);
  });

  it('has both versions for every request during a shadow and a canary, one of them served', () => {
    const byRequest = Map.groupBy(played.logged, ({ requestId }) => requestId);
    for (const { event } of [...inShadow(), ...inCanary()]) {
      const records = byRequest.get(event.requestId) ?? [];
      const forecasts = event.requests.length * event.horizonDays;
      expect(records.filter(({ arm }) => arm === 'shadow')).toHaveLength(forecasts);
      expect(records).toHaveLength(2 * forecasts);
      expect(new Set(records.map(({ version }) => version)).size).toBe(2);
    }
  });

  it('has the candidate served to the cohort and to nobody else, who got what they get without one', async () => {
    const steps = new Map<string, number>();
    for (const day of inCanary()) {
      const { rule, step } = plannedStep(day.document);
      const cohort = new Cohort(rule);
      steps.set(step, (steps.get(step) ?? 0) + 1);
      const alone = forecastAnswer.parse(JSON.parse(await withoutCandidate(day))).forecasts;
      const requests = new Map(day.event.requests.map((one) => [`${one.sku}|${one.store}`, one]));
      for (const [index, served] of day.answer.forecasts.entries()) {
        const request = requests.get(`${served.sku}|${served.store}`);
        if (request === undefined) throw new Error(`${served.sku} was not asked for.`);
        if (cohort.has(unitOf(request))) {
          expect(served).toMatchObject({ arm: 'canary', version: day.document.canaryVersion });
        } else if (JSON.stringify(served) !== JSON.stringify(alone[index])) {
          expect(served).toEqual(alone[index]);
        }
      }
    }
    expect([...steps.keys()]).toEqual(['1.0.0 10 %', '1.0.0 50 %', '2.0.0 10 %', '2.0.0 50 %']);
    expect(Math.min(...steps.values())).toBeGreaterThanOrEqual(2);
  });

  it('has nothing of the excluded category served by a canary, though the draw alone would have taken some of it', () => {
    const { excludedCategory } = scenario;
    const served = played.logged.filter(({ arm }) => arm === 'canary');
    expect(served.length).toBeGreaterThan(0);
    expect(served.filter(({ category }) => category === excludedCategory)).toEqual([]);
    for (const { document, event } of inCanary()) {
      const cohort = new Cohort({ ...plannedStep(document).rule, excludedSegments: [] });
      const spared = event.requests.filter((one) => one.category === excludedCategory);
      expect(spared.filter((one) => cohort.has(unitOf(one))).length).toBeGreaterThan(0);
    }
  });
});

describe('What DescribeRelease tells from the ledger alone', () => {
  const entries = async function* () {
    yield* ledger;
  };
  const ask = (query: object) => describeRelease({ ledger: { entries } }, { model: MODEL, ...query }, new Date());

  it('is for each unit at the instant of each request the version and the arm that the log has', async () => {
    const history = new ReleaseHistory();
    for (const { body } of ledger) history.add(body);
    const served = played.logged.filter(({ arm }) => arm !== 'shadow');
    const questions = [
      ...new Map(served.map((record) => [`${record.at}|${record.sku}|${record.store}`, record])).values(),
    ];
    const silent = new Set(
      played.logged
        .filter(({ arm, units }) => arm === 'shadow' && units === null)
        .map((one) => `${keyOf(one)}|${one.version}`),
    );
    const arms = new Map<string, number>();
    for (const [index, record] of questions.entries()) {
      const { at, sku, store, region, category, segments, version, arm } = record;
      const unit = { sku, store, region, category, segments };
      const told = unitAnswer(history.documents, unit, Date.parse(at));
      if (told.kind !== 'told') throw new Error(`${sku} in ${store} at ${at}: ${told.kind}`);
      if (index % 50 === 0) expect(await ask({ at, ...unit })).toEqual(told.release);
      // A request that met the pointer while it moved was routed by the document before; and where the version that the
      // pointer names did not answer in time, the log has what was served instead.
      if (told.release.revision !== record.revision || silent.has(`${keyOf(record)}|${told.release.version}`)) continue;
      const said = { version: told.release.version, arm: told.release.arm };
      expect({ at, sku, store, ...said }).toEqual({ at, sku, store, version, arm });
      arms.set(arm, (arms.get(arm) ?? 0) + 1);
    }
    expect([...arms.keys()].toSorted()).toEqual(['canary', 'fallback', 'production']);
    const compared = [...arms.values()].reduce((sum, count) => sum + count, 0);
    expect(compared / questions.length).toBeGreaterThan(0.9);
  });

  it('names who let a unit into the canary, on what evidence, and by which entry', async () => {
    const record = played.logged.findLast(({ arm }) => arm === 'canary');
    const { at, sku, store, region, category, segments, promotionId } = record ?? {};
    const told = await ask({ at, sku, store, region, category, segments });
    expect(told).toMatchObject({ arm: 'canary', promotionId, manifest: { sha256: expect.any(String) } });
    expect(told.approvals.map(({ stage }) => stage)).toEqual(['shadow', 'canary']);
    expect(new Set(told.evidence.map(({ stage }) => stage))).toEqual(new Set(['registration', 'offline', 'shadow']));
    expect(ledger[told.ledgerPosition - 1]?.body).toMatchObject({
      type: 'pointer-moved',
      data: { kind: 'canary', promotionId },
    });
  });
});

/** The cohort as the policy plans it, not as the document has it. */
function plannedStep(document: PointerDocument): { readonly rule: CohortRule; readonly step: string } {
  const { canaryPlan } = policySchema.parse(demoPolicy(scenario.excludedCategory));
  const { unit, excludedSegments, steps } = canaryPlan;
  const planned = steps.find(({ percentage }) => percentage === document.canaryPercentage);
  if (planned === undefined) throw new Error(`${document.canaryPercentage} % is no step of the plan.`);
  const where = { regions: [], stores: [], skus: [], categories: [] };
  const salt = promotionIdOf(MODEL, document.canaryVersion, 1);
  const { percentage } = planned;
  return {
    rule: { unit, where, excludedSegments, salt, percentage },
    step: `${document.canaryVersion} ${percentage} %`,
  };
}

function unitOf({ sku, store, region, category }: ForecastEvent['requests'][number]): Unit {
  return { sku, store, region, category, segments: [] };
}
