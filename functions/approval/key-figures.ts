import { type Measure, VERDICT_WORDS } from '../evidence/report/measure.ts';
import { UNDEFINED } from '../evidence/report/numbers.ts';
import type { Evidence } from './gate-evidence.ts';
import type { GateSummary } from './report-summary.ts';

/** One of the figures that a verdict rests on, in words. */
export interface KeyFigure {
  readonly name: string;
  readonly value: string;
  /** What is allowed, or how far the truth may lie from it. */
  readonly beside: string;
  readonly verdict: Measure['verdict'] | null;
}

/** How many are told at first sight. */
const TOLD = 3;

/** What each gate is about: accuracy everywhere, then what the stage is there to find out. */
const FIRST: Readonly<Record<GateSummary['gate'], readonly string[]>> = {
  offline: ['Absolute error', 'Bias'],
  shadow: ['Absolute error', 'Bias'],
  canary: ['Absolute error', 'Stockouts', 'Overstock'],
};

/** The three figures of a gate's report that say most: the gate's own first, then its worst segment, then what it judged next. */
export function keyFigures(report: GateSummary): readonly KeyFigure[] {
  const judged = report.measures.filter(({ verdict }) => verdict !== 'NONE');
  const first = FIRST[report.gate].flatMap((name) => judged.find((one) => one.name.startsWith(name)) ?? []);
  const rest = judged.filter((one) => !first.includes(one));
  return [...first.map(figureOf), ...worstSegment(report), ...rest.map(figureOf)].slice(0, TOLD);
}

function figureOf({ name, estimate, candidate, limit, verdict }: Measure): KeyFigure {
  return {
    name,
    value: estimate === UNDEFINED ? candidate : estimate,
    beside: `${VERDICT_WORDS[verdict]}: ${limit}`,
    verdict,
  };
}

function worstSegment({ segments }: GateSummary): readonly KeyFigure[] {
  const worst = segments.find(({ thin }) => !thin);
  if (worst === undefined) return [];
  const beside = worst.bounds === UNDEFINED ? 'change of WAPE' : `change of WAPE, ${worst.bounds}`;
  return [{ name: `Worst segment ${worst.name}`, value: worst.change, beside, verdict: null }];
}

/** The verdict of a gate in one line with its key figures. */
export function verdictLine({ stage, result, report }: Evidence): string {
  const verdict = `${result.verdict}: verdict of the ${stage} gate`;
  if (report === null) return `${verdict}, whose report cannot be read. Do not approve.`;
  const figures = keyFigures(report).map(({ name, value, beside }) => `${name} ${value} (${beside})`);
  return figures.length === 0 ? `${verdict}.` : `${verdict}. ${figures.join('; ')}.`;
}

/** The tone in which the verdict of a gate is shown. */
export function verdictTone({ result, report }: Evidence): 'good' | 'bad' | 'warn' {
  if (report === null || result.verdict === 'FAIL') return 'bad';
  return result.verdict === 'PASS' ? 'good' : 'warn';
}
