import type * as z from 'zod';
import type { EvidenceStore } from '../../evidence/evidence-store.ts';
import { REPORT_NAME } from '../../evidence/report/gate-report.ts';
import { type OfflineReport, offlineReport } from '../../evidence/report/offline-envelope.ts';
import {
  type CanaryReport,
  canaryReport,
  type ShadowReport,
  shadowReport,
} from '../../evidence/report/stage-schema.ts';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { Stage } from '../../promotion/life-cycle.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';

/** One person's approval as the ledger has it. */
export interface NotedApproval {
  readonly stage: string;
  readonly name: string;
  readonly email: string;
  readonly decision: string;
  readonly justification: string;
  readonly at: string;
  /** Position of the decision's entry in the ledger. */
  readonly seq: number;
}

/** What the gates found of a version. */
export interface GateReports {
  readonly report: OfflineReport;
  /** Of the shadow and the canary gate, in this order. */
  readonly stageReports: readonly (ShadowReport | CanaryReport)[];
}

/** The facts of which the note of a promotion is made; nobody writes prose for it. */
export interface ReleaseFacts extends GateReports {
  readonly run: PromotionItem;
  /** The promotion of the version that serves before it; null when the safe forecast does, or a version that was adopted. */
  readonly before: PromotionItem | null;
  readonly owner: Pick<ModelItem['owner'], 'name' | 'email' | 'team'>;
  /** What a kill switch has the safe forecast serve meanwhile; null: none stands. */
  readonly killSwitch: { readonly fallback: string; readonly fallbackSegments: readonly string[] } | null;
  readonly approvals: readonly NotedApproval[];
}

export interface ReleaseFactsPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'version' | 'model' | 'killSwitch'>;
  readonly evidence: Pick<EvidenceStore, 'read'>;
}

/**
 * Reads what the note of a promotion is made of, which is the same before it is deployed and after it.
 * @throws ReleaseError NOT_FOUND without the model or a report; DIGEST_MISMATCH, CORRUPT_ITEM
 */
export async function loadReleaseFacts(
  ports: ReleaseFactsPorts,
  run: PromotionItem,
  approvals: readonly NotedApproval[],
): Promise<ReleaseFacts> {
  const [model, killSwitch, before, reports] = await Promise.all([
    ports.registry.model(run.model),
    ports.registry.killSwitch(run.model),
    promotionOf(ports.registry, run.model, run.baseline),
    loadGateReports(ports.evidence, run),
  ]);
  if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${run.model}.`);
  return { run, before, owner: model.owner, killSwitch, approvals, ...reports };
}

/** The newest promotion of a version; null for the safe forecast and for a version that was adopted. */
export async function promotionOf(
  registry: Pick<RegistryStore, 'run' | 'version'>,
  model: string,
  version: string,
): Promise<PromotionItem | null> {
  const item = version === '' ? null : await registry.version(model, version);
  const run = item === null ? null : await registry.run(model, item.promotionId);
  return run?.kind === 'promotion' ? run : null;
}

/** @throws ReleaseError NOT_FOUND without a report; DIGEST_MISMATCH, CORRUPT_ITEM */
export async function loadGateReports(evidence: Pick<EvidenceStore, 'read'>, run: PromotionItem): Promise<GateReports> {
  const [report, shadow, canary] = await Promise.all([
    reportOf(evidence, { run, stage: 'offline', schema: offlineReport }),
    reportOf(evidence, { run, stage: 'shadow', schema: shadowReport }),
    reportOf(evidence, { run, stage: 'canary', schema: canaryReport }),
  ]);
  return { report, stageReports: [shadow, canary] };
}

async function reportOf<T>(
  evidence: Pick<EvidenceStore, 'read'>,
  { run, stage, schema }: { readonly run: PromotionItem; readonly stage: Stage; readonly schema: z.ZodType<T> },
): Promise<T> {
  const stored = run.gates[stage]?.artifacts[REPORT_NAME];
  if (stored === undefined) throw new ReleaseError('NOT_FOUND', `${run.promotionId} has no report of ${stage}.`);
  const text = (await evidence.read(stored)).toString('utf8');
  return parseStored(schema, JSON.parse(text), stored.key);
}
