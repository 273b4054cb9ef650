import { CANARY_NAMES } from './canary-measures.ts';
import { intervalText, type Measure, measure, threshold, verdictOf } from './measure.ts';
import { counted, percentOf, probabilityOf, ratioOf, signedPercentOf, UNDEFINED } from './numbers.ts';
import type { ShadowReport } from './stage-schema.ts';

/** What the shadow gate measured, in the order in which people should read it. */
export function shadowMeasures(report: ShadowReport): readonly Measure[] {
  return [...accuracy(report), ...stability(report), ...distribution(report), ...usable(report), ...power(report)];
}

function accuracy(report: ShadowReport): readonly Measure[] {
  const { accuracy: found, bias } = report.result;
  const margin = signedPercentOf(threshold(report, 'margin'));
  const shown = found.p_noninf !== null && found.p_noninf <= found.alpha_look;
  const codes = ['NOT_NON_INFERIOR_AT_HORIZON', 'NOT_YET_NON_INFERIOR', 'INSUFFICIENT_CYCLES'];
  return [
    measure('Absolute error, WAPE', verdictOf(report, codes, shown ? 'OK' : 'OPEN'), {
      candidate: percentOf(found.wape_candidate),
      comparator: percentOf(found.wape_production),
      estimate: signedPercentOf(found.rel_wape),
      bounds: intervalText(report.interval),
      limit: `below ${margin}`,
    }),
    measure('p of being worse by the margin', verdictOf(report, codes, shown ? 'OK' : 'OPEN'), {
      estimate: probabilityOf(found.p_noninf),
      limit: `at most ${probabilityOf(found.alpha_look)}`,
    }),
    measure('Bias, forecast less demand', verdictOf(report, ['SYSTEMATIC_BIAS']), {
      candidate: signedPercentOf(bias.candidate),
      comparator: signedPercentOf(bias.production),
      limit: `±${percentOf(allowedBias(report))}`,
    }),
  ];
}

/** The wider of what the policy allows and what it adds to production's own bias. */
function allowedBias(report: ShadowReport): number | null {
  const [most, by] = [threshold(report, 'bias_overall_max'), threshold(report, 'bias_worse_by')];
  return most === null || by === null ? null : Math.max(most, Math.abs(report.result.bias.production ?? 0) + by);
}

function stability(report: ShadowReport): readonly Measure[] {
  const { pairs, churn_candidate, churn_production, churn_ratio, spike_rate } = report.result.instability;
  const enough = pairs >= (threshold(report, 'churn_min_pairs') ?? 0);
  return [
    measure(
      'Change of a forecast from origin to origin',
      verdictOf(report, ['UNSTABLE_REVISIONS'], enough ? 'OK' : 'NONE'),
      {
        candidate: percentOf(churn_candidate),
        comparator: percentOf(churn_production),
        estimate: churn_ratio === null ? UNDEFINED : `${ratioOf(churn_ratio, 2)} times`,
        limit: enough
          ? revisions(report)
          : `none, for fewer than ${counted(threshold(report, 'churn_min_pairs'))} pairs`,
      },
    ),
    measure('Forecasts far from production’s', verdictOf(report, ['SPIKES']), {
      candidate: percentOf(spike_rate, 2),
      limit: `at most ${percentOf(threshold(report, 'spike_rate_max'), 2)}`,
    }),
  ];
}

/** The safe forecast is hardly revised, so that a ratio to it says nothing: its error is the measure then. */
function revisions(report: ShadowReport): string {
  const { wape_production } = report.result.accuracy;
  const still = report.baseline === '' || report.result.instability.churn_production === 0;
  if (!still) return `at most ${ratioOf(threshold(report, 'churn_ratio_max'), 2)} times`;
  return `at most ${percentOf(wape_production === null ? null : wape_production / 2)}`;
}

function distribution(report: ShadowReport): readonly Measure[] {
  const { psi, psi_critical, w1_norm, level_shift, js, ks } = report.result.drift;
  const [most, far] = [threshold(report, 'psi_fail'), threshold(report, 'w1_fail')];
  return [
    // One alone says little: a sharper model moves the one, a few large series move the other.
    measure('Shift of the distribution', verdictOf(report, ['PREDICTION_DRIFT']), {
      estimate: `PSI ${ratioOf(psi)}, W1 ${ratioOf(w1_norm)}`,
      limit: `PSI below ${ratioOf(most, 2)} or its critical value ${ratioOf(psi_critical)}, or W1 below ${ratioOf(far, 2)}, or no harm shown`,
    }),
    measure('Change of all units forecast', verdictOf(report, ['LEVEL_SHIFT']), {
      estimate: signedPercentOf(level_shift),
      limit: `±${percentOf(threshold(report, 'level_shift_warn'))} before a warning`,
    }),
    measure('Jensen-Shannon distance', 'NONE', { estimate: ratioOf(js) }),
    measure('Kolmogorov-Smirnov distance', 'NONE', { estimate: ratioOf(ks) }),
  ];
}

function usable(report: ShadowReport): readonly Measure[] {
  const { quality, complete_cycles } = report.result;
  return [
    measure('Keys without a usable forecast', verdictOf(report, ['CANDIDATE_INVALID_RATE']), {
      candidate: percentOf(quality.candidate_invalid_rate, 3),
      limit: `at most ${percentOf(threshold(report, 'max_invalid_rate'), 3)}`,
    }),
    measure('Keys with two different forecasts', verdictOf(report, ['CONFLICTING_DUPLICATES']), {
      candidate: counted(quality.conflicting_keys),
      limit: 'none',
    }),
    measure('Complete demand cycles', verdictOf(report, ['INSUFFICIENT_CYCLES']), {
      candidate: counted(complete_cycles),
      limit: `at least ${counted(threshold(report, 'min_cycles'))}`,
    }),
  ];
}

/** Whether the canary of the plan could show its margins. */
function power(report: ShadowReport): readonly Measure[] {
  return (report.power?.metrics ?? []).map((one) => {
    const name = CANARY_NAMES[one.metric]?.name ?? one.metric;
    const codes = ['CANARY_UNDERPOWERED', 'CANARY_MARGIN_UNDEFINED', 'CANARY_POWER_UNKNOWN'];
    return measure(
      `Clusters of the canary, for ${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      verdictOf(
        report,
        codes.map((code) => `${code}:${one.metric}`),
        one.powered ? 'OK' : 'OPEN',
      ),
      {
        candidate: counted(one.clusters_canary),
        comparator: one.metric === 'paired_wape' ? UNDEFINED : counted(one.clusters_control),
        limit: `at least ${counted(one.clusters_needed)}`,
      },
    );
  });
}
