import { describe, expect, it } from 'vitest';
import { forecasterOf, parseArtifact } from '../../../functions/inference/predictors/artifact.ts';

const request = {
  ...{ sku: 'milk', store: 'harbour', asOf: '2026-03-01', horizonDays: 3 },
  history: Array.from({ length: 70 }, (_, day) => 1 + (day % 7)),
};

function faults(text: string): readonly string[] {
  const parsed = parseArtifact(text);
  return parsed.ok ? [] : parsed.reasons.map(({ path }) => path ?? '');
}

describe('An artifact', () => {
  it.each([
    { forecaster: 'seasonal-naive' },
    { forecaster: 'weekday-mean', weeks: 8 },
    { forecaster: 'exponential-smoothing', smoothing: 0.3, profileWeeks: 13 },
    { forecaster: 'croston-tsb', alpha: 0.2, beta: 0.1, profileWeeks: 4 },
    { forecaster: 'by-demand', smoothing: 0.05, alpha: 0.2 },
  ])('of $forecaster becomes a forecaster of the days asked for', async (described) => {
    const parsed = parseArtifact(Buffer.from(JSON.stringify(described)));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.reasons));
    const units = await parsed.value(request);
    expect(units).toHaveLength(3);
    expect(units.every((one) => Number.isFinite(one) && one > 0)).toBe(true);
  });

  it.each(['seasonal-naive', 'weekday-mean', 'exponential-smoothing', 'croston-tsb', 'by-demand'])(
    'of %s is multiplied by its scale',
    async (forecaster) => {
      const at = async (scale: number) => {
        const parsed = parseArtifact(JSON.stringify({ forecaster, scale }));
        return parsed.ok ? parsed.value(request) : [];
      };
      const [plain, half, turned] = [await at(1), await at(0.5), await at(-1)];
      expect(half).toEqual(plain.map((units) => units * 0.5));
      expect(turned).toEqual(plain.map((units) => -units));
    },
  );

  it('is refused with every fault at once', () => {
    expect(faults('{"forecaster":"by-demand","smoothing":0,"alpha":2,"scale":"x","profileWeeks":0}')).toEqual([
      'scale',
      'smoothing',
      'profileWeeks',
      'alpha',
    ]);
  });

  it.each([
    ['a forecaster that is not built in', '{"forecaster":"neural"}', ['forecaster']],
    ['a misspelt parameter', '{"forecaster":"croston-tsb","alhpa":0.2}', ['$']],
    ['a parameter of another forecaster', '{"forecaster":"seasonal-naive","alpha":0.2}', ['$']],
    ['no JSON', 'import os', ['$']],
    ['nothing', '', ['$']],
    ['a list', '[]', ['$']],
  ])('is refused when it is %s', (_what, text, paths) => {
    expect(faults(text)).toEqual(paths);
  });

  it('gives what the same parameters give', async () => {
    const described = { forecaster: 'croston-tsb', scale: 1, alpha: 0.1, beta: 0.1, profileWeeks: 0 } as const;
    const parsed = parseArtifact('{"forecaster":"croston-tsb"}');
    expect(parsed.ok && (await parsed.value(request))).toEqual(await forecasterOf(described)(request));
  });
});
