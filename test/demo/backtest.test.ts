import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { STRICT_OFFLINE } from '../../functions/evidence/offline/offline-config.ts';
import { parseArtifact } from '../../functions/inference/predictors/artifact.ts';
import { backtestCsv, rollingOrigins } from '../../infra/demo/backtest.ts';
import { CANDIDATE_KINDS, demoCandidates } from '../../infra/demo/candidates.ts';
import { upTo } from '../../infra/demo/demand.ts';
import { generatedDemand, REPLAY_DAYS } from '../../infra/demo/retailer.ts';
import { resultOf } from '../fakes/backtest.ts';

const demand = {
  firstDate: '2026-03-01',
  days: 12,
  series: [
    { sku: 'milk', store: 'A', region: 'north', category: 'dairy', start: 4, units: [5, 6, 7, 8, 9, 10, 11, 12] },
  ],
};
const plan = { origins: [3, 7, 9], horizonDays: 2, historyDays: 2 };

describe('A computed backtest', () => {
  it('forecasts each origin from what was known then, and leaves out series that had not begun', () => {
    const seen: string[] = [];
    const text = backtestCsv({
      ...{ demand, plan },
      candidate: (_, { history, asOf }) => {
        seen.push(`${asOf}: ${history.join(' ')}`);
        return [1.23456, 2];
      },
      baseline: () => [3, 4],
    });
    expect(seen).toEqual(['2026-03-08: 7 8', '2026-03-10: 9 10']);
    expect(text.split('\n').slice(1)).toEqual([
      '2026-03-08,milk,A,north,dairy,2026-03-09,1,9,1.235,3,fold-2,2026-03-08',
      '2026-03-08,milk,A,north,dairy,2026-03-10,2,10,2,4,fold-2,2026-03-08',
      '2026-03-10,milk,A,north,dairy,2026-03-11,1,11,1.235,3,fold-3,2026-03-10',
      '2026-03-10,milk,A,north,dairy,2026-03-12,2,12,2,4,fold-3,2026-03-10',
      '',
    ]);
  });

  it('has origins whose windows do not overlap, the last of which ends with the data', () => {
    const origins = rollingOrigins(200);
    expect(origins).toHaveLength(8);
    expect(new Set(origins.slice(1).map((origin, index) => origin - (origins[index] ?? 0)))).toEqual(new Set([14]));
    expect((origins.at(-1) ?? 0) + 14).toBe(199);
  });
});

describe('The candidates of the demo', () => {
  const generated = generatedDemand(1);
  const known = upTo(generated, generated.days - REPLAY_DAYS - 1);
  const candidates = CANDIDATE_KINDS.map((kind) => ({ kind, both: demoCandidates({ known, kind, given: null }) }));
  const verdictOf = async ({ backtest, history }: { readonly backtest: Buffer; readonly history: Buffer }) => {
    const { decision, reasons } = await resultOf(backtest, { history, config: STRICT_OFFLINE });
    return [decision, ...reasons];
  };

  it('ship artifacts that inference takes', () => {
    const artifacts = candidates.flatMap(({ both }) => both.map(({ artifact }) => artifact));
    expect(artifacts.map((artifact) => parseArtifact(artifact).ok)).toEqual(artifacts.map(() => true));
  });

  it.each(candidates)('$kind: what the offline gate says of the second version', async ({ kind, both: [, second] }) => {
    const expected = {
      good: ['PASS'],
      // It is not in the backtest that this one can be caught.
      unstable: ['PASS'],
      biased: expect.arrayContaining(['FAIL', 'BIAS']),
      leaky: ['FAIL', 'LEAKAGE_EXACT_MATCHES'],
    };
    expect(second && (await verdictOf(second))).toEqual(expected[kind]);
  });

  it('ship what was tested, but for the unstable one', () => {
    const shipped = Object.fromEntries(candidates.map(({ kind, both }) => [kind, both[1]?.artifact.toString()]));
    expect(shipped['unstable']).not.toBe(shipped['good']);
    expect(shipped['leaky']).toBe(shipped['good']);
    const backtests = candidates.map(({ both }) => gunzipSync(both[1]?.backtest ?? '').toString());
    expect(backtests[CANDIDATE_KINDS.indexOf('unstable')]).toBe(backtests[CANDIDATE_KINDS.indexOf('good')]);
  });
});
