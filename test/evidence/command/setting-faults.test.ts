import { describe, expect, it } from 'vitest';
import { canaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import { parseSettings } from '../../../functions/evidence/command/setting-faults.ts';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';

describe('settings that a person wrote', () => {
  it('are refused with every fault at once: what was got, what is allowed, what to do', () => {
    const parsed = parseSettings(
      guardConfig,
      { rolback: 0.2, window: 0, phi_max: 2, cusum_h: 0, warn: 'low' },
      'config',
    );
    expect(parsed.ok ? [] : parsed.reasons).toEqual([
      expect.objectContaining({ code: 'INVALID_SETTING', path: 'config.window', got: '0', allowed: 'at least 1' }),
      expect.objectContaining({ code: 'INVALID_SETTING', path: 'config.warn', got: 'low', allowed: 'number' }),
      expect.objectContaining({ code: 'INVALID_SETTING', path: 'config.cusum_h', got: '0', allowed: 'more than 0' }),
      expect.objectContaining({ code: 'INVALID_SETTING', path: 'config.phi_max', got: '2', allowed: 'at most 0.99' }),
      expect.objectContaining({ code: 'UNKNOWN_SETTING', path: 'config.rolback', next: 'Did you mean rollback?' }),
    ]);
  });

  it('are held against each other as well', () => {
    const parsed = parseSettings(guardConfig, { warn: 0.5 }, 'config');
    expect(parsed).toMatchObject({ reasons: [{ path: 'config.warn', got: '0.5', allowed: 'at most rollback' }] });
  });

  it('name what is known inside of them, too', () => {
    const parsed = parseSettings(
      canaryConfig,
      { ops: { max_mising_rate: 0.1 }, metrics: { wap: {}, wape: { rel_margin: 0.1 } } },
      'config',
    );
    expect(parsed.ok ? [] : parsed.reasons.map(({ path, next }) => [path, next])).toEqual([
      ['config.metrics.wap', 'Did you mean wape?'],
      ['config.ops.max_mising_rate', 'Did you mean max_missing_rate?'],
    ]);
  });

  it('are no list and no number', () => {
    expect(parseSettings(guardConfig, [1], 'config')).toMatchObject({
      reasons: [{ path: 'config', allowed: 'object' }],
    });
  });
});
