import { isClean, type LogAudit } from './audit.ts';
import type { DemoOutcome, PromotionOutcome } from './outcome.ts';

/** What happened, for people. */
export function summaryOf(outcome: DemoOutcome, audit: LogAudit): string {
  const { pointer, rollback, ledger, seconds, calls } = outcome;
  const after = pointer.afterRollback === null ? '' : ` -> ${pointer.afterRollback} after the rollback`;
  return [
    '',
    'Summary',
    ...outcome.promotions.flatMap((promotion) => promotionLines(outcome.model, promotion)),
    `  served: ${pointer.before} -> ${pointer.after}${after}`,
    ...(rollback === null
      ? []
      : [`  rollback: ${rollback.cause}, ${rollback.seconds} s from the request to the confirmed switch`]),
    ...logLines(audit),
    `  ledger: ${ledger.entries} entries, ${ledger.verified ? 'verified' : 'NOT VERIFIED'}`,
    `  AWS calls: ${callsText(calls)}`,
    `  seconds: ${Object.entries(seconds)
      .map(([part, spent]) => `${part} ${spent}`)
      .join(', ')}`,
    `  outcome: ${outcome.outcome}`,
  ].join('\n');
}

/** Reasons that are named. */
const MOST = 3;

function promotionLines(model: string, promotion: PromotionOutcome): readonly string[] {
  const stopped = promotion.stages.find(({ verdict }) => verdict !== 'PASS');
  const all = promotion.reasons.flatMap((reason) => codeOf(reason));
  const codes = all.length > MOST ? [...all.slice(0, MOST), `and ${all.length - MOST} more`] : all;
  const why =
    promotion.end === 'promoted'
      ? ''
      : ` at the ${stopped?.stage ?? 'approval'}${stopped ? ' gate' : ''}: ${codes.join(', ')}`;
  return [
    `  ${model} ${promotion.version}: ${promotion.end}${why} (${promotion.historyEvents} history events)`,
    ...promotion.stages.map((stage) => `    ${stage.stage}: ${stage.verdict}`),
    ...promotion.approvals.map((one) => `    ${one.stage}: ${one.decision} by ${one.approver}: "${one.justification}"`),
  ];
}

function logLines(audit: LogAudit): readonly string[] {
  const { production, canary, shadow, fallback } = audit.predictions;
  const { missing, repeated, differing, unasked, excludedServed } = audit;
  const counted = `${production} production, ${canary} canary, ${fallback} fallback, ${shadow} shadow`;
  return [
    `  forecasts: ${audit.served} served; logged: ${counted}`,
    isClean(audit)
      ? '  prediction log: each served forecast is in it exactly once, as it was answered'
      : `  prediction log: NOT AS SERVED: ${missing} missing, ${repeated} repeated, ${differing} different, ${unasked} never answered, ${excludedServed} by a canary in a category that it must not touch`,
  ];
}

/** Such as `dynamodb 412, s3 96; 508 in all`, the most first. */
function callsText(calls: DemoOutcome['calls']): string {
  const sum = (counts: Iterable<number>) => [...counts].reduce((total, count) => total + count, 0);
  const byService = new Map(Object.entries(calls).map(([service, actions]) => [service, sum(Object.values(actions))]));
  const told = [...byService].toSorted(([, a], [, b]) => b - a).map(([service, count]) => `${service} ${count}`);
  return `${told.join(', ')}; ${sum(byService.values())} in all`;
}

function codeOf(reason: unknown): readonly string[] {
  return typeof reason === 'object' && reason !== null && 'code' in reason ? [String(reason.code)] : [];
}
