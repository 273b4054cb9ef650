import { describe, expect, it } from 'vitest';
import { offlineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import { offlinePolicy } from '../../../functions/registry/gate-policies.ts';

describe('settings of implausible accuracy', () => {
  it('judge by default, in the bare judge as in a policy', () => {
    expect(offlineConfig.parse({}).implausible).toBe('judge');
    expect(offlinePolicy.parse({}).implausible).toBe('judge');
  });

  it('are switched off by saying so, and by nothing else', () => {
    expect(offlinePolicy.parse({ implausible: 'off' }).implausible).toBe('off');
    for (const wrong of ['Off', 'none', '', false, null]) {
      expect(offlinePolicy.safeParse({ implausible: wrong }).success).toBe(false);
    }
    expect(offlinePolicy.safeParse({ implausibel: 'off' }).success).toBe(false);
  });

  it.each([
    { implausible_min_rows: 1_000_000_000 },
    { implausible_min_series: 1_000_000 },
    { implausible_alpha: 1e-12 },
    { implausible_slow_noise: 0.01 },
    { implausible_medium_noise: 0.01 },
    { implausible_known_series: 0.99 },
    { implausible_met_totals: 0.999 },
    { implausible_followed: 0.999 },
  ])('refuse a limit of a policy that nothing reaches: %o', (limit) => {
    expect(offlinePolicy.safeParse(limit).success).toBe(false);
  });

  it.each([{ implausible_slow_units: 6 }, { implausible_medium_units: 5 }, { implausible_met_totals: 0.5 }])(
    'refuse a limit that is none: %o',
    (limit) => expect(offlineConfig.safeParse(limit).success).toBe(false),
  );
});
