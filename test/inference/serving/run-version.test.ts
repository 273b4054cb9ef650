import { describe, expect, it } from 'vitest';
import type { Forecaster, ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import { runVersion, type VersionRun } from '../../../functions/inference/serving/run-version.ts';
import { always } from '../stand.ts';

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
const requests = ['a', 'b', 'c', 'd'].map(
  (sku): ForecastRequest => ({ sku, store: 'harbour', history: [1], asOf: '2026-03-01', horizonDays: 1 }),
);

function run(forecaster: Forecaster, options: Partial<VersionRun> = {}) {
  return runVersion({ forecaster, requests, positions: [0, 1, 2, 3], budgetMs: 5_000, pause, ...options });
}

describe('A version that is run over a batch', () => {
  it('is asked for the requests that it is to forecast, in their order of importance', async () => {
    const asked: string[] = [];
    const forecaster: Forecaster = ({ sku }) => [asked.push(sku)];
    expect(await run(forecaster, { positions: [2, 0] })).toEqual([[2], null, [1], null]);
    expect(asked).toEqual(['c', 'a']);
  });

  it('says nothing where it throws, at once or later, and the rest all the same', async () => {
    const forecaster: Forecaster = ({ sku }) => {
      if (sku === 'a') throw new Error('No price.');
      return sku === 'b' ? Promise.reject(new Error('No route.')) : [7];
    };
    expect(await run(forecaster)).toEqual([null, null, [7], [7]]);
  });

  it('is waited for in all its answers at the same time', async () => {
    let open = 0;
    let most = 0;
    const forecaster: Forecaster = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open -= 1;
      return [1];
    };
    expect(await run(forecaster)).toEqual([[1], [1], [1], [1]]);
    expect(most).toBe(4);
  });

  it('is cut off where it sleeps, and what it said before stays', async () => {
    const forecaster: Forecaster = ({ sku }) => (sku === 'b' ? new Promise(() => {}) : [3]);
    expect(await run(forecaster, { budgetMs: 20 })).toEqual([[3], null, [3], [3]]);
  });

  it('is cut off between requests when it takes long over each', async () => {
    let asked = 0;
    const forecaster: Forecaster = () => {
      asked += 1;
      const until = performance.now() + 30;
      while (performance.now() < until);
      return [1];
    };
    const said = await run(forecaster, { budgetMs: 10 });
    expect(asked).toBeLessThan(4);
    expect(said.filter((units) => units !== null).length).toBeLessThanOrEqual(asked);
    expect(said.at(-1)).toBeNull();
  });

  it('changes nothing any more once it was cut off', async () => {
    let answer = (): void => {};
    const late = new Promise<readonly number[]>((resolve) => {
      answer = () => resolve([9]);
    });
    const said = await run(() => late, { budgetMs: 10 });
    answer();
    await late;
    await pause();
    expect(said).toEqual([null, null, null, null]);
  });

  it('is asked nothing where there is nothing to forecast', async () => {
    expect(await run(always(1), { positions: [] })).toEqual([null, null, null, null]);
  });
});
