import type { GateItem } from '../../functions/approval/items.ts';
import type { GroupReport } from '../../functions/evidence/report/report.ts';
import type { MeasuredMetric, StageReport } from '../../functions/evidence/report/stage-report.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { Stage } from '../../functions/promotion/life-cycle.ts';
import type { ChangeItem, PromotionItem } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { ANA } from '../fakes/inputs.ts';
import { aChange, anExposure, aPromotion, passedGate, STARTED, settings, stored } from '../fakes/runs.ts';

export { aModel as modelItem, STARTED, stored } from '../fakes/runs.ts';

export const CAS = { id: 'cas', name: 'Cas Approver', email: 'cas@shop.example' };
export const PROMOTION_ID = 'demand_1-2-0_1';

/** The stages that people are asked to let a promotion into. */
export const ASKED_STAGES = ['shadow', 'canary', 'production'] as const;
export type AskedStage = (typeof ASKED_STAGES)[number];

/** A policy with this many approvals for production, or for each stage. */
export function quorumOf(quorum: number | Partial<Record<AskedStage, number>>) {
  return policySchema.parse({ approvals: { quorum: typeof quorum === 'number' ? { production: quorum } : quorum } });
}

export const reportKey = (stage: Stage) => `evidence/${PROMOTION_ID}/${stage}/evaluation-report.json`;
export const REPORT_KEY = reportKey('offline');
const MANIFEST_KEY = `manifests/${PROMOTION_ID}/manifest.dsse.json`;

/** Texts of the objects that gates and signer wrote for a promotion that passed everything before a stage. */
export function writtenBefore(stage: AskedStage): Readonly<Record<string, string>> {
  return {
    [MANIFEST_KEY]: 'manifest',
    [REPORT_KEY]: reportText(),
    ...(stage === 'shadow' ? {} : { [reportKey('shadow')]: stageReportText('shadow') }),
    ...(stage === 'production' ? { [reportKey('canary')]: stageReportText('canary') } : {}),
  };
}

/** A promotion that passed offline and about which nobody was asked yet. */
export function promotionItem(over: Partial<PromotionItem> = {}): PromotionItem {
  const report = stored(REPORT_KEY, reportText());
  const gates = { offline: passedGate('offline/1', { 'evaluation-report': report }) };
  return aPromotion({ promotionId: PROMOTION_ID, version: '1.2.0', baseline: '1.1.0', gates, ...over });
}

/** A promotion that passed everything before `stage`, so that people are asked about that next. */
export function promotionBefore(stage: AskedStage, over: Partial<PromotionItem> = {}): PromotionItem {
  const report = (gate: Stage, text: string) => ({ 'evaluation-report': stored(reportKey(gate), text) });
  const { gates } = promotionItem();
  const shadow = passedGate('shadow/1', report('shadow', stageReportText('shadow')), '2026-03-31T06:00:00.000Z');
  const canary = passedGate('canary/1', report('canary', stageReportText('canary')), '2026-04-15T06:00:00.000Z');
  const manifest = stored(MANIFEST_KEY, 'manifest');
  if (stage === 'shadow') return promotionItem({ manifest, ...over });
  const shadowed = { manifest, exposures: [anExposure()] };
  if (stage === 'canary') return promotionItem({ ...shadowed, stage: 'shadow', gates: { ...gates, shadow }, ...over });
  return promotionItem({
    ...shadowed,
    stage: 'canary',
    gates: { ...gates, shadow, canary },
    canaryStep: 2,
    exposures: [anExposure(), ...[5, 20, 50].map(canaryExposure)],
    ...over,
  });
}

function canaryExposure(percentage: number, step: number) {
  const movedAt = `2026-04-${String(1 + step * 3).padStart(2, '0')}T06:00:00.000Z`;
  const until = '2026-05-12T08:00:00.000Z';
  return anExposure({ stage: 'canary', step, percentage, revision: 4 + step, movedAt, until });
}

export function changeItem(over: Partial<ChangeItem> = {}): ChangeItem {
  const { before: _, ...change } = aChange();
  const proposal = { ...settings, approvers: [...settings.approvers, CAS] };
  return { ...change, policyVersion: 2, policyDigest: sha256Hex('policy 2'), proposal, ...over };
}

export function gateItem(over: Partial<GateItem> = {}): GateItem {
  return {
    promotionId: PROMOTION_ID,
    model: 'demand',
    stage: 'production',
    round: 1,
    status: 'open',
    seal: sha256Hex('seal'),
    peopleDigest: sha256Hex('people'),
    quorum: 1,
    approvers: [{ ...ANA, requestId: '0'.repeat(31).concat('1') }],
    decisions: [],
    openedAt: STARTED,
    expiresAt: '2026-03-08T08:00:00.000Z',
    openedSeq: 1,
    forgedCallbacks: 0,
    failedRequests: 0,
    countedIssue: 0,
    revision: 1,
    ...over,
  };
}

