import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Forecaster, ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import { inProcess, type Predictor } from '../../../functions/inference/predictors/predictor.ts';
import { runVersion, type VersionRun } from '../../../functions/inference/predictors/run-version.ts';
import { always } from '../stand.ts';

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
const requests = ['a', 'b', 'c', 'd'].map(
  (sku): ForecastRequest => ({ sku, store: 'harbour', history: [1], asOf: '2026-03-01', horizonDays: 1 }),
);

function runAll(predictor: Predictor, options: Partial<VersionRun> = {}) {
  return runVersion({ predictor, requests, positions: [0, 1, 2, 3], budgetMs: 5_000, pause, ...options });
}

async function run(forecaster: Forecaster, options: Partial<VersionRun> = {}) {
  return (await runAll(inProcess(forecaster), options)).said;
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

/** Hostile on purpose: predictors of others are not checked by our compiler. */
function answering(answer: unknown, members: Partial<Predictor> = {}): Predictor {
  return { batchSize: 4, predict: () => answer as Awaited<ReturnType<Predictor['predict']>>, ...members };
}

describe('A predictor of batches', () => {
  it('is asked for no more requests at once than it takes, each once', async () => {
    const asked: (readonly string[])[] = [];
    const predictor: Predictor = {
      batchSize: 3,
      predict: async (batch) => {
        asked.push(batch.map(({ sku }) => sku));
        return batch.map(() => [1]);
      },
    };
    expect((await runAll(predictor)).said).toEqual([[1], [1], [1], [1]]);
    expect(asked).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it.each([
    [1, undefined],
    [1, 1],
    [2, 2],
  ])('is asked for at most %i batches at the same time where it allows %s', async (most, concurrency) => {
    let [open, seen] = [0, 0];
    const predictor: Predictor = {
      ...{ batchSize: 1, ...(concurrency === undefined ? {} : { concurrency }) },
      predict: async () => {
        seen = Math.max(seen, ++open);
        await new Promise((resolve) => setTimeout(resolve, 5));
        open -= 1;
        return [[1]];
      },
    };
    await runAll(predictor);
    expect(seen).toBe(most);
  });

  it('is told to stop when time is up', async () => {
    let told: AbortSignal | undefined;
    const predictor = answering(null, {
      predict: (_requests, signal) => {
        told = signal;
        return new Promise(() => {});
      },
    });
    await runAll(predictor, { budgetMs: 10 });
    expect(told?.aborted).toBe(true);
  });

  it('leaves unfinished what had no time, and not what it failed at', async () => {
    const predictor: Predictor = {
      ...{ batchSize: 1, concurrency: 4 },
      predict: async ([request]) => {
        if (request?.sku === 'a') throw Object.assign(new Error('No price.'), { name: 'NO_PRICE' });
        return request?.sku === 'c' ? new Promise(() => {}) : [[2]];
      },
    };
    const answers = await runAll(predictor, { budgetMs: 30 });
    expect(answers).toEqual({ said: [null, [2], null, [2]], unfinished: [2], code: 'NO_PRICE' });
  });

  it.each([
    ['nothing', undefined, [null, null, null, null]],
    ['a text', 'aaaa', [null, null, null, null]],
    ['too few', [[1], [2]], [[1], [2], null, null]],
    ['too many', [[1], [2], [3], [4], [5]], [[1], [2], [3], [4]]],
    ['what is no list', [1, { length: 1, 0: 1 }, 'a', null], [null, null, null, null]],
    ['days that nobody asked for', [[1, 2], Array(1e6).fill(3), [], [4]], [[1], [3], [], [4]]],
    ['values of every kind', [[Number.NaN], [-1], ['1'], [{}]], [[Number.NaN], [-1], [null], [null]]],
    ['a list without end', [Array(4e9), [1], [1], [1]], [[null], [1], [1], [1]]],
  ])('may answer %s: values stay as they came, and what is no list says nothing', async (_what, answer, said) => {
    expect((await runAll(answering(answer))).said).toEqual(said);
  });

  it('may answer with what throws when it is looked at', async () => {
    const trap = new Proxy([1], {
      get: () => {
        throw new Error('Hands off.');
      },
    });
    expect(await runAll(answering([trap, [1], [1], [1]]))).toMatchObject({
      said: [null, null, null, null],
      code: 'Error',
    });
  });
});

describe('Every request', () => {
  it('is asked for once, and its answer is its own, whatever batches fail or hang', async () => {
    const kinds = fc.array(fc.constantFrom('answers', 'fails', 'hangs'), { maxLength: 12 });
    const sizes = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(kinds, sizes, sizes, async (all, batchSize, concurrency) => {
        const asked: string[] = [];
        const predictor: Predictor = {
          ...{ batchSize, concurrency },
          predict: async (batch) => {
            asked.push(...batch.map(({ sku }) => sku));
            const own = batch.map(({ sku }) => all[Number(sku)]);
            if (own.includes('hangs')) return new Promise(() => {});
            if (own.includes('fails')) throw new Error('No.');
            return batch.map(({ sku }) => [Number(sku)]);
          },
        };
        const numbered = all.map((_kind, at) => ({ ...requests[0], sku: String(at) }) as ForecastRequest);
        const positions = numbered.map((_request, at) => at);
        const { said, unfinished } = await runAll(predictor, { requests: numbered, positions, budgetMs: 5 });
        expect(new Set(asked).size).toBe(asked.length);
        const open = new Set(unfinished);
        for (const at of positions) {
          const first = at - (at % batchSize);
          const batch = all.slice(first, first + batchSize);
          if (said[at] !== null) expect(said[at]).toEqual([at]);
          if (open.has(at)) expect(said[at]).toBeNull();
          else expect(said[at] === null).toBe(batch.includes('fails'));
          if (batch.includes('hangs')) expect(open.has(at)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });
});
