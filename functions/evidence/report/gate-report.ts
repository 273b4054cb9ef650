import * as z from 'zod';
import type { Reason } from '../../platform/errors.ts';
import { type PromotionItem, promotionItem, reason } from '../../registry/items.ts';
import { explainFinding } from '../explain-finding.ts';
import type { Finding } from '../finding.ts';

/** What a gate leaves as a file. `name` is the key under which the registry keeps it, `file` its name in the bucket. */
export interface Artifact {
  readonly name: string;
  readonly file: string;
  readonly contentType: string;
  readonly bytes: string;
}

/** The JSON report of every gate is kept under this name, whatever else a gate leaves. */
export const REPORT_NAME = 'evaluation-report';

/** An artifact of this name and suffix is the page of the one without it. */
export const PAGE_SUFFIX = '-page';

/** A number of the contract: null is undefined, `inf` unbounded (the comparator is perfect), `-inf` the other way round. */
export const measured = z.union([z.number(), z.literal('inf'), z.literal('-inf')]).nullable();
export type Measured = z.infer<typeof measured>;

export const share = z.number().nullable();

/** Objects that were read, by count and by a digest over their sorted keys and versions. */
export const objectsRead = z.object({ objects: z.int(), digest: z.string() });
export type ObjectsRead = z.infer<typeof objectsRead>;

/** What the requester documented, besides what the judge found. */
export const documented = promotionItem.pick({ knownFailureModes: true, change: true, training: true });
export type Documented = z.infer<typeof documented>;

/** What every report says: who was judged by whom, against what, under which policy, and what came of it. */
export const reportHead = {
  schema: z.literal(2),
  /** Name and version of the judge, for example `offline/2`. */
  judge: z.string(),
  promotionId: z.string(),
  model: z.string(),
  version: z.string(),
  /** The production version compared with; empty: the safe forecast. */
  baseline: z.string(),
  reasons: z.array(reason),
  pending: z.array(reason),
  warnings: z.array(reason),
  /** Thresholds that were applied, with the policy that they come from. */
  policy: z.object({ version: z.int(), digest: z.string(), config: z.record(z.string(), z.json()) }),
  documented,
};

/** Who was judged, against what, under which policy. */
export interface ReportSubject<Config extends object> {
  readonly judge: string;
  readonly promotionId: string;
  readonly model: string;
  readonly version: string;
  readonly baseline: string;
  readonly policy: { readonly version: number; readonly digest: string; readonly config: Config };
  readonly documented: Documented;
}

/** A promotion as a report's subject, judged under `config` by the judge of this name. */
export function subjectOf<Config extends object>(
  run: PromotionItem,
  { judge, config }: { readonly judge: string; readonly config: Config },
): ReportSubject<Config> {
  const { promotionId, model, version, baseline, policyVersion, policyDigest } = run;
  return {
    ...{ judge, promotionId, model, version, baseline },
    policy: { version: policyVersion, digest: policyDigest, config },
    documented: run,
  };
}

/** Findings of a judge, each sorted by code. */
export interface Findings {
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  readonly warnings: readonly Finding[];
}

const configSchema = z.record(z.string(), z.json());

/** The head of a report. Members are copied one by one, so that nothing else of a subject gets in. */
export function headOf(subject: ReportSubject<object>, found: ExplainedFindings) {
  const { judge, promotionId, model, version, baseline, policy } = subject;
  const { knownFailureModes, change, training } = subject.documented;
  return {
    ...{ schema: 2 as const, judge, promotionId, model, version, baseline },
    ...{ reasons: [...found.reasons], pending: [...found.pending], warnings: [...found.warnings] },
    policy: { version: policy.version, digest: policy.digest, config: configSchema.parse(policy.config) },
    documented: { knownFailureModes, change, training },
  };
}

export interface ExplainedFindings {
  readonly reasons: readonly Reason[];
  readonly pending: readonly Reason[];
  readonly warnings: readonly Reason[];
}

/** Findings as reasons that a person can act on. */
export function explained({ reasons, pending, warnings }: Findings): ExplainedFindings {
  return {
    reasons: reasons.map(explainFinding),
    pending: pending.map(explainFinding),
    warnings: warnings.map(explainFinding),
  };
}

/** A report as the bytes that are stored. Carries no time of day: the same inputs give the same bytes. */
export function jsonBytes(report: object): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

export const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv; charset=utf-8';
export const HTML_TYPE = 'text/html; charset=utf-8';
