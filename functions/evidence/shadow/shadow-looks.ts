import type { Finding } from '../finding.ts';
import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import {
  horizon,
  judgementOf,
  judgeShadow,
  pendingOf,
  type ShadowContext,
  type ShadowJudgement,
  warningsOf,
} from './shadow.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { measureShadow } from './shadow-measure.ts';
import type { DaySums, SeriesSums, ShadowCycle, ShadowSums } from './shadow-sums.ts';

/** The sums of one look: everything up to the end of a completed cycle. */
export interface LookSums {
  /** Completed cycles; 0: none is, and all that there is was summed. */
  readonly cycles: number;
  readonly bySeries: SeriesSums;
}

/** What was found of a shadow in the prediction log and the outcomes. */
export interface ShadowEvidence {
  readonly quality: MeasuredQuality;
  /** All of them, in order. */
  readonly days: readonly DaySums[];
  readonly cycles: readonly ShadowCycle[];
  /** Those that were not decided on yet, in order, or else the newest. */
  readonly looks: readonly LookSums[];
}

/** Looks that were taken before, as the registry keeps them. */
export interface LooksTaken {
  /** Decisions made so far, one per completed cycle at most. */
  readonly decisions: number;
  /** Complete cycles at the last of them. */
  readonly cycles: number;
}

/** What a running stage wants summed. */
export interface ShadowRequest {
  readonly config: ShadowConfig;
  readonly taken: LooksTaken;
}

export interface LooksContext extends ShadowContext {
  readonly taken: LooksTaken;
  /** UTC. */
  readonly now: string;
  /** UTC bound of the exposure; past it without proof production wins. */
  readonly until: string;
}

export interface ShadowDecision extends ShadowJudgement {
  /** First and last day of the complete cycles that it rests on; null: none is complete. */
  readonly days: { readonly from: string; readonly to: string; readonly closed: number } | null;
  readonly bySeries: SeriesSums;
  readonly taken: LooksTaken;
}

/**
 * Judges a shadow that goes on. Each completed cycle is one decision, in order, and the first that is not CONTINUE counts:
 * so the verdict depends on the data and not on when, or how often, somebody asked. A decision that was made is not made
 * again, whatever was restated since.
 */
export function judgeLooks(evidence: ShadowEvidence, config: ShadowConfig, context: LooksContext): ShadowDecision {
  let { taken } = context;
  for (const look of evidence.looks.filter(({ cycles }) => cycles > context.taken.cycles)) {
    taken = { decisions: taken.decisions + 1, cycles: look.cycles };
    const judgement = judgeShadow(sumsOf(evidence, look), config, context);
    if (judgement.result.decision !== 'CONTINUE') return { ...judgement, ...reached(evidence, look, config), taken };
  }
  return { ...waiting(evidence, config, context), taken };
}

/** The rows up to the end of the newest of the look's cycles. */
function sumsOf({ quality, days, cycles }: ShadowEvidence, look: LookSums): ShadowSums {
  const to = cycles.filter(({ complete }) => complete)[look.cycles - 1]?.to ?? null;
  return {
    unreadable: quality.unreadable,
    days: days.filter(({ day }) => to === null || day <= to),
    cycles: cycles.filter((cycle) => to === null || cycle.to <= to),
    bySeries: look.bySeries,
  };
}

/** Nothing is decided before the next cycle is complete, but by the bound. */
function waiting(evidence: ShadowEvidence, config: ShadowConfig, context: LooksContext): Omit<ShadowDecision, 'taken'> {
  const look = evidence.looks.at(-1);
  if (look === undefined) throw new Error('A shadow was summed without any look.');
  const measures = measureShadow(sumsOf(evidence, look), config);
  const open = pendingOf(measures, look.bySeries.series.groups, config);
  const pending = open.length > 0 ? open : [decidedAlready(context.taken)];
  const warnings = warningsOf(measures, config);
  const late = Date.parse(context.now) >= Date.parse(context.until);
  const reasons = late ? [horizon(measures, `nothing shown by ${context.until}`)] : [];
  return {
    ...judgementOf(measures, { decision: late ? 'FAIL' : 'CONTINUE', reasons, pending, warnings }),
    ...reached(evidence, look, config),
  };
}

/** What was decided stays so, also when a restated outcome would have changed it. */
function decidedAlready({ cycles }: LooksTaken): Finding {
  return {
    code: 'NOT_YET_NON_INFERIOR',
    got: `no complete cycle since the decision on ${cycles}`,
    allowed: 'one decision per complete cycle',
  };
}

function reached(
  evidence: ShadowEvidence,
  look: LookSums,
  { cycle_days }: ShadowConfig,
): Pick<ShadowDecision, 'days' | 'bySeries'> {
  const complete = evidence.cycles.filter((cycle) => cycle.complete).slice(0, look.cycles);
  const [first, last] = [complete[0], complete.at(-1)];
  const days =
    first === undefined || last === undefined
      ? null
      : { from: first.from, to: last.to, closed: complete.length * cycle_days };
  return { days, bySeries: look.bySeries };
}
