import { describe, expect, it } from 'vitest';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';

describe("the guard's thresholds", () => {
  it('have the defaults of the evidence contract', () => {
    expect(guardConfig.parse({})).toEqual({
      ...{ ref_days: 28, window: 7, warn: 0.05, rollback: 0.1, consecutive: 2, cusum_k: 0.5, cusum_h: 5 },
      ...{ max_invalid_rate: 0.005, min_volume: 0.8, phi_max: 0.9, psi_warn: 0.1, psi_rollback: 0.25, drift_days: 3 },
      declared_events: [],
    });
  });

  it.each([
    ['a misspelt name', { rolback: 0.1 }],
    ['a warning above the limit', { warn: 0.2 }],
    ['a drift warning above the limit', { psi_warn: 0.3 }],
    ['a reference of one day', { ref_days: 1 }],
    ['no window', { window: 0 }],
    ['half a day', { consecutive: 1.5 }],
    ['a negative threshold', { rollback: -0.1, warn: -0.2 }],
    ['a share above 1', { max_invalid_rate: 1.1 }],
    ['an autocorrelation of 1, whose spread is unbounded', { phi_max: 1 }],
    ['an event that ends before it begins', { declared_events: [{ from: '2026-12-24', to: '2026-12-01' }] }],
    ['an event on a day that does not exist', { declared_events: [{ from: '2026-02-30', to: '2026-03-01' }] }],
  ])('are refused with %s', (_, config) => {
    expect(guardConfig.safeParse(config).success).toBe(false);
  });
});
