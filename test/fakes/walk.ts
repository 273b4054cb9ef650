import * as z from 'zod';
import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { handler as decideApproval } from '../../functions/approval/decide-approval.lambda.ts';
import { handler as openGate } from '../../functions/approval/open-gate.lambda.ts';
import { handler as readGate } from '../../functions/approval/read-gate.lambda.ts';
import { handler as repeatCallbacks } from '../../functions/approval/repeat-callbacks.lambda.ts';
import { handler as requestApproval } from '../../functions/approval/request-approval.lambda.ts';
import { handler as releaseNote } from '../../functions/change/release-note/release-note.lambda.ts';
import { handler as sendNotice } from '../../functions/change/send-notice.lambda.ts';
import { handler as mayExpose } from '../../functions/drill/hold/may-expose.lambda.ts';
import { judge } from '../../functions/evidence/judge.ts';
import type { JudgePorts } from '../../functions/evidence/judge-ports.ts';
import { recordAdvance } from '../../functions/evidence/record-judged.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import { retention } from '../../functions/platform/retention.ts';
import * as wired from '../../functions/platform/wiring.ts';
import { handler as endExposure } from '../../functions/pointer/end-exposure.lambda.ts';
import { handler as movePointer } from '../../functions/pointer/move-pointer.lambda.ts';
import { handler as prepareReturn } from '../../functions/pointer/prepare-return.lambda.ts';
import { handler as vouch } from '../../functions/pointer/vouch.lambda.ts';
import { handler as closeDead } from '../../functions/promotion/close-dead-promotion.lambda.ts';
import { handler as closePromotion } from '../../functions/promotion/close-promotion.lambda.ts';
import { handler as registerCandidate } from '../../functions/promotion/register-candidate.lambda.ts';
import { handler as signManifest } from '../../functions/promotion/sign-manifest.lambda.ts';
import { handler as applyChange } from '../../functions/registry/apply-change.lambda.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { handler as registerChange } from '../../functions/registry/register-change.lambda.ts';
import { stageReportText } from '../approval/fixtures.ts';
import { account, dynamo } from './account-clients.ts';
import { goodSums } from './backtest.ts';
import { ANA, BACKTEST_HEADER, CHANGE_RECORD, onboardInput, PIPELINE } from './inputs.ts';

export const MODEL = 'demand';
const KEPT = retention('1', 'GOVERNANCE');
const PLAN = {
  steps: [
    { percentage: 20, hold: 'P1D' },
    { percentage: 50, hold: 'P7D' },
  ],
};
export const POLICY = policySchema.parse({ canaryPlan: PLAN });

account.vouch = vouch;
account.functions.answers.set('check_readiness_function', [
  { model: MODEL, ready: true, reasons: [], checkedAt: '2026-03-01T08:00:00.000Z' },
]);

const gateAnswer = z.looseObject({ stage: z.enum(['change', 'shadow', 'canary', 'production']), round: z.int() });
type Gate = z.infer<typeof gateAnswer>;

/** One promotion, as its execution knows it. */
export interface Walk {
  readonly promotionId: string;
  readonly executionArn: string;
  readonly version: string;
  gate: Gate;
  tokens: number;
}

/** One step of a promotion on its way to production, or of one that ends before. */
export interface Step {
  /** State of the machine, as promotion.asl.json names it; null where a person acts. */
  readonly state: string | null;
  /** What it does, in words: the same state is passed more than once. */
  readonly what: string;
  readonly run: (walk: Walk) => Promise<unknown>;
}

export function walkOf(version: string, attempt = 1): Walk {
  const promotionId = promotionIdOf(MODEL, version, attempt);
  const executionArn = `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-promotion:${promotionId}`;
  return { promotionId, executionArn, version, gate: { stage: 'shadow', round: 1 }, tokens: 0 };
}

export const registry = wired.registry();
export const approvals = new ApprovalStore(dynamo(), 'approvals');

/** The promotion as the registry has it. */
export async function promotionOf({ promotionId }: Pick<Walk, 'promotionId'>): Promise<PromotionItem> {
  const run = await registry.run(MODEL, promotionId);
  if (run?.kind === 'promotion') return run;
  throw new Error(`There is no promotion ${promotionId}.`);
}

async function put(key: string, text: string) {
  const content = { contentType: 'text/plain', retention: KEPT, at: new Date().toISOString() };
  const { sha256 } = await wired.evidence().writeOnce(`incoming/${key}`, text, content);
  return { uri: `s3://${account.bucket}/incoming/${key}`, sha256 };
}

