import { afterEach, describe, expect, it, vi } from 'vitest';
import { config, configNumber } from '../../functions/platform/config.ts';

afterEach(() => vi.unstubAllEnvs());

describe('A setting', () => {
  it.each(['', undefined])('is missing while it is %s, and the error says who sets it', (value) => {
    vi.stubEnv('PREDICTION_BUCKET', value);
    expect(() => config('PREDICTION_BUCKET')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_MISSING',
        reasons: [expect.objectContaining({ path: 'PREDICTION_BUCKET' })],
      }),
    );
  });

  it.each([
    ['0', 0],
    ['15', 15],
    ['1500.5', 1500.5],
  ])('that is the number %s is read as it is', (text, value) => {
    vi.stubEnv('POINTER_POLL_SECONDS', text);
    expect(configNumber('POINTER_POLL_SECONDS')).toBe(value);
  });

  it.each(['PT15S', '-1', 'Infinity', 'NaN', ' '])(
    'that has to be a number is not %s: it would mean never, or always',
    (text) => {
      vi.stubEnv('POINTER_POLL_SECONDS', text);
      expect(() => configNumber('POINTER_POLL_SECONDS')).toThrow(
        expect.objectContaining({ code: 'CONFIG_MISSING', reasons: [expect.objectContaining({ got: text })] }),
      );
    },
  );
});
