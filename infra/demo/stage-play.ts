import { durationSeconds } from '../../functions/platform/duration.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import type { Progress } from './progress.ts';
import type { Replay, ReplayedDay } from './replay.ts';
import type { RunWatch } from './run-watch.ts';

/** Days that are replayed after a promotion and after the rollback, so that it shows who serves then. */
const DAYS_AFTER = 3;
const SECONDS_PER_DAY = 86_400;

interface Days {
  readonly label: string;
  readonly days: number;
  /** Days of the stage that were played before. */
  readonly before: number;
  readonly total: number;
  readonly text: string;
}

/** Replays the days that the stages of a promotion need: whole cycles and holds, and then it is the judge's turn. */
export class StagePlay {
  readonly #replay: Replay;
  readonly #progress: Progress;
  readonly #policy: ReturnType<typeof policySchema.parse>;

  /** `policy`: as it was given at onboarding. */
  constructor(of: { readonly replay: Replay; readonly progress: Progress; readonly policy: unknown }) {
    this.#replay = of.replay;
    this.#progress = of.progress;
    this.#policy = policySchema.parse(of.policy);
  }

  /** Days are fed by the cycle and then the judge looks, so that a verdict does not depend on who is faster. */
  async shadow(run: RunWatch<unknown>, version: string): Promise<void> {
    const { min_cycles, max_cycles, cycle_days: days } = this.#policy.shadow;
    for (let cycle = 1; cycle <= max_cycles && run.running && !run.isJudged('shadow'); cycle += 1) {
      const cycles = Math.max(cycle, min_cycles);
      await this.#play({
        ...{ label: `${version} shadow`, days, before: days * (cycle - 1), total: days * cycles },
        text: `cycle ${cycle} of ${cycles}`,
      });
      if (cycle >= min_cycles) await run.looked('shadow', await run.position());
    }
    this.#progress.end();
  }

  /** Each step for as long as it is held; then the judge looks, and has a day more as long as it needs one. */
  async canary(run: RunWatch<unknown>, version: string): Promise<void> {
    const { steps } = this.#policy.canaryPlan;
    const planned = steps.reduce((sum, { hold }) => sum + holdDays(hold), 0);
    let played = 0;
    for (const [step, { percentage, hold }] of steps.entries()) {
      const text = `step ${step + 1} of ${steps.length}, ${percentage} %`;
      for (let days = holdDays(hold); days > 0; days = 1) {
        const total = Math.max(planned, played + days);
        await this.#play({ label: `${version} canary`, days, before: played, total, text });
        played += days;
        await run.looked('canary', await run.position());
        if (!run.running || run.isJudged('canary') || isWidened(run, step)) break;
      }
      if (!run.running || run.isJudged('canary')) break;
      // What is forecast under the old document is no evidence of the new step.
      await run.sees(({ type, data }) => type === 'pointer-moved' && data['step'] === step + 1);
    }
    this.#progress.end();
  }

  /** A few days of who serves now. */
  async after(label: string): Promise<void> {
    const days = Math.min(DAYS_AFTER, this.#replay.daysLeft);
    await this.#play({ label, days, before: 0, total: days, text: '' });
    this.#progress.end();
  }

  async #play({ label, days, before, total, text }: Days): Promise<void> {
    for (let day = 1; day <= days; day += 1) {
      const played = await this.#replay.playDay();
      const told = [played.date, text, servedText(played), stockText(played)].filter((part) => part !== '').join(', ');
      this.#progress.step({ label, done: before + day, total, text: told });
    }
  }
}

function holdDays(hold: string): number {
  return Math.max(1, Math.ceil(durationSeconds(hold) / SECONDS_PER_DAY));
}

function isWidened(run: RunWatch<unknown>, step: number): boolean {
  return run.entries.some(({ type, data }) => type === 'canary-advanced' && data['to'] === step + 1);
}

/** Such as `120 by 1.0.0, 40 by the canary 2.0.0`. */
function servedText({ servedBy }: ReplayedDay): string {
  return Object.entries(servedBy)
    .map(([name, count]) => {
      const [arm, version] = name.split(' ');
      return arm === 'canary' ? `${count} by the canary ${version}` : `${count} by ${version}`;
    })
    .join(', ');
}

function stockText({ stockouts, series }: ReplayedDay): string {
  return `${((100 * stockouts) / Math.max(1, series)).toFixed(0)} % sold out`;
}