/** What the judges of the running stages would find: a report that lies there is concluded, whoever wrote it. */
async function layReports(promotionId: string): Promise<void> {
  const content = { contentType: 'application/json', retention: KEPT, at: new Date().toISOString() };
  for (const stage of ['shadow', 'canary'] as const) {
    const key = evidencePaths.evidence(promotionId, stage, `${stage}-report.json`);
    const report = JSON.stringify({ ...JSON.parse(stageReportText(stage)), verdict: 'PASS' });
    await wired.evidence().writeOnce(key, report, content);
  }
}

/** Lays out what a pipeline hands in, and answers the input of its promotion. */
export async function candidateOf({ version, promotionId }: Pick<Walk, 'version' | 'promotionId'>) {
  await layReports(promotionId);
  return {
    model: MODEL,
    version,
    artifact: await put(`${version}/model.json`, `{"forecaster":"smoothing","version":"${version}"}`),
    training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday'], code: 'abc123' },
    backtest: await put(`${promotionId}/backtest.csv`, `${BACKTEST_HEADER}2026-01-31,S1,A,N,2026-02-01,1,3,3,4\n`),
    history: await put(`${promotionId}/history.csv`, 'sku,store,date,units\nS1,A,2026-01-31,3\n'),
    knownFailureModes: ['Underforecasts in the week before Easter.'],
    change: { ...CHANGE_RECORD, type: 'training-window' },
    requestedBy: PIPELINE,
  };
}

const refused = () => Promise.reject(new Error('The backtest is small, and nothing else is read.'));

/** The judge with all of its stores; what the engine would sum is given. */
function judgePorts(): JudgePorts {
  const readers = { splitOffline: refused, offlinePartSums: refused, recorded: refused };
  const widening = async () => [];
  const stages = { widening, shadowEvidence: refused, powerEvidence: refused, canaryEvidence: refused };
  return {
    ...{ registry, writes: wired.registryWrites(), ledger: wired.ledger() },
    evidence: wired.evidence(),
    withDirectory: (use) => use(account.directory),
    offlineSums: async () => goodSums(),
    shardsFor: async () => 1,
    ...readers,
    ...stages,
  };
}

function judged(stage: 'offline' | 'shadow' | 'canary'): Step['run'] {
  return ({ promotionId }) =>
    judge(judgePorts(), { promotionId, stage }, { retention: KEPT, at: new Date().toISOString() });
}

/** A first canary step was held: the judge raises the step. */
async function advanced(walk: Walk): Promise<unknown> {
  const looked = { verdict: 'CONTINUE', reasons: [], advance: true, closedDays: 1 } as const;
  const settings = { retention: KEPT, at: new Date().toISOString() };
  const run = await promotionOf(walk);
  await recordAdvance(judgePorts(), { run, judged: looked }, settings);
  return (await promotionOf(walk)).canaryStep;
}

/** A gate as the step before answered it: the flow passes it on. */
const asGate = (walk: Walk, answer: unknown) => {
  walk.gate = gateAnswer.parse(answer);
  return walk.gate;
};

const named = (handler: (event: unknown) => Promise<unknown>): Step['run'] => {
  return ({ promotionId }) => handler({ promotionId });
};

function ask({ promotionId, gate: { stage, round }, tokens }: Walk): Promise<unknown> {
  return requestApproval({ promotionId, stage, round, taskToken: `token-${stage}-${round}-${tokens}` });
}

/** Each wait has a token of its own. */
export async function wait(walk: Walk): Promise<unknown> {
  walk.tokens += 1;
  return ask(walk);
}

/** The newest link that somebody was sent. */
export function linkOf(email: string): URL {
  const letter = account.mail.emails.findLast(({ to, text }) => to === email && text.includes('/approvals/'));
  return new URL(/https?:\/\/\S+\/approvals\/\S+/.exec(letter?.text ?? '')?.[0] ?? 'https://approve.example/none');
}

/** Posts the form behind a link. */
export async function post(link: URL, form: Readonly<Record<string, string>>) {
  return decideApproval({
    requestContext: { http: { method: 'POST' } },
    pathParameters: { id: link.pathname.split('/').at(-1) },
    queryStringParameters: { k: link.searchParams.get('k') ?? '' },
    body: new URLSearchParams(form).toString(),
  });
}

const said = { decision: 'approve', justification: 'The evidence holds in every region.' };

/** Whose page failed posts again, and may then learn that it was decided. */
async function approve({ version }: Walk): Promise<unknown> {
  const { statusCode } = await post(linkOf(ANA.email), { ...said, version });
  if (statusCode !== 200 && statusCode !== 409) throw new Error(`The decision was answered ${statusCode}.`);
  return statusCode;
}

