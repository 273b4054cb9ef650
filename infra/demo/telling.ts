import * as z from 'zod';
import type { WatchedEntry } from './ledger-watch.ts';

const facts = z.looseObject({
  promotionId: z.string().optional(),
  kind: z.string().optional(),
  version: z.string().optional(),
  stage: z.string().optional(),
  verdict: z.string().optional(),
  decision: z.string().optional(),
  justification: z.string().optional(),
  end: z.string().optional(),
  productionVersion: z.string().optional(),
  shadowVersion: z.string().optional(),
  canaryVersion: z.string().optional(),
  canaryPercentage: z.number().optional(),
  fallback: z.string().optional(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  percentage: z.number().optional(),
  closedDays: z.number().optional(),
  cause: z.string().optional(),
  seconds: z.number().optional(),
  forecasts: z.number().optional(),
  toCome: z.number().optional(),
  team: z.string().optional(),
  passed: z.boolean().optional(),
  total: z.number().nullish(),
  approver: z.looseObject({ name: z.string() }).optional(),
  reasons: z
    .array(
      z.looseObject({
        code: z.string(),
        message: z.string(),
        got: z.string().optional(),
        allowed: z.string().optional(),
      }),
    )
    .optional(),
});
type Facts = z.infer<typeof facts>;

/** A version as people say it. */
export function named(version: string): string {
  return version === '' ? 'the safe forecast' : version;
}

/** One entry of the ledger as a line for people; null for those that only programs need. `numbers`: of a judged gate. */
export function tell(entry: WatchedEntry, numbers = ''): string | null {
  const data = facts.parse(entry.data);
  switch (entry.type) {
    case 'change-requested':
      return `onboarding asked for by ${entry.actor.name}`;
    case 'model-onboarded':
      return 'model onboarded: owner, approvers and policy are on record';
    case 'candidate-registered':
      return `${data.version} registered by ${entry.actor.name}`;
    case 'gate-judged':
      return `${data.stage} gate: ${data.verdict}${numbers === '' ? '' : `: ${numbers}`}${because(data.reasons)}`;
    case 'manifest-signed':
      return 'manifest signed';
    case 'gate-opened':
      return `${data.stage === 'change' ? 'approval' : `approval for ${data.stage}`} asked by email`;
    case 'approval-decided':
      return `${data.approver?.name} decided: ${data.decision}: "${data.justification}"`;
    case 'pointer-moved':
      return `pointer moved: ${moved(data)}`;
    case 'drill-completed':
      return `rollback rehearsed: ${data.passed ? `passed in ${data.total} s` : `failed${because(data.reasons)}`}`;
    case 'canary-held':
      return data.reasons?.length ? `canary held${because(data.reasons)}` : 'canary held no longer';
    case 'canary-advanced':
      return `canary widened to ${data.percentage} % after ${data.closedDays} closed days`;
    case 'exposure-ended':
      return `${data.stage} of ${data.version} ended: production alone serves`;
    case 'release-noted':
      return 'release note written';
    case 'promotion-ended':
    case 'change-ended':
      // A refused input was never judged, so its reasons are told here; those of a gate were told with its verdict.
      return `ended: ${data.end}${data.version === undefined ? because(data.reasons) : ''}`;
    case 'rollback-intended':
      return `rollback asked for by ${entry.actor.name}: ${data.cause}`;
    case 'rolled-back':
      return `rolled back from ${named(String(data.from ?? ''))} to ${named(String(data.to ?? ''))} in ${data.seconds} s`;
    case 'forecasts-recalled':
      return `${data.forecasts} forecasts of ${data.version} recalled, ${data.toCome} of them for days still to come`;
    case 'recall-acknowledged':
      return `recall of ${data.version} acknowledged by ${data.team}`;
    default:
      return null;
  }
}

function moved({
  kind,
  productionVersion = '',
  fallback,
  shadowVersion,
  canaryVersion,
  canaryPercentage,
}: Facts): string {
  const serves = productionVersion === '' ? `the safe forecast (${fallback})` : productionVersion;
  if (kind === 'shadow') return `${serves} serves, ${shadowVersion} runs beside it unseen`;
  if (kind === 'canary') return `${canaryVersion} serves ${canaryPercentage} % of the units, ${serves} the rest`;
  const beside = shadowVersion === undefined || shadowVersion === '' ? '' : `, ${shadowVersion} runs beside it`;
  return `${serves} serves${beside}`;
}

/** Reasons that are told one by one; all of them are in the evaluation report. */
const TOLD = 4;

function because(reasons: Facts['reasons'] = []): string {
  const lines = reasons.slice(0, TOLD).map(({ code, message, got, allowed }) => {
    const found = [got && `got ${got}`, allowed && `allowed ${allowed}`].filter(Boolean).join(', ');
    return `\n           ${code}: ${found === '' ? message : found}`;
  });
  const more = reasons.length - TOLD;
  return [...lines, ...(more > 0 ? [`\n           and ${more} more`] : [])].join('');
}
