import type * as z from 'zod';
import { PointerReader } from '../../functions/inference/pointer-reader-store.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import type { Candidate } from './candidates.ts';
import { APPROVER, DOWNSTREAM, FIRST_APPROVER, MODEL, OPERATOR, OWNER, PIPELINE } from './cast.ts';
import { InboxReader } from './inbox.ts';
import { LedgerWatch } from './ledger-watch.ts';
import type { LocalStack } from './local-stack.ts';
import { type DemoOutcome, type PromotionOutcome, promotionOutcome } from './outcome.ts';
import { Pipeline, rollbackOutput, runOutput } from './pipeline.ts';
import { tell } from './telling.ts';

const CAUSE = 'business-escalation';

/** The main job, played by the people of the cast against a stack that runs: onboarding, two promotions, a rollback. */
export class Story {
  readonly #stack: LocalStack;
  readonly #say: (line: string) => void;
  readonly #pipeline: Pipeline;
  readonly #inbox: InboxReader;
  readonly #watch: LedgerWatch;
  readonly #reader: PointerReader;

  /** `publicKeyPem`: the key that inference was deployed with. */
  constructor(stack: LocalStack, publicKeyPem: string, say: (line: string) => void) {
    const { clients, platform } = stack;
    this.#stack = stack;
    this.#say = say;
    this.#pipeline = new Pipeline(clients.s3, clients.sfn, this.#output('EvidenceBucketName'));
    this.#inbox = new InboxReader(platform.inboxUrl);
    this.#watch = new LedgerWatch(clients.dynamo, this.#output('LedgerTableName'), MODEL);
    this.#reader = new PointerReader({
      client: clients.appConfigData,
      application: this.#output('AppConfigApplicationId'),
      model: MODEL,
      publicKeyPem,
      now: () => new Date(),
      // Inference polls every 15 seconds; here each look is to see what is served at that very moment.
      pollSeconds: 0,
    });
  }

  get entries(): number {
    return this.#watch.entries.length;
  }

  async tell(candidates: readonly Candidate[]): Promise<Omit<DemoOutcome, 'ledger'>> {
    await this.#onboard();
    const promotions: PromotionOutcome[] = [];
    let before = await this.#serves();
    for (const candidate of candidates) {
      before = await this.#serves();
      const promotion = await this.#promote(candidate);
      promotions.push(promotion);
      if (promotion.end !== 'promoted') {
        const after = await this.#serves();
        return this.#told(promotion.end, promotions, { before, after, afterRollback: null }, null);
      }
    }
    const after = await this.#serves();
    const rollback = await this.#rollBack();
    const afterRollback = await this.#serves();
    return this.#told(
      rollback.end,
      promotions,
      { before, after, afterRollback },
      { cause: CAUSE, seconds: rollback.seconds },
    );
  }

  #told(
    outcome: string,
    promotions: readonly PromotionOutcome[],
    pointer: DemoOutcome['pointer'],
    rollback: DemoOutcome['rollback'],
  ): Omit<DemoOutcome, 'ledger'> {
    return { outcome, model: MODEL, promotions, pointer, rollback };
  }

  async #onboard(): Promise<void> {
    const promotionId = `${MODEL}_onboard_1`;
    const arn = await this.#pipeline.start(this.#output('OnboardingStateMachineArn'), promotionId, {
      kind: 'onboard',
      model: MODEL,
      owner: OWNER,
      approvers: [APPROVER],
      downstream: [DOWNSTREAM],
      change: {
        type: 'onboarding',
        reason: 'Replenishment orders from daily forecasts per store and article.',
        scope: 'All stores, all categories.',
        expectedImpact: 'The safe forecast serves until a version has been promoted.',
        rollbackPlan: 'None needed: nothing served before.',
      },
      requestedBy: PIPELINE,
    });
    const answer = { typed: MODEL, justification: 'Owner, approvers and policy are as agreed with the business.' };
    const ended = await this.#attend(arn, runOutput, () =>
      this.#inbox.approve(promotionId, FIRST_APPROVER.email, answer),
    );
    if (ended.end !== 'applied')
      throw new Error(`The onboarding ended as ${ended.end}: ${JSON.stringify(ended.reasons)}`);
  }

  async #promote(candidate: Candidate): Promise<PromotionOutcome> {
    const { version, artifact, backtest, history, ...said } = candidate;
    const promotionId = promotionIdOf(MODEL, version, 1);
    const handIn = (name: string, bytes: Buffer) => this.#pipeline.upload(`${version}/${name}`, bytes);
    const arn = await this.#pipeline.start(this.#output('PromotionStateMachineArn'), promotionId, {
      model: MODEL,
      version,
      artifact: await handIn('model.json', artifact),
      backtest: await handIn('backtest', backtest),
      history: await handIn('history', history),
      ...said,
      requestedBy: PIPELINE,
    });
    const answer = {
      typed: version,
      justification: 'Better in every region, and the known failure modes are acceptable.',
    };
    const { end, reasons } = await this.#attend(arn, runOutput, () =>
      this.#inbox.approve(promotionId, APPROVER.email, answer),
    );
    return promotionOutcome({ promotionId, version, end, reasons }, this.#watch.entries);
  }

  async #rollBack() {
    const arn = await this.#pipeline.start(this.#output('RollbackStateMachineArn'), `${MODEL}-rollback-1`, {
      model: MODEL,
      cause: CAUSE,
      requestedBy: OPERATOR,
      detail: 'Stores report orders that are far too high.',
    });
    return this.#attend(arn, rollbackOutput, async () => true);
  }

  /** Waits for an execution, tells what the ledger says meanwhile, and answers the one email that it sends. */
  async #attend<T>(arn: string, output: z.ZodType<T>, answer: () => Promise<boolean>): Promise<T> {
    let answered = false;
    const ended = await this.#pipeline.finished(arn, output, async () => {
      if (!answered) answered = await answer();
      await this.#tellNews();
    });
    await this.#tellNews();
    return ended;
  }

  async #tellNews(): Promise<void> {
    for (const entry of await this.#watch.news()) {
      const line = tell(entry);
      if (line !== null) this.#say(`${MODEL}: ${line}`);
    }
  }

  /** What an inference Lambda would serve now: it reads the pointer, and believes only what is signed for this model. */
  async #serves(): Promise<string> {
    const document = await this.#reader.current();
    if (document === null) throw new Error('The pointer cannot be read.');
    return document.productionVersion === '' ? document.fallback : document.productionVersion;
  }

  #output(name: string): string {
    const value = this.#stack.platform.outputs[name];
    if (value === undefined) throw new Error(`The stack has no output ${name}.`);
    return value;
  }
}