function gateSteps(stage: string): readonly Step[] {
  return [
    {
      state: 'OpenGate',
      what: `opening the gate into ${stage}`,
      run: async (walk) => asGate(walk, await openGate(walk0(walk))),
    },
    { state: 'AwaitDecision', what: `asking for ${stage}`, run: wait },
    { state: null, what: `deciding on ${stage}`, run: approve },
    {
      state: 'ReadGate',
      what: `reading the gate into ${stage}`,
      run: (walk) => readGate({ ...walk0(walk), ...ref(walk) }),
    },
  ];
}
const walk0 = ({ promotionId }: Walk) => ({ promotionId });
const ref = ({ gate: { stage, round } }: Walk) => ({ stage, round });

/** The whole way of a promotion into production, step by step. */
export const WAY: readonly Step[] = [
  {
    state: 'RegisterCandidate',
    what: 'registering a candidate',
    run: async (walk) => {
      const { promotionId, executionArn } = walk;
      return registerCandidate({ promotionId, executionArn, input: await inputs.get(promotionId) });
    },
  },
  { state: 'JudgeOffline', what: 'judging the backtest', run: judged('offline') },
  { state: 'SignManifest', what: 'signing the manifest', run: named(signManifest) },
  ...gateSteps('shadow'),
  { state: 'PrepareShadow', what: 'preparing the way back from the shadow', run: named(prepareReturn) },
  { state: 'ExposeShadow', what: 'putting the candidate beside production', run: named(movePointer) },
  { state: 'JudgeShadow', what: 'judging the shadow', run: judged('shadow') },
  ...gateSteps('canary'),
  { state: 'MayExpose', what: 'asking whether the canary may begin', run: named(mayExpose) },
  { state: 'PrepareCanary', what: 'preparing the way back from the canary', run: named(prepareReturn) },
  { state: 'ExposeCanary', what: 'exposing the first canary step', run: named(movePointer) },
  { state: 'JudgeCanary', what: 'raising the canary step', run: advanced },
  { state: 'ExposeCanary', what: 'exposing the last canary step', run: named(movePointer) },
  { state: 'JudgeCanary', what: 'judging the canary', run: judged('canary') },
  { state: 'EndCanary', what: 'taking the canary out', run: named(endExposure) },
  ...gateSteps('production'),
  { state: 'MayPromote', what: 'asking whether a freeze holds the promotion', run: named(mayExpose) },
  { state: 'PrepareReturn', what: 'preparing the way back from production', run: named(prepareReturn) },
  { state: 'MovePointer', what: 'moving the pointer to the candidate', run: named(movePointer) },
  { state: 'PrepareNextReturn', what: 'preparing the way back to the new version', run: named(prepareReturn) },
  { state: 'ReleaseNote', what: 'writing the release note', run: named(releaseNote) },
  {
    state: 'Close',
    what: 'closing the promotion',
    run: ({ promotionId }) => closePromotion({ promotionId, end: 'promoted', reasons: [] }),
  },
  { state: 'SendNotice', what: 'sending the notice', run: named(sendNotice) },
];

const inputs = new Map<string, ReturnType<typeof candidateOf>>();

/** Lays out a candidate; nothing of it is registered yet. */
export async function layOut(walk: Walk): Promise<Walk> {
  inputs.set(walk.promotionId, candidateOf(walk));
  await inputs.get(walk.promotionId);
  return walk;
}

/** Registers a candidate, and no more. */
export function registerOnly({ promotionId, executionArn }: Walk, input: unknown) {
  return registerCandidate({ promotionId, executionArn, input });
}

/** Walks a promotion up to a step, or to its end. */
export async function walkTo(walk: Walk, until: (step: Step) => boolean = () => false): Promise<Walk> {
  for (const step of WAY) {
    if (until(step)) break;
    await step.run(walk);
  }
  return walk;
}

/** A version brought to production. */
export async function promote(version: string): Promise<Walk> {
  return walkTo(await layOut(walkOf(version)));
}

/** The model, with the safe forecast serving. */
export async function onboard(): Promise<void> {
  const promotionId = `${MODEL}_onboard_1`;
  const input = onboardInput({ policy: POLICY });
  await registerChange({ promotionId, executionArn: `arn:${promotionId}`, input });
  const gate = gateAnswer.parse(await openGate({ promotionId }));
  await requestApproval({ promotionId, ...gate, taskToken: 'token-onboard' });
  await post(linkOf(ANA.email), { ...said, version: MODEL });
  await readGate({ promotionId, stage: gate.stage, round: gate.round });
  await applyChange({ promotionId });
  await movePointer({ promotionId });
  await closePromotion({ promotionId, end: 'applied', reasons: [] });
}

/** What the flow does after a wait, whatever ended it. */
export async function readAgain(walk: Walk): Promise<unknown> {
  return readGate({ ...walk0(walk), ...ref(walk) });
}

export { closeDead, repeatCallbacks };
