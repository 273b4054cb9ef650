import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { PointerReader } from '../../functions/inference/pointer-reader-store.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { LedgerWatch, type WatchedEntry } from '../../infra/demo/ledger-watch.ts';
import { type LocalStack, startLocalStack } from '../../infra/demo/local-stack.ts';
import { Pipeline } from '../../infra/demo/pipeline.ts';
import { generateRetailer } from '../../infra/demo/retailer.ts';
import { REGION } from '../../infra/local/service.ts';
import { ANA, BEN, CHANGE_RECORD, onboardInput, PIPELINE } from './inputs.ts';

const FIRST = { id: 'fred', name: 'Fred First', email: 'fred@shop.example' };
const JUSTIFICATION = 'The evidence holds in every region.';
const inbox = z.object({
  emails: z.array(
    z.object({ destination: z.object({ to: z.array(z.string()) }), body: z.object({ text: z.string().optional() }) }),
  ),
});

/** The whole stack on this machine, with the moves that tests make on it. One per test file: it takes seconds to start. */
export class Scene {
  readonly stack: LocalStack;
  readonly pipeline: Pipeline;
  readonly registry: RegistryStore;
  readonly publicKey: string;
  readonly #outdir: string;
  readonly #retailer = generateRetailer(7);

  private constructor(stack: LocalStack, publicKey: string, outdir: string) {
    this.stack = stack;
    this.publicKey = publicKey;
    this.#outdir = outdir;
    this.pipeline = new Pipeline(stack.clients.s3, stack.clients.sfn, this.output('EvidenceBucketName'));
    this.registry = new RegistryStore(stack.clients.dynamo, this.output('RegistryTableName'));
  }

  static async start(): Promise<Scene> {
    const outdir = await mkdtemp(join(tmpdir(), 'scene-'));
    const settings = { firstApprovers: [FIRST] };
    const stack = await startLocalStack({ settings, outdir });
    return new Scene(
      stack,
      await readPublicKey(stack.clients.kms, stack.platform.outputs['SigningKeyArn'] ?? ''),
      outdir,
    );
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await rm(this.#outdir, { recursive: true, force: true });
  }

  output(name: string): string {
    const value = this.stack.platform.outputs[name];
    if (value === undefined) throw new Error(`No output ${name}.`);
    return value;
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

  async candidate(model: string, version: string, over: Readonly<Record<string, unknown>> = {}) {
    const { history, backtests } = this.#retailer;
    const up = (name: string, bytes: Buffer) => this.pipeline.upload(`${model}/${version}/${name}`, bytes);
    return {
      model,
      version,
      artifact: await up('model.json', Buffer.from(`{"version":"${version}"}`)),
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

  /** Promotes a version with one approval, to its end. */
  async promoted(model: string, version: string, attempt = 1): Promise<string> {
    const { promotionId, arn } = await this.promote(model, version, {}, attempt);
    await this.approve(promotionId, ANA.email, version);
    return (await this.ended(arn)).end;
  }

  async onboard(model: string, over: Parameters<typeof onboardInput>[0] = {}): Promise<void> {
    const promotionId = `${model}_onboard_1`;
    const input = onboardInput({ model, approvers: [ANA, BEN], ...over });
    const arn = await this.pipeline.start(this.output('OnboardingStateMachineArn'), promotionId, input);
    await this.approve(promotionId, FIRST.email, model);
    const { end } = await this.ended(arn);
    if (end !== 'applied') throw new Error(`The onboarding ended as ${end}.`);
  }

  rollBack(name: string, input: unknown): Promise<string> {
    return this.pipeline.start(this.output('RollbackStateMachineArn'), name, input);
  }

  async ended(arn: string) {
    const output = z.looseObject({ end: z.string(), reasons: z.array(z.looseObject({ code: z.string() })).optional() });
    return this.pipeline.finished(arn, output, async () => {});
  }

  async status(arn: string): Promise<string> {
    const { status } = await this.stack.clients.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    return status ?? '';
  }

  /** Texts that were emailed to somebody about a run, oldest first. */
  async letters(promotionId: string, email: string): Promise<readonly string[]> {
    const { emails } = inbox.parse(await (await fetch(new URL('/store', this.stack.platform.inboxUrl))).json());
    return emails
      .filter((one) => one.destination.to.includes(email) && (one.body.text ?? '').includes(promotionId))
      .map((one) => one.body.text ?? '');
  }

  /** Links that were emailed to somebody about a run, oldest first. */
  async links(promotionId: string, email: string): Promise<readonly string[]> {
    const letters = await this.letters(promotionId, email);
    return letters.flatMap((text) => /https?:\/\/\S+\/approvals\/\S+/.exec(text) ?? []);
  }

  /** The newest link, once there are at least `count`. */
  async link(promotionId: string, email: string, count = 1): Promise<string> {
    return until(async () => {
      const links = await this.links(promotionId, email);
      return links.length >= count ? links.at(-1) : undefined;
    });
  }

  async answer(link: string, typed: string, decision: 'approve' | 'reject' = 'approve'): Promise<number> {
    const body = new URLSearchParams({ decision, version: typed, justification: JUSTIFICATION });
    const response = await fetch(link, { method: 'POST', body });
    await response.text();
    return response.status;
  }

  async approve(promotionId: string, email: string, typed: string): Promise<void> {
    const status = await this.answer(await this.link(promotionId, email), typed);
    if (status !== 200) throw new Error(`The approval was answered ${status}.`);
  }

  async ledger(model: string): Promise<readonly WatchedEntry[]> {
    return new LedgerWatch(this.stack.clients.dynamo, this.output('LedgerTableName'), model).news();
  }

  /** What an inference Lambda that starts now would serve. */
  async serves(model: string): Promise<string> {
    const reader = new PointerReader({
      client: this.stack.clients.appConfigData,
      application: this.output('AppConfigApplicationId'),
      model,
      publicKeyPem: this.publicKey,
      now: () => new Date(),
    });
    const document = await reader.current();
    return document === null ? 'nothing' : document.productionVersion || document.fallback;
  }
}

/** Asks until there is an answer; gives up after a minute, since a flow that does not get there never will. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('What was waited for did not come.');
}
