import type { GateItem } from '../../functions/approval/items.ts';
import type { WayBack, WayBackPorts } from '../../functions/approval/way-back.ts';
import { canaryPage } from '../../functions/evidence/report/canary-page.ts';
import { evaluationPage } from '../../functions/evidence/report/evaluation-page.ts';
import { PAGE_SUFFIX, REPORT_NAME } from '../../functions/evidence/report/gate-report.ts';
import { shadowPage } from '../../functions/evidence/report/shadow-page.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { Stage } from '../../functions/promotion/life-cycle.ts';
import type { ChangeItem, PromotionItem } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { aCanaryReport, anOfflineReport, aShadowReport } from '../evidence/report/sample-reports.ts';
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

/** Key and bytes of the page that a gate left beside its report. */
export const pageKey = (stage: Stage) => `evidence/${PROMOTION_ID}/${stage}/evaluation-report.html`;
export function pageText(stage: Stage): string {
  if (stage === 'shadow') return shadowPage(aShadowReport());
  return stage === 'canary' ? canaryPage(aCanaryReport()) : evaluationPage(anOfflineReport());
}

/** Texts of the objects that gates and signer wrote for a promotion that passed everything before a stage. */
export function writtenBefore(stage: AskedStage): Readonly<Record<string, string>> {
  return {
    [MANIFEST_KEY]: 'manifest',
    ...left('offline', reportText()),
    ...(stage === 'shadow' ? {} : left('shadow', stageReportText('shadow'))),
    ...(stage === 'production' ? left('canary', stageReportText('canary')) : {}),
  };
}

function left(stage: Stage, report: string): Readonly<Record<string, string>> {
  return { [reportKey(stage)]: report, [pageKey(stage)]: pageText(stage) };
}

/** The report of a gate, and its page, as the registry keeps them. */
function artifacts(stage: Stage, report: string) {
  return {
    [REPORT_NAME]: stored(reportKey(stage), report),
    [`${REPORT_NAME}${PAGE_SUFFIX}`]: stored(pageKey(stage), pageText(stage)),
  };
}

/** A promotion that passed offline and about which nobody was asked yet. */
export function promotionItem(over: Partial<PromotionItem> = {}): PromotionItem {
  const gates = { offline: passedGate('offline/1', artifacts('offline', reportText())) };
  return aPromotion({ promotionId: PROMOTION_ID, version: '1.2.0', baseline: '1.1.0', gates, ...over });
}

/** A promotion that passed everything before `stage`, so that people are asked about that next. */
export function promotionBefore(stage: AskedStage, over: Partial<PromotionItem> = {}): PromotionItem {
  const { gates } = promotionItem();
  const shadow = passedGate('shadow/1', artifacts('shadow', stageReportText('shadow')), '2026-03-31T06:00:00.000Z');
  const canary = passedGate('canary/1', artifacts('canary', stageReportText('canary')), '2026-04-15T06:00:00.000Z');
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

/** An evaluation report as the offline gate writes it. */
export function reportText(over: Parameters<typeof anOfflineReport>[0] = {}): string {
  return JSON.stringify(anOfflineReport(over));
}

/** A report as the shadow or the canary gate writes it. */
export function stageReportText(gate: 'shadow' | 'canary'): string {
  return JSON.stringify(gate === 'shadow' ? aShadowReport() : aCanaryReport());
}

/** A model that can be gone back from, as a drill has shown. */
export function wayBackItem(over: Partial<WayBack> = {}): WayBack {
  const [model, version] = ['demand', '1.1.0'];
  const at = '2026-03-01T04:10:00.000Z';
  return {
    target: { model, version, hostedVersion: 7, documentSha256: sha256Hex('document'), preparedAt: STARTED },
    readiness: { model, ready: true, reasons: [], checkedAt: STARTED, since: at, revision: 3 },
    drill: {
      ...{ model, executionName: 'drill-1', startedAt: at, at, from: version, to: '1.0.0', production: version },
      ...{ passed: true, seconds: { detect: 1, decide: 2, switch: 3, converge: 15.5 }, total: 21.5, maxSeconds: 300 },
      ...{ slowest: 'converge', reasons: [], pollSeconds: 15, evidence: stored('drills/demand/drill-1.json', 'x') },
      ledgerSeq: 5,
    },
    ...over,
  };
}

/** Where `wayBackItem` is read from. */
export function wayBackPorts({ target, readiness, drill }: WayBack = wayBackItem()): WayBackPorts {
  return {
    registry: { returnDocument: async () => target },
    readiness: { read: async () => readiness },
    drills: { newest: async () => (drill === null ? [] : [drill]) },
  };
}
