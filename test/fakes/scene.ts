import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { readAnchors } from '../../functions/ledger/verifier/found-anchor-store.ts';
import { readRows } from '../../functions/ledger/verifier/row-store.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { isReleaseError } from '../../functions/platform/errors.ts';
import { parsePromotionId, promotionIdOf } from '../../functions/platform/ids.ts';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { LedgerWatch, type WatchedEntry } from '../../infra/demo/ledger-watch.ts';
import { type LocalStack, startLocalStack } from '../../infra/demo/local-stack.ts';
import { Pipeline } from '../../infra/demo/pipeline.ts';
import { generateRetailer } from '../../infra/demo/retailer.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { REGION } from '../../infra/local/service.ts';
import type { SettingsInput } from '../../infra/settings.ts';
import { type Feeding, type FeedPorts, feed, feedStage, QUICK_POLICY, type Quality } from './feed.ts';
import { ANA, BEN, CHANGE_RECORD, onboardInput, PIPELINE } from './inputs.ts';
import { Mailbox } from './mailbox.ts';
import { hasReached, PLACES, type Place, partsOf } from './places.ts';
import { sharedStack, synthesizeWith } from './shared-stack.ts';
import { until } from './until.ts';

const FIRST = { id: 'fred', name: 'Fred First', email: 'fred@shop.example' };
const runEnd = z.looseObject({ end: z.string(), reasons: z.array(z.looseObject({ code: z.string() })).optional() });

type Onboarding = Omit<NonNullable<Parameters<typeof onboardInput>[0]>, 'policy'> & {
  /** Laid over QUICK_POLICY, member by member. */
  readonly policy?: Readonly<Record<string, unknown>>;
};

/** The whole stack on this machine, with the moves that tests make on it. One per test file: it takes seconds to start. */
export class Scene {
  readonly stack: LocalStack;
  readonly pipeline: Pipeline;
  readonly mail: Mailbox;
  readonly retailer = generateRetailer(7);
  readonly registry: RegistryStore;
  readonly publicKey: string;
  readonly #outdir: string;
  readonly #onboarded: string[] = [];

  private constructor(stack: LocalStack, publicKey: string, outdir: string) {
    this.stack = stack;
    this.publicKey = publicKey;
    this.#outdir = outdir;
    this.pipeline = new Pipeline(stack.clients.s3, stack.clients.sfn, this.output('EvidenceBucketName'));
    this.mail = new Mailbox(stack.platform.inboxUrl);
    this.registry = new RegistryStore(stack.clients.dynamo, this.output('RegistryTableName'));
  }

