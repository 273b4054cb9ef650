import { describe, expect, it } from 'vitest';
import { auditLog, isClean, type LoggedForecast } from '../../infra/demo/audit.ts';
import type { ServedForecast } from '../../infra/demo/replay.ts';

const answered = (over: Partial<ServedForecast> = {}): ServedForecast => ({
  ...{ requestId: 'replay-2026-03-01-1', sku: 'milk', store: 'A', targetDate: '2026-03-02' },
  ...{ units: 5, version: '1.0.0', arm: 'production' },
  ...over,
});
const logged = (over: Partial<LoggedForecast> = {}): LoggedForecast => ({ ...answered(), category: 'dairy', ...over });
const audit = (log: readonly LoggedForecast[], served: readonly ServedForecast[] = [answered()]) =>
  auditLog({ logged: log, served, excludedCategories: ['medicine'] });

describe('The check of the prediction log', () => {
  it('finds each served forecast once, and counts every arm', () => {
    const found = audit([logged(), logged({ arm: 'shadow', version: '2.0.0', units: 'NaN' })]);
    expect(found).toMatchObject({
      predictions: { production: 1, canary: 0, shadow: 1, fallback: 0 },
      served: 1,
    });
    expect(isClean(found)).toBe(true);
  });

  it.each([
    ['missing', [] as readonly LoggedForecast[]],
    ['missing', [logged({ arm: 'shadow' })]],
    ['repeated', [logged(), logged()]],
    ['repeated', [logged(), logged({ arm: 'canary', version: '2.0.0' })]],
    ['differing', [logged({ units: 6 })]],
    ['differing', [logged({ version: '2.0.0' })]],
    ['unasked', [logged(), logged({ sku: 'bread' })]],
    ['unasked', [logged(), logged({ requestId: 'another' })]],
  ] as const)('sees one that is %s', (fault, log) => {
    const found = audit(log);
    expect(found).toMatchObject({ [fault]: 1 });
    expect(isClean(found)).toBe(false);
  });

  it('sees a canary forecast in a category that was excluded', () => {
    const served = [answered({ arm: 'canary', version: '2.0.0' })];
    const log = [logged({ arm: 'canary', version: '2.0.0', category: 'medicine' })];
    expect(audit(log, served)).toMatchObject({ excludedServed: 1, missing: 0 });
    expect(isClean(audit(log, served))).toBe(false);
  });

  it('sees a request that was answered twice', () => {
    expect(isClean(audit([logged()], [answered(), answered()]))).toBe(false);
  });
});
