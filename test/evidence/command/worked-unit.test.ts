import { describe, expect, it } from 'vitest';
import { UNIT_FUNCTIONS } from '../../../functions/evidence/command/worked-unit.ts';
import { differences } from '../agrees.ts';

/** One call of each statistic, worked out by hand. */
const CALLS: Readonly<Record<string, readonly [args: unknown, result: unknown]>> = {
  always_valid: [
    { tau: -1, var: 0, kappa: 0.05, alpha: 0.05 },
    { half_width: 0, p: 1 },
  ],
  benjamini_hochberg: [{ p: [0.01, 0.9], q: 0.05 }, [true, false]],
  canary_effect: [
    {
      T: [
        [1, 2, 1, 2],
        [1, 2, 1, 2],
      ],
      C: [
        [1, 2, 0, 0],
        [1, 2, 0, 0],
      ],
    },
    { tau: 0, var: 0, theta: 0, ratio_canary: 0.5, ratio_control: 0.5, ratio_pre_canary: 0.5, ratio_pre_control: null },
  ],
  clustered_relative: [
    { A: [1, 2, 3, 4], B: [2, 2, 2, 2], series: ['a', 'a', 'b', 'b'], time: [1, 2, 1, 2] },
    { rel: 0.25, se: 0.5, df: 1, n_series: 2, n_time: 2 },
  ],
  comoments_merge: [{ parts: [[[1, 1]], [], [[3, 5]]] }, { n: 2, mean_x: 2, mean_y: 3, m2_x: 2, m2_y: 8, c_xy: 4 }],
  cusum: [{ z: [1, 2], k: 0.5 }, [0.5, 2]],
  diebold_mariano: [
    { d: [], h: 1, margin: 0 },
    { n: 0, h: 1, mean: null, se: null, stat: null, p_noninf: null },
  ],
  drift: [
    { reference: [], current: [1], n_eff_ref: 2 },
    { n_ref: 0, n_cur: 1, groups: 0, psi: null, psi_critical: null, js: null, ks: null, w1_norm: null },
  ],
  hist_bin: [{ spec: 'H1', values: [0, 0.01, 1] }, [0, 1, 10]],
  holm: [{ p: [0.02, 0.01] }, [0.02, 0.02]],
  rate_log_e: [{ windows: [[0, 10, 0, 10]] }, 0],
  regime: [
    {
      series: [
        ['2026-01-03', 2],
        ['2026-01-05', 0],
        ['2026-01-06', 2],
        ['2026-01-09', 9],
      ],
      cutoff: '2026-01-08',
    },
    { regime: 'intermittent', adi: 3, cv2: 0 },
  ],
  sample_ratio: [
    { canary: 50, control: 50, expected_share: 0.5 },
    { canary: 50, control: 50, chi2: 0, p: 1 },
  ],
};

describe('statistics by the names of worked cases', () => {
  it('are all here', () => {
    expect([...UNIT_FUNCTIONS.keys()]).toEqual(Object.keys(CALLS));
  });

  it.each(Object.entries(CALLS))('%s', (name, [args, result]) => {
    expect(differences(UNIT_FUNCTIONS.get(name)?.call(args), result)).toEqual([]);
  });
});
