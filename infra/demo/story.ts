import * as z from 'zod';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import type { Candidate } from './candidates.ts';
import { APPROVER, DOWNSTREAM, FIRST_APPROVER, MODEL, OPERATOR, OWNER, PIPELINE } from './cast.ts';
import { InboxReader } from './inbox.ts';
import { LedgerWatch, type WatchedEntry } from './ledger-watch.ts';
import type { LocalStack } from './local-stack.ts';
import { type DemoOutcome, type PromotionOutcome, promotionOutcome } from './outcome.ts';
import { Pipeline, rollbackOutput, runOutput } from './pipeline.ts';
import { demoPolicy } from './policy.ts';
import type { Progress } from './progress.ts';
import type { Replay } from './replay.ts';
import { ReportReader } from './report-reader.ts';
import { RunWatch } from './run-watch.ts';
import { StagePlay } from './stage-play.ts';
import type { Stopwatch } from './stopwatch.ts';
import { tell } from './telling.ts';

const CAUSE = 'business-escalation';

/** What an approver writes at each gate. */
const JUSTIFICATIONS: Readonly<Record<string, string>> = {
  change: 'Owner, approvers and policy are as agreed with the business.',
  shadow: 'Better in every region, and the known failure modes are acceptable.',
  canary: 'Whole weeks beside production without bias and without jumps.',
  production: 'Shelves were as full as those of the control units, and the forecasts were no worse.',
};

/** How it went, as those outside saw it. */
export type Told = Pick<DemoOutcome, 'outcome' | 'model' | 'promotions' | 'pointer' | 'rollback'>;

export interface StoryParts {
  readonly stack: LocalStack;
  /** The key that inference was deployed with. */
  readonly publicKeyPem: string;
  readonly replay: Replay;
  readonly excludedCategory: string | null;
  readonly progress: Progress;
  readonly stopwatch: Stopwatch;
  /** People open the links themselves. */
  readonly interactive: boolean;
}

/** The main job, played by the people of the cast against a stack that runs: onboarding, two promotions, a rollback. */
export class Story {
  readonly #parts: StoryParts;
  readonly #policy: ReturnType<typeof demoPolicy>;
  readonly #play: StagePlay;
  readonly #pipeline: Pipeline;
  readonly #inbox: InboxReader;
  readonly #watch: LedgerWatch;
  readonly #reports: ReportReader;
  readonly #reader: PointerReader;
  /** Positions of the gates that were answered. */
  readonly #answered = new Set<number>();

