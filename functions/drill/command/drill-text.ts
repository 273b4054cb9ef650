import * as z from 'zod';
import { reasonLines } from '../../platform/command/reason-lines.ts';
import { reason, storedObject } from '../../registry/items.ts';
import { drillScore, PHASES } from '../drill-items.ts';

const trendPoint = z.object({
  at: z.string(),
  passed: z.boolean(),
  seconds: drillScore.shape.seconds,
  total: drillScore.shape.total,
  maxSeconds: z.number(),
  reasons: z.array(z.string()),
});

/** What the drill machine answers: a drill that was recorded, or why there was none. */
export const drillOutput = z.union([
  drillScore.extend({
    end: z.enum(['passed', 'failed']),
    model: z.string(),
    executionName: z.string(),
    ...{ from: z.string(), to: z.string(), pollSeconds: z.number() },
    evidence: storedObject,
    trend: z.object({ passed: z.number(), medianTotal: z.number().nullable(), drills: z.array(trendPoint) }),
  }),
  z.object({ end: z.enum(['rejected', 'not-run']), model: z.string(), reasons: z.array(reason) }),
]);
export type DrillOutput = z.infer<typeof drillOutput>;

/** A drill as a report for a terminal: the phases, the score, and how the last ones went. */
export function drillText(output: DrillOutput): string {
  if (!('trend' in output)) {
    return [`Nothing was drilled: ${output.end}.`, ...reasonLines(output.reasons)].join('\n');
  }
  const { model, executionName, from, to, seconds, total, maxSeconds, pollSeconds, evidence, trend } = output;
  return [
    `Drill of ${model}: ${output.end.toUpperCase()}`,
    `${from === to ? `Between the two documents of ${named(to)}` : `From ${named(from)} to ${named(to)}`}, in an environment from which nothing serves; the reader looked every ${pollSeconds} s.`,
    '',
    ...PHASES.map((phase) => row(phase, secondsOf(seconds[phase]), phase === output.slowest ? 'the longest' : '')),
    row('total', secondsOf(total), `of ${maxSeconds} s`),
    ...(output.reasons.length === 0 ? [] : ['', ...reasonLines(output.reasons)]),
    '',
    `The last ${trend.drills.length}: ${trend.passed} passed, median ${secondsOf(trend.medianTotal)}`,
    ...trend.drills.toReversed().map(trendLine),
    '',
    `Execution ${executionName}; evidence s3://${evidence.bucket}/${evidence.key}, the trend as a page beside it.`,
  ].join('\n');
}

function trendLine({ at, passed, seconds, total, reasons }: z.infer<typeof trendPoint>): string {
  const phases = PHASES.map((phase) => `${phase} ${secondsOf(seconds[phase])}`).join(', ');
  const result = passed ? 'passed' : reasons.join(' ') || 'failed';
  return `  ${at.slice(0, 16).replace('T', ' ')}  ${secondsOf(total).padStart(9)}  ${result}  (${phases})`;
}

function row(name: string, value: string, remark: string): string {
  return `  ${name.padEnd(10)}${value.padStart(10)}  ${remark}`.trimEnd();
}

function secondsOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : `${value.toFixed(2)} s`;
}

function named(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}