  /** @param specs functions that are made of something else than the stack's own, by their names */
  static async start(members: SettingsInput = {}, specs: readonly FunctionSpec[] = []): Promise<Scene> {
    const outdir = await mkdtemp(join(tmpdir(), 'scene-'));
    // Inference looks at the pointer on each request, so that tests need not wait for it to.
    // What a candidate says on a busy machine is late, and not missing.
    const settings = { firstApprovers: [FIRST], pointerPollSeconds: 0, candidateWaitMs: 10_000, ...members };
    const own = specs.length === 0 ? undefined : await synthesizeWith({ settings, outdir, specs });
    const stack = await startLocalStack(await sharedStack(settings, own));
    return new Scene(stack, await readPublicKey(stack.clients.kms, stack.output('SigningKeyArn')), outdir);
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await rm(this.#outdir, { recursive: true, force: true });
  }

  output(name: string): string {
    return this.stack.output(name);
  }

  /** Clients of a function's own role, or of the administrator. */
  clientSettings(accessKeyId = 'local') {
    return {
      endpoint: this.stack.platform.endpoint,
      region: REGION,
      credentials: { accessKeyId, secretAccessKey: 'local' },
      maxAttempts: 1,
    };
  }

  appConfig(accessKeyId?: string): AppConfigClient {
    return new AppConfigClient(this.clientSettings(accessKeyId));
  }

  lambda(): LambdaClient {
    return new LambdaClient(this.clientSettings());
  }

  /** Ends the processes of a function, by its short name, as a lost machine would. */
  kill(name: string): void {
    this.stack.platform.functions.kill(`ModelRelease-${name}`);
  }

  /** What a function of the stack answers; `output` names the output that holds its name. */
  async invoke(output: string, event: unknown): Promise<unknown> {
    return this.#call(this.output(output), event);
  }

  /** What a function answers that no output names, by its short name. */
  ask(name: string, event: unknown): Promise<unknown> {
    return this.#call(`ModelRelease-${name}`, event);
  }

  async #call(FunctionName: string, event: unknown): Promise<unknown> {
    const call = new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) });
    const { Payload } = await this.stack.clients.lambda.send(call);
    return JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
  }

  async candidate(model: string, version: string, over: Readonly<Record<string, unknown>> = {}) {
    const { history, backtests } = this.retailer;
    const up = (name: string, bytes: Buffer) => this.pipeline.upload(`${model}/${version}/${name}`, bytes);
    return {
      model,
      version,
      artifact: await up('model.json', Buffer.from('{"forecaster":"exponential-smoothing"}')),
      training: { from: '2024-01-01', to: '2025-09-01', features: ['weekday'], code: 'abc' },
      backtest: await up('backtest.csv.gz', backtests.first),
      history: await up('history.csv.gz', history),
      knownFailureModes: ['Reacts slowly to a change of level.'],
      change: CHANGE_RECORD,
      requestedBy: PIPELINE,
      ...over,
    };
  }

  async promote(model: string, version: string, over: Readonly<Record<string, unknown>> = {}, attempt = 1) {
    const promotionId = promotionIdOf(model, version, attempt);
    const input = await this.candidate(model, version, over);
    const arn = await this.pipeline.start(this.output('PromotionStateMachineArn'), promotionId, input);
    return { promotionId, arn, input };
  }

  /** Starts a promotion and walks it as far as `place`. */
  async at(place: Place, model: string, version: string, attempt = 1) {
    const started = await this.promote(model, version, {}, attempt);
    await this.through(started.promotionId, place);
    return started;
  }

  /** Walks a promotion on to a place: approves by `approver`, and feeds what its gates need. Does nothing where it is already. */
  async through(promotionId: string, to: Place, approver = ANA.email): Promise<void> {
    for (const place of PLACES.slice(0, PLACES.indexOf(to) + 1)) {
      const run = await this.findPromotion(promotionId);
      if (run === null || !hasReached(run, place)) await this.#step(promotionId, place, approver);
    }
  }

  async #step(promotionId: string, place: Place, approver: string): Promise<void> {
    const { stage, isGate } = partsOf(place);
    if (!isGate) await this.approve(promotionId, approver, (await this.promotion(promotionId)).version, stage);
    else if (stage !== 'shadow') await this.feedStage(promotionId, stage === 'canary' ? 'shadow' : 'canary');
    await this.reaches(promotionId, place);
  }

  /** Waits until a promotion that was let on has reached a place. */
  async reaches(promotionId: string, place: Place): Promise<void> {
    await until(async () => {
      const run = await this.findPromotion(promotionId);
      if (run !== null && hasReached(run, place)) return true;
      if (run?.end === undefined) return undefined;
      throw new Error(`${promotionId} ended as ${run.end} before the ${place}: ${JSON.stringify(run.reasons)}`);
    });
  }

  /** Promotes a version through all four stages, to its end. */
  async promoted(model: string, version: string, attempt = 1): Promise<string> {
    const { promotionId, arn } = await this.promote(model, version, {}, attempt);
    await this.through(promotionId, 'production');
    return (await this.ended(arn)).end;
  }

  feedPorts(): FeedPorts {
    return { registry: this.registry, s3: this.stack.clients.s3, bucket: this.output('PredictionBucketName') };
  }

  /** Feeds a stage until its gate is judged; answers the verdict. */
  feedStage(promotionId: string, stage: 'shadow' | 'canary', quality: Quality = 'good'): Promise<string | null> {
    return feedStage(this.feedPorts(), { promotionId, stage, quality });
  }

  /** Feeds days of the stage that a promotion is in; answers the first of them. */
  feed(promotionId: string, days: number, how: Omit<Feeding, 'promotionId' | 'days'> = {}): Promise<string> {
    return feed(this.feedPorts(), { ...how, promotionId, days });
  }

  /** Onboards a model under QUICK_POLICY. */
  async onboard(model: string, { policy, ...over }: Onboarding = {}): Promise<void> {
    const promotionId = `${model}_onboard_1`;
    const quick = policySchema.parse({ ...QUICK_POLICY, ...policy });
    const input = onboardInput({ model, approvers: [ANA, BEN], ...over, policy: quick });
    const arn = await this.pipeline.start(this.output('OnboardingStateMachineArn'), promotionId, input);
    this.#onboarded.push(model);
    await this.approve(promotionId, FIRST.email, model);
    const { end } = await this.ended(arn);
    if (end !== 'applied') throw new Error(`The onboarding ended as ${end}.`);
  }

  /** Starts a change of a model; its approvers of now decide on it. */
  async change(model: string, number: number, proposed: Readonly<Record<string, unknown>>) {
    const promotionId = `${model}_change_${number}`;
    const type = ['owner', 'approvers', 'downstream'].some((name) => name in proposed) ? 'ownership' : 'thresholds';
    const input = { kind: 'change', model, change: { ...CHANGE_RECORD, type }, requestedBy: PIPELINE, ...proposed };
    const arn = await this.pipeline.start(this.output('OnboardingStateMachineArn'), promotionId, input);
    return { promotionId, arn };
  }

  rollBack(name: string, input: unknown): Promise<string> {
    return this.pipeline.start(this.output('RollbackStateMachineArn'), name, input);
  }

  async stopExecution(executionArn: string): Promise<void> {
    await this.stack.clients.sfn.send(new StopExecutionCommand({ executionArn }));
  }

  async ended(arn: string) {
    return this.pipeline.finished(arn, runEnd, async () => {});
  }

  /** The promotion as the registry has it, once it has ended; whether its execution did, too, is another question. */
  async closed(promotionId: string): Promise<PromotionItem> {
    return until(async () => {
      const run = await this.findPromotion(promotionId);
      return run?.end === undefined ? undefined : run;
    });
  }

  async status(arn: string): Promise<string> {
    const { status } = await this.stack.clients.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    return status ?? '';
  }

  /** What an execution ended with, other than RUNNING. */
  async over(arn: string): Promise<string> {
    return until(async () => {
      const status = await this.status(arn);
      return status === 'RUNNING' ? undefined : status;
    });
  }

  async findPromotion(promotionId: string): Promise<PromotionItem | null> {
    const run = await this.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
    return run?.kind === 'promotion' ? run : null;
  }

  async promotion(promotionId: string): Promise<PromotionItem> {
    const run = await this.findPromotion(promotionId);
    if (run === null) throw new Error(`There is no promotion ${promotionId}.`);
    return run;
  }

  async approve(promotionId: string, email: string, typed: string, stage = ''): Promise<void> {
    const status = await this.mail.answer(await this.mail.link(promotionId, email, { stage }), typed);
    if (status !== 200) throw new Error(`The approval was answered ${status}.`);
  }

  async ledger(model: string): Promise<readonly WatchedEntry[]> {
    return new LedgerWatch(this.stack.clients.dynamo, this.output('LedgerTableName'), model).news();
  }

  async types(model: string): Promise<readonly string[]> {
    return (await this.ledger(model)).map((entry) => entry.type);
  }

  /** What the stand-alone verifier finds wrong with the ledgers of all models of this scene. */
  async ledgerFaults(): Promise<readonly unknown[]> {
    const { dynamo, kms, s3 } = this.stack.clients;
    const publicKeyPem = await readPublicKey(kms, this.output('LedgerKeyArn'));
    const [table, bucket] = [this.output('LedgerTableName'), this.output('EvidenceBucketName')];
    const faults = this.#onboarded.map(async (model) => {
      const stored = { rows: readRows(dynamo, table, model), anchors: readAnchors(s3, bucket, model) };
      const { fault, head } = await verifyChain({ model, publicKeyPem, ...stored });
      return head === null ? [{ model, fault: 'no entries' }] : fault === undefined ? [] : [{ model, fault }];
    });
    return (await Promise.all(faults)).flat();
  }

  /** The document that an inference Lambda that starts now would go by. */
  async pointer(model: string): Promise<PointerDocument | null> {
    const reader = new PointerReader({
      client: this.stack.clients.appConfigData,
      application: this.output('AppConfigApplicationId'),
      model,
      publicKeyPem: this.publicKey,
      copyFolder: null,
    });
    try {
      return (await reader.current()).document;
    } catch (error) {
      if (isReleaseError(error, 'POINTER_UNAVAILABLE')) return null;
      throw error;
    }
  }

  /** What serves the forecasts of a model: a version, or the safe forecast. */
  async serves(model: string): Promise<string> {
    const document = await this.pointer(model);
    return document === null ? 'nothing' : document.productionVersion || document.fallback;
  }
}