  constructor(parts: StoryParts) {
    const { clients, platform } = parts.stack;
    this.#parts = parts;
    this.#policy = demoPolicy(parts.excludedCategory);
    this.#play = new StagePlay({ ...parts, policy: this.#policy });
    this.#pipeline = new Pipeline(clients.s3, clients.sfn, parts.stack.output('EvidenceBucketName'));
    this.#inbox = new InboxReader(platform.inboxUrl);
    this.#watch = new LedgerWatch(clients.dynamo, parts.stack.output('LedgerTableName'), MODEL);
    this.#reports = new ReportReader(clients.s3, parts.stack.output('EvidenceBucketName'));
    this.#reader = new PointerReader({
      client: clients.appConfigData,
      application: parts.stack.output('AppConfigApplicationId'),
      model: MODEL,
      publicKeyPem: parts.publicKeyPem,
      copyFolder: null,
      // Each look is to see what is served at that very moment.
      pollSeconds: 0,
    });
  }

  /** The model's ledger so far. */
  get entries(): readonly WatchedEntry[] {
    return this.#watch.entries;
  }

  async tell(candidates: readonly Candidate[]): Promise<Told> {
    await this.#onboard();
    const promotions: PromotionOutcome[] = [];
    let before = await this.#serves();
    for (const candidate of candidates) {
      before = await this.#serves();
      const promotion = await this.#promote(candidate);
      promotions.push(promotion);
      await this.#play.after(`after ${candidate.version}`);
      this.#parts.stopwatch.lap(`after ${candidate.version}`);
      if (promotion.end !== 'promoted') {
        const after = await this.#serves();
        const pointer = { before, after, afterRollback: null };
        return { outcome: promotion.end, model: MODEL, promotions, pointer, rollback: null };
      }
    }
    const after = await this.#serves();
    const { end, seconds } = await this.#rollBack();
    await this.#play.after('after the rollback');
    this.#parts.stopwatch.lap('after the rollback');
    const pointer = { before, after, afterRollback: await this.#serves() };
    return { outcome: end, model: MODEL, promotions, pointer, rollback: { cause: CAUSE, seconds } };
  }

  async #onboard(): Promise<void> {
    const arn = await this.#start('OnboardingStateMachineArn', `${MODEL}_onboard_1`, {
      kind: 'onboard',
      model: MODEL,
      owner: OWNER,
      approvers: [APPROVER],
      downstream: [DOWNSTREAM],
      policy: this.#policy,
      change: {
        type: 'onboarding',
        reason: 'Replenishment orders from daily forecasts per store and article.',
        scope: 'All stores, all categories.',
        expectedImpact: 'The safe forecast serves until a version has been promoted.',
        rollbackPlan: 'None needed: nothing served before.',
      },
      requestedBy: PIPELINE,
    });
    const { end, reasons } = await this.#follow(arn, FIRST_APPROVER.email, MODEL).ended();
    if (end !== 'applied') throw new Error(`The onboarding ended as ${end}: ${JSON.stringify(reasons)}`);
    this.#parts.stopwatch.lap('onboarding');
  }

  async #promote(candidate: Candidate): Promise<PromotionOutcome> {
    const { version, artifact, backtest, history, ...said } = candidate;
    const { stopwatch } = this.#parts;
    const promotionId = promotionIdOf(MODEL, version, 1);
    const handIn = (name: string, bytes: Buffer) => this.#pipeline.upload(`${version}/${name}`, bytes);
    const arn = await this.#start('PromotionStateMachineArn', promotionId, {
      model: MODEL,
      version,
      artifact: await handIn('model.json', artifact),
      backtest: await handIn('backtest', backtest),
      history: await handIn('history', history),
      ...said,
      requestedBy: PIPELINE,
    });
    const run = this.#follow(arn, APPROVER.email, version);
    const exposed = (kind: string) => run.sees(({ type, data }) => type === 'pointer-moved' && data['kind'] === kind);
    const shadow = await exposed('shadow');
    stopwatch.lap(`${version} offline`);
    if (shadow) await this.#play.shadow(run, version);
    const canary = shadow && (await exposed('canary'));
    if (shadow) stopwatch.lap(`${version} shadow`);
    if (canary) await this.#play.canary(run, version);
    const { end, reasons } = await run.ended();
    if (canary) stopwatch.lap(`${version} canary and release`);
    const historyEvents = await run.position();
    return promotionOutcome({ promotionId, version, end, reasons, historyEvents }, this.#watch.entries);
  }

  async #rollBack() {
    const arn = await this.#start('RollbackStateMachineArn', `${MODEL}-rollback-1`, {
      model: MODEL,
      cause: CAUSE,
      requestedBy: OPERATOR,
      detail: 'Stores report orders that are far too high.',
    });
    const watch = this.#runWatch(arn, rollbackOutput, async () => {});
    const ended = await watch.ended();
    this.#parts.stopwatch.lap('rollback');
    return ended;
  }

  #start(machine: string, name: string, input: unknown): Promise<string> {
    return this.#pipeline.start(this.#parts.stack.output(machine), name, input);
  }

  /** Follows an onboarding or a promotion, telling its news and answering what is asked of `email`. */
  #follow(executionArn: string, email: string, typed: string): RunWatch<z.infer<typeof runOutput>> {
    const watch: RunWatch<z.infer<typeof runOutput>> = this.#runWatch(executionArn, runOutput, () =>
      this.#answer(watch, email, typed),
    );
    return watch;
  }

  #runWatch<T>(executionArn: string, output: z.ZodType<T>, answer: () => Promise<void>): RunWatch<T> {
    const meanwhile = async () => {
      await this.#tellNews();
      await answer();
    };
    const { clients } = this.#parts.stack;
    return new RunWatch({ sfn: clients.sfn, ledger: this.#watch, executionArn, output, meanwhile });
  }

  /** Answers the newest open gate, once; interactively only says where to. */
  async #answer(run: RunWatch<unknown>, email: string, typed: string): Promise<void> {
    const open = openGate(run.entries);
    if (open === null || this.#answered.has(open.id)) return;
    if (this.#parts.interactive) {
      this.#answered.add(open.id);
      const { inboxUrl } = this.#parts.stack.platform;
      this.#parts.progress.say(`${MODEL}: your turn: open ${inboxUrl}, follow the link to ${email}, type "${typed}"`);
      return;
    }
    const justification = JUSTIFICATIONS[open.stage] ?? 'As agreed.';
    if (await this.#inbox.approve(open.promotionId, email, { typed, justification })) this.#answered.add(open.id);
  }

  async #tellNews(): Promise<void> {
    for (const entry of await this.#watch.news()) {
      const line = tell(entry, await this.#reports.numbersOf(entry));
      if (line !== null) this.#parts.progress.say(`${MODEL}: ${line}`);
    }
  }

  /** What an inference Lambda would serve now: it reads the pointer, and believes only what is signed for this model. */
  async #serves(): Promise<string> {
    const { document } = await this.#reader.current();
    return document.productionVersion === '' ? document.fallback : document.productionVersion;
  }
}

const gateFacts = z.object({ promotionId: z.string(), stage: z.string() });

/** The gate of a run that was opened and not yet decided. */
function openGate(
  entries: readonly WatchedEntry[],
): { readonly id: number; readonly promotionId: string; readonly stage: string } | null {
  const newest = entries.findLast(({ type }) => type === 'gate-opened' || type === 'approval-decided');
  if (newest?.type !== 'gate-opened') return null;
  return { id: newest.seq, ...gateFacts.parse(newest.data) };
}
