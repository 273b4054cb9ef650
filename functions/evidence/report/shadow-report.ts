import type { ShadowPolicy } from '../../registry/policy.ts';
import { biasLimit, churnLimit, measure, type ShadowDecision, type ShadowLook } from '../shadow/shadow.ts';
import { addSums, type ShadowEvidence, type ShadowSums } from '../shadow/shadow-sums.ts';
import type { MeasuredMetric, StageReport } from './stage-report.ts';

type Measured = Pick<StageReport, 'days' | 'metrics' | 'segments'>;

/** What the shadow judge measured, as tables. */
export function shadowTables(
  evidence: ShadowEvidence,
  { look, reasons, pending }: Pick<ShadowDecision, 'look' | 'reasons' | 'pending'>,
  rules: { readonly thresholds: ShadowPolicy; readonly safeForecast: boolean },
): Measured {
  if (look === null) return { days: null, metrics: [], segments: [] };
  const t = rules.thresholds;
  const codes = (found: ShadowDecision['reasons']) => new Set(found.map(({ code }) => code));
  const [failed, open] = [codes(reasons), codes(pending)];
  const verdict = (code: string, waits = ''): MeasuredMetric['verdict'] =>
    failed.has(code) ? 'FAIL' : open.has(waits) ? 'PENDING' : 'OK';
  return {
    days: { from: look.from, to: look.to, closed: look.cycles * t.cycle_days },
    metrics: [
      {
        ...accuracy(look.judged),
        limit: t.margin,
        verdict: verdict('NOT_NON_INFERIOR_AT_HORIZON', 'NOT_YET_NON_INFERIOR'),
      },
      { ...bias(look), limit: biasLimit(look, t), verdict: verdict('SYSTEMATIC_BIAS') },
      {
        ...measured('move of the forecasts from origin to origin', look.churnCandidate, look.churnComparator),
        ...{ limit: churnLimit(look, t, rules.safeForecast), verdict: verdict('UNSTABLE_REVISIONS') },
      },
      { ...measured('spikes', look.spikeRate), limit: t.spike_rate_max, verdict: verdict('SPIKES') },
      {
        ...measured('unusable forecasts', look.invalidRate),
        limit: t.max_invalid_rate,
        verdict: verdict('CANDIDATE_INVALID_RATE'),
      },
      { ...counted('conflicting keys', look.seen.conflicting), limit: 0, verdict: verdict('CONFLICTING_DUPLICATES') },
      { ...counted('complete cycles', look.cycles), verdict: open.has('INSUFFICIENT_CYCLES') ? 'PENDING' : 'OK' },
      { ...counted('paired rows', look.judged.paired), verdict: 'INFO' },
      { ...counted('series', look.judged.newSeries), verdict: 'INFO' },
    ],
    segments: segmentsOf(evidence, look, t),
  };
}

function segmentsOf({ cycles, groups }: ShadowEvidence, look: ShadowLook, t: ShadowPolicy): Measured['segments'] {
  const judged = new Set(
    cycles.filter(({ cycle, complete }) => complete && cycle <= look.upTo).map(({ cycle }) => cycle),
  );
  const rows = groups.filter(({ segment, cycle }) => segment !== 'overall' && judged.has(cycle));
  return [...Map.groupBy(rows, ({ segment }) => segment)].flatMap(([name, parts]) => {
    const sums = addSums(parts);
    if (sums.paired < t.min_rows || sums.newSeries < t.min_series) return [];
    const metrics = [accuracy(sums), bias(measure(sums)), counted('paired rows', sums.paired)];
    return [{ name, metrics: metrics.map((metric) => ({ ...metric, verdict: 'INFO' as const })) }];
  });
}

type Unjudged = Omit<MeasuredMetric, 'verdict'>;

function accuracy(sums: ShadowSums): Unjudged {
  const { relWape } = measure(sums);
  const wape = (error: number) => (sums.actual === 0 ? null : error / sums.actual);
  return {
    ...measured('WAPE', wape(sums.candidateError), wape(sums.comparatorError)),
    change: relWape === Number.POSITIVE_INFINITY ? 'inf' : relWape,
  };
}

function bias(found: Pick<ShadowLook, 'biasCandidate' | 'biasComparator'>): Unjudged {
  return measured('bias to either side', found.biasCandidate, found.biasComparator);
}

function measured(name: string, candidate: number | null, comparator: number | null = null): Unjudged {
  return { name, candidate, comparator, change: null, limit: null, unit: 'share' };
}

function counted(name: string, candidate: number): Unjudged {
  return { name, candidate, comparator: null, change: null, limit: null, unit: 'count' };
}
