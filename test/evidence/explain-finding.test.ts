import { describe, expect, it } from 'vitest';
import { EXPLANATIONS, explainFinding } from '../../functions/evidence/explain-finding.ts';
import { sources } from '../structure/sources.ts';

const CODE = '[A-Z]{2,}(?:_[A-Z]+)*';

/** Where judges name a code: as what a finding is called, or as its member. */
const PLACES = [
  // finding(hit, 'CODE', …), also with what follows its colon; what is told to the log is none
  new RegExp(`(?<!\\btell)[,(]\\s*['\`](${CODE})(?::\\$\\{[^}]*\\})?['\`],\\s*(?:\\{|measured|found)`, 'g'),
  new RegExp(`\\bcode:\\s*['\`](${CODE})(?::\\$\\{[^}]*\\})?['\`]`, 'g'),
  // Rows of a leak are named without their prefix: rows('CODE', count)
  new RegExp(`\\brows\\(\\s*'(${CODE})'`, 'g'),
] as const;

/** Reasons of commands and inputs: they bring their own words. */
const WITH_WORDS = /\bmessage[:,]/;

/** Codes with the file that names them. */
function codesOfJudges(): ReadonlyMap<string, string> {
  const judges = sources(
    ...['offline', 'shadow', 'canary', 'guard', 'stages'].map((gate) => `functions/evidence/${gate}`),
  );
  const found = new Map<string, string>();
  for (const { path, text } of judges) {
    for (const place of PLACES) {
      for (const match of text.matchAll(place)) {
        const [whole, code = ''] = match;
        const around = text.slice(match.index, match.index + whole.length + 200);
        if (WITH_WORDS.test(around)) continue;
        found.set(whole.startsWith('rows(') ? `LEAKAGE_${code}` : code, path);
      }
    }
  }
  return found;
}

/** Codes of the evidence contract. */
const CONTRACT = `
LEAKAGE_TARGET_NOT_AFTER_ORIGIN LEAKAGE_HORIZON_MISMATCH LEAKAGE_TRAINED_PAST_ORIGIN LEAKAGE_FOLDS_WITH_MANY_ORIGINS
LEAKAGE_TOO_FEW_ORIGINS LEAKAGE_ORIGIN_SPAN_TOO_SHORT LEAKAGE_EXACT_MATCHES CANDIDATE_INVALID_RATE CONFLICTING_DUPLICATES
OVERALL_REGRESSED BELOW_MIN_IMPROVEMENT BIAS NO_VALUE_OVER_SEASONAL_NAIVE QUANTILE_COVERAGE QUANTILE_CROSSING
SEGMENT_REGRESSED SEGMENT_BIAS OVERALL_INSUFFICIENT OVERALL_INCONCLUSIVE CRITICAL_SEGMENT_INSUFFICIENT NO_TRAINING_CUTOFF
SYSTEMATIC_BIAS UNSTABLE_REVISIONS SPIKES PREDICTION_DRIFT LEVEL_SHIFT NOT_NON_INFERIOR_AT_HORIZON INSUFFICIENT_CYCLES
NOT_YET_NON_INFERIOR KPI_REGRESSED SAMPLE_RATIO_MISMATCH COHORT_CONTAMINATION NONFINITE_PREDICTIONS MISSING_PREDICTIONS
NEGATIVE_PREDICTIONS OPS_REGRESSED FAILED_AT_EARLIER_LOOK INSUFFICIENT PASS_LOOK_NOT_DUE ACCURACY_DEGRADED
INVALID_PREDICTIONS VOLUME_DROP DATA_DRIFT DEGRADING UPSTREAM_CAUSE_LIKELY
`
  .trim()
  .split(/\s+/);

describe('The explanations of findings', () => {
  it('know every code that a judge names', () => {
    const codes = codesOfJudges();
    // So many at least are found: a change of how judges are written must not silence this test.
    expect(codes.size).toBeGreaterThan(45);
    const unknown = [...codes].filter(([code]) => !Object.hasOwn(EXPLANATIONS, code));
    expect(unknown.map(([code, path]) => `${code} in ${path}`)).toEqual([]);
  });

  it('know every code of the contract', () => {
    expect(CONTRACT.filter((code) => !Object.hasOwn(EXPLANATIONS, code))).toEqual([]);
  });

  it('say in sentences what a code means and what to do', () => {
    for (const [code, { message, next }] of Object.entries(EXPLANATIONS)) {
      for (const words of [message, next]) {
        expect(`${code}: ${words}`).toMatch(/: [A-Z].*[.%]$/);
        expect(`${code}: ${words}`).not.toMatch(/undefined|\bTODO\b|\s{2}/);
      }
    }
  });
});

describe('An explained finding', () => {
  const measured = { got: '+7.3 % error', allowed: 'at most +5.0 %' };

  it('keeps its code and what was measured, and says what it means and what to do', () => {
    expect(explainFinding({ code: 'SEGMENT_REGRESSED:region:north', ...measured })).toEqual({
      code: 'SEGMENT_REGRESSED:region:north',
      message: 'The candidate is worse than the baseline in the segment region:north.',
      ...measured,
      next: EXPLANATIONS['SEGMENT_REGRESSED']?.next,
    });
  });

  it('names a metric as people do, and a segment as it is, whatever it is called', () => {
    expect(explainFinding({ code: 'KPI_REGRESSED:stockout', ...measured }).message).toBe(
      'The canary does worse than its comparator: stockouts.',
    );
    expect(explainFinding({ code: 'SEGMENT_BIAS:category:$& %', ...measured }).message).toBe(
      'The candidate is biased in the segment category:$& %.',
    );
  });

  it('leaves no gap where nothing is named', () => {
    expect(explainFinding({ code: 'NOT_YET_NON_INFERIOR', ...measured }).message).toBe(
      'Not shown yet that the candidate does no harm.',
    );
  });

  it('stands for itself when nobody explained it', () => {
    expect(explainFinding({ code: 'constructor', ...measured })).toEqual({
      code: 'constructor',
      message: 'constructor',
      ...measured,
    });
  });
});
