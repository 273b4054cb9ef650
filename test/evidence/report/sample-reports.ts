import { canaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import type { Finding } from '../../../functions/evidence/finding.ts';
import { offlineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import type { OfflineSegment } from '../../../functions/evidence/offline/offline-result.ts';
import type { ReportSubject } from '../../../functions/evidence/report/gate-report.ts';
import {
  buildOfflineReport,
  type OfflineReport,
  type OfflineReportInput,
} from '../../../functions/evidence/report/offline-envelope.ts';
import {
  buildCanaryReport,
  buildShadowReport,
  type CanaryReportInput,
  type ShadowReportInput,
} from '../../../functions/evidence/report/stage-envelope.ts';
import type { CanaryReport, ShadowReport, StageSegment } from '../../../functions/evidence/report/stage-schema.ts';
import { shadowConfig } from '../../../functions/evidence/shadow/shadow-config.ts';
import { sha256Hex } from '../../../functions/platform/json.ts';
import { CHANGE_RECORD } from '../../fakes/inputs.ts';
import { stored } from '../../fakes/runs.ts';

const DOCUMENTED = {
  knownFailureModes: ['Underforecasts in the week before Easter.', 'Has never seen a store that opened in summer.'],
  change: CHANGE_RECORD,
  training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday', 'level'], code: 'abc123' },
};

export function subject<Config extends object>(judge: string, config: Config): ReportSubject<Config> {
  return {
    ...{ judge, promotionId: 'demand_1-2-0_1', model: 'demand', version: '1.2.0', baseline: '1.1.0' },
    policy: { version: 1, digest: sha256Hex('policy'), config },
    documented: DOCUMENTED,
  };
}

export const found = (code: string): Finding => ({ code, got: '+7.3 % error', allowed: 'at most +5.0 %' });

const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);

/** A segment in which the candidate gains 8.4 %. */
export function segment(over: Partial<OfflineSegment> = {}): OfflineSegment {
  return {
    ...{ sufficient: true, rel_wape: -0.084, se: 0.011, df: 5, n_rows: 61_000, n_series: 1200, n_folds: 6 },
    ...{ p_harm: 0.9999, p_noninf: 0.0001, ucb: -0.062, p_harm_holm: 1, verdict: 'NON_INFERIOR' },
    ...{ wape_candidate: 0.312, wape_baseline: 0.341, bias_candidate: 0.012, bias_baseline: -0.034 },
    ...over,
  };
}

const accuracy = {
  ...{ wape: 0.312, bias: 0.012, mae: 2.5, rmse: 6.1, smape: 81.4, mase: 0.82, rmsse: 0.79, wrmsse: 0.71 },
  mase_skipped_series: 3,
};

export const SEGMENTS = {
  'region:CA': segment({ rel_wape: -0.12, ucb: -0.1 }),
  'regime:lumpy': segment({
    ...{ rel_wape: 0.031, ucb: 0.072, verdict: 'INCONCLUSIVE', n_rows: 9400, n_series: 310 },
    ...{ wape_candidate: 0.71, wape_baseline: 0.689, bias_candidate: 0.09 },
  }),
  'volume:C': segment({ rel_wape: 0.008, ucb: 0.04, n_rows: 20_100 }),
  'category:HOBBIES': segment({ rel_wape: -0.02, ucb: 0.01, n_rows: 18_300 }),
  'category:FOODS': segment({ rel_wape: -0.11, ucb: -0.09, n_rows: 80_000 }),
  'region:new': thin({ rel_wape: 'inf', se: null, ucb: null, wape_baseline: 0, n_rows: 40, n_series: 2 }),
} satisfies Record<string, OfflineSegment>;

/** Too little data, so that nothing is adjusted or decided. */
export function thin(over: Partial<OfflineSegment> = {}): OfflineSegment {
  const { p_harm_holm: _, ...rest } = segment({ sufficient: false, verdict: 'INSUFFICIENT', ...over });
  return rest;
}

export function offlineInput(
  over: Partial<Extract<OfflineReportInput['outcome'], { readonly judged: true }>['result']> = {},
  findings: Partial<Record<'reasons' | 'pending' | 'warnings', readonly Finding[]>> = {},
): OfflineReportInput {
  const { reasons = [], pending = [], warnings = [] } = findings;
  return {
    subject: subject('offline/2', offlineConfig.parse({ min_improvement: 0.01 })),
    evidence: { artifact: stored('a'), backtest: stored('b'), history: stored('h') },
    outcome: {
      judged: true,
      ...{ reasons, pending, warnings },
      result: {
        gate: 'offline',
        decision: reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'INCONCLUSIVE' : 'PASS',
        ...{ reasons: codes(reasons), pending: codes(pending), warnings: codes(warnings) },
        quality: {
          ...{ rows: 125_100, bad_date: 2, duplicate_rows: 12, conflicting_keys: 0, missing_actual: 280 },
          ...{ invalid_actual: 6, candidate_missing: 0, candidate_nonfinite: 0, candidate_negative: 0 },
          ...{ baseline_missing: 0, baseline_nonfinite: 0, baseline_negative: 0, paired_rows: 124_800 },
          ...{ candidate_invalid_rate: 0, exact_match_share: 0.013 },
        },
        leakage: {
          ...{ target_not_after_origin: 0, horizon_mismatch: 0, trained_past_origin: 0, features_past_origin: 0 },
          ...{ folds_with_many_origins: 0, n_origins: 6, span_days: 70 },
        },
        overall: {
          ...{ sufficient: true, rel_wape: -0.084, se: 0.011, df: 5, n_rows: 124_800, n_series: 4160, n_folds: 6 },
          ...{ p_harm: 0.9999, p_noninf: 0.0001, ucb: -0.062, verdict: 'NON_INFERIOR' },
          metrics: {
            ...{ n: 124_800, sum_y: 1_000_000, n_series: 4160, candidate: accuracy },
            baseline: { ...accuracy, wape: 0.341, bias: -0.034, mae: 2.7, rmse: 6.6 },
            fva: { rows: 120_000, snaive_wape: 0.42, candidate: 0.257, baseline: 0.188 },
          },
          quantiles: {},
        },
        segments: SEGMENTS,
        series: { 'sku-1|store-1': { regime: 'smooth', adi: 1, cv2: 0.2, volume: 'A' } },
        folds: {
          '2025-11-03': segment({ n_folds: 1 }),
          '2025-11-17': segment({ n_folds: 1, rel_wape: -0.05, ucb: -0.01 }),
        },
        ...over,
      },
    },
  };
}

/** A backtest in which the candidate gains 8.4 %, and that is thin in one segment. */
export function anOfflineReport(
  over: Parameters<typeof offlineInput>[0] = {},
  findings: Parameters<typeof offlineInput>[1] = { warnings: [found('ACTUALS_DIFFER_FROM_HISTORY')] },
): OfflineReport {
  return buildOfflineReport(offlineInput(over, findings));
}

export function stageSegment(over: Partial<StageSegment> = {}): StageSegment {
  return {
    ...{ name: 'region:CA', n_rows: 21_000, n_series: 400, rel_wape: -0.05, se: 0.01 },
    ...{ wape_candidate: 0.29, wape_production: 0.305, bias_candidate: 0.01, bias_production: -0.02, ...over },
  };
}

const READ = {
  predictions: { objects: 56, digest: sha256Hex('predictions') },
  outcomes: { objects: 28, digest: sha256Hex('outcomes') },
};
const STAGE_SEGMENTS = [
  stageSegment(),
  stageSegment({ name: 'regime:lumpy', rel_wape: 0.034, se: 0.02, n_series: 60, n_rows: 1700 }),
];

export function shadowInput(
  over: Partial<ShadowReportInput['result']> = {},
  findings: Partial<Record<'reasons' | 'pending' | 'warnings', readonly Finding[]>> = {},
): ShadowReportInput {
  const { reasons = [], pending = [], warnings = [] } = findings;
  const bell = (middle: number) =>
    Array.from({ length: 35 }, (_, bin) =>
      bin === 0 ? 900 : Math.round(9000 * Math.exp(-((bin - middle) ** 2) / 30)),
    );
  return {
    subject: subject('shadow/2', shadowConfig.parse({})),
    ...{ evidence: READ, days: { from: '2026-03-03', to: '2026-03-30', closed: 28 }, segments: STAGE_SEGMENTS },
    ...{ reasons, pending, warnings, power: null },
    histograms: { candidate: bell(18), production: bell(17) },
    result: {
      gate: 'shadow',
      decision: reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'CONTINUE' : 'PASS',
      ...{ reasons: codes(reasons), pending: codes(pending), warnings: codes(warnings) },
      quality: {
        ...{ rows: 58_240, bad_date: 0, duplicate_rows: 0, conflicting_keys: 0 },
        ...{ candidate_missing: 4, candidate_nonfinite: 0, candidate_negative: 0 },
        ...{ production_missing: 0, production_nonfinite: 0, production_negative: 0 },
        ...{ missing_actual: 120, invalid_actual: 0, candidate_invalid_rate: 0.00007 },
      },
      complete_cycles: 4,
      cycles: [0.02, -0.01, 0.03, 0.015].map((bias, cycle) => ({
        ...{ cycle, n: 14_560, bias_candidate: bias, bias_production: -0.02, rel_wape: -0.03 },
      })),
      bias: { candidate: 0.013, production: -0.02, systematic: false },
      accuracy: {
        ...{ n: 58_120, alpha_look: 0.01, wape_candidate: 0.301, wape_production: 0.311, rel_wape: -0.031 },
        dm: { n: 28, h: 3, mean: -0.031, se: 0.009, stat: -5.6, p_noninf: 0.0001 },
        ...{ series_se: 0.008, p_series: 0.0001, p_harm_series: 0.9999, p_noninf: 0.0001 },
      },
      instability: {
        ...{ pairs: 24_000, churn_candidate: 0.104, churn_production: 0.1, churn_ratio: 1.04, spike_rate: 0.001 },
      },
      drift: {
        ...{ n_ref: 58_240, n_cur: 58_236, groups: 12, psi: 0.081, psi_critical: 0.02, js: 0.1, ks: 0.06 },
        ...{ w1_norm: 0.07, level_shift: 0.012 },
      },
      ...over,
    },
  };
}

/** Four weeks beside production without harm. */
export function aShadowReport(
  over: Parameters<typeof shadowInput>[0] = {},
  findings: Parameters<typeof shadowInput>[1] = { warnings: [found('LEVEL_SHIFT')] },
): ShadowReport {
  return buildShadowReport(shadowInput(over, findings));
}

export function canaryInput(
  over: Partial<CanaryReportInput['result']> = {},
  findings: Partial<Record<'reasons' | 'pending' | 'warnings', readonly Finding[]>> = {},
): CanaryReportInput {
  const { reasons = [], pending = [], warnings = [] } = findings;
  const metric = {
    clusters_canary: 612,
    clusters_control: 598,
    sufficient: true,
    theta: 0.4,
    p_harm: 1,
    p_harm_running: 1,
  };
  const metrics = {
    paired_wape: {
      ...{ ...metric, clusters_control: 0, margin: 0.02, tau: -0.031, se: 0.006, lcb: -0.05, ucb: -0.016, theta: 0 },
      ...{ p_harm_holm: 1, non_inferior: true },
    },
    stockout: {
      ...{ ...metric, margin: 0.0045, tau: -0.003, se: 0.001, lcb: -0.007, ucb: -0.0006, p_harm_holm: 1 },
      ...{ ratio_canary: 0.042, ratio_control: 0.045, ratio_pre_canary: 0.045, ratio_pre_control: 0.045 },
      non_inferior: true,
    },
    overstock: {
      ...{ ...metric, margin: 0.02, tau: 0.011, se: 0.006, lcb: -0.004, ucb: 0.024, p_harm_holm: 0.4 },
      ...{ ratio_canary: 0.21, ratio_control: 0.19, ratio_pre_canary: 0.2, ratio_pre_control: 0.19 },
      non_inferior: false,
    },
  };
  const looks = Array.from({ length: 14 }, (_, day) => ({
    day: `2026-04-${String(day + 1).padStart(2, '0')}`,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, { tau, lcb, ucb, margin }]) => {
        const wide = Math.sqrt(14 / (day + 1));
        const bounds = { lcb: day === 0 ? null : tau - (tau - lcb) * wide, ucb: tau + (ucb - tau) * wide };
        return [name, { tau, ...bounds, margin }] as const;
      }),
    ),
  }));
  return {
    subject: subject(
      'canary/2',
      canaryConfig.parse({
        metrics: { paired_wape: { rel_margin: 0.02 }, stockout: { rel_margin: 0.1 }, overstock: { rel_margin: 0.1 } },
      }),
    ),
    ...{ evidence: READ, days: { from: '2026-03-28', to: '2026-04-14', closed: 18 }, segments: STAGE_SEGMENTS },
    ...{ reasons, pending, warnings, looks },
    steps: [
      { step: 0, percentage: 5, closed_days: 2, expected: 5800, missing: 1, nonfinite: 0, negative: 0 },
      { step: 1, percentage: 50, closed_days: 14, expected: 406_000, missing: 12, nonfinite: 0, negative: 3 },
    ],
    result: {
      gate: 'canary',
      decision: reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'CONTINUE' : 'PASS',
      ...{ reasons: codes(reasons), pending: codes(pending), warnings: codes(warnings) },
      ...{ look: 14, days: 14, metrics },
      quality: { rows: 33_880, bad_rows: 0, duplicate_rows: 0, conflicting_keys: 0, arm_conflicts: 0 },
      srm: { canary: 612, control: 598, chi2: 0.162, p: 0.6873, alpha_look: 0.0000047 },
      ops: {
        ...{ missing_rate: 0.00003, negative_rate: 0.000007, nonfinite: 0, error_rate_canary: 0.002 },
        ...{ error_rate_control: 0.0021, errors_log_e: -1.9, slow_log_e: -2.2 },
      },
      state: { look: 14, pass_looks_used: 2, p_run: { paired_wape: 1, stockout: 1, overstock: 0.4 }, failed: false },
      ...over,
    },
  };
}

/** Two weeks of a canary whose overstock is open. */
export function aCanaryReport(
  over: Parameters<typeof canaryInput>[0] = {},
  findings: Parameters<typeof canaryInput>[1] = { pending: [found('NOT_YET_NON_INFERIOR:overstock')] },
): CanaryReport {
  return buildCanaryReport(canaryInput(over, findings));
}