export function groupReport(over: Partial<GroupReport> = {}): GroupReport {
  return {
    name: 'overall',
    sufficient: true,
    verdict: 'WITHIN_MARGIN',
    n_rows: 124_800,
    n_series: 4160,
    n_folds: 6,
    sum_y: 1_000_000,
    rel_wape: -0.084,
    wape_candidate: 0.312,
    wape_baseline: 0.341,
    bias_candidate: 0.012,
    bias_baseline: -0.034,
    ...over,
  };
}

/** An evaluation report as the offline gate writes it. */
export function reportText(): string {
  const evidence = { artifact: stored('a', 'a'), backtest: stored('b', 'b'), history: stored('h', 'h') };
  return JSON.stringify({
    schema: 1,
    gate: 'offline',
    judge: 'offline/1',
    promotionId: PROMOTION_ID,
    model: 'demand',
    version: '1.2.0',
    baseline: '1.1.0',
    verdict: 'PASS',
    reasons: [],
    pending: [],
    warnings: [{ code: 'ONE_SIDED_CLEANING', message: 'The candidate forecasts fewer rows than the baseline.' }],
    evidence,
    policy: { version: 1, digest: sha256Hex('policy'), thresholds: {} },
    quality: {},
    leakage: {},
    history: {},
    overall: groupReport(),
    fva: null,
    folds: [],
    segments: [
      groupReport({ name: 'region:CA', rel_wape: -0.12, n_rows: 61_000 }),
      groupReport({ name: 'regime:lumpy', rel_wape: 0.031, wape_candidate: 0.71, wape_baseline: 0.689, n_rows: 9400 }),
      groupReport({ name: 'volume:C', rel_wape: 0.008, n_rows: 20_100 }),
      groupReport({ name: 'category:HOBBIES', rel_wape: -0.02, n_rows: 18_300 }),
      groupReport({ name: 'category:FOODS', rel_wape: -0.11, n_rows: 80_000 }),
      groupReport({ name: 'store:new', rel_wape: 'inf', n_rows: 40, sufficient: false, verdict: 'INSUFFICIENT' }),
    ],
  });
}

/** A line of a stage's report. */
export function metric(over: Partial<MeasuredMetric> = {}): MeasuredMetric {
  const judged = { change: -0.031, limit: 0.02, verdict: 'OK' as const };
  return { name: 'WAPE', candidate: 0.301, comparator: 0.311, unit: 'share', ...judged, ...over };
}

/** An evaluation report as the shadow or the canary gate writes it. */
export function stageReportText(gate: 'shadow' | 'canary', over: Partial<StageReport> = {}): string {
  const none = { candidate: null, comparator: null, change: null, limit: null };
  const kpis = [
    metric({ name: 'Stockout rate', candidate: 0.042, comparator: 0.045, change: -0.067, limit: 0.1 }),
    metric({ name: 'Overstock', candidate: 0.21, comparator: 0.19, change: 0.105, limit: 0.1, verdict: 'PENDING' }),
  ];
  const stability = [
    metric({ name: 'Churn ratio', candidate: 1.04, comparator: 1, change: null, limit: 1.25, unit: 'ratio' }),
  ];
  const report: StageReport = {
    schema: 1,
    gate,
    judge: `${gate}/1`,
    promotionId: PROMOTION_ID,
    model: 'demand',
    version: '1.2.0',
    baseline: '1.1.0',
    verdict: 'PASS',
    reasons: [],
    pending: [],
    warnings: [{ code: 'PREDICTION_DRIFT', message: 'The forecasts of slow movers shifted.' }],
    days: { from: '2026-03-03', to: '2026-03-30', closed: 28 },
    evidence: { predictions: { objects: 56, digest: 'p' }, outcomes: { objects: 28, digest: 'o' } },
    policy: { version: 1, digest: sha256Hex('policy'), thresholds: {} },
    quality: { paired_rows: 58_240, invalid_forecasts: 0 },
    metrics: [
      metric(),
      ...(gate === 'shadow' ? stability : kpis),
      metric({ ...none, name: 'Clusters', candidate: 612, comparator: 598, unit: 'count', verdict: 'INFO' }),
    ],
    segments: [
      { name: 'region:CA', metrics: [metric({ change: -0.05 })] },
      { name: 'regime:lumpy', metrics: [metric({ change: 0.034, limit: 0.05 })] },
    ],
    ...over,
  };
  return JSON.stringify(report);
}
