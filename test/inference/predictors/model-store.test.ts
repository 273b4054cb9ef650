import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Loaded,
  ModelStore,
  type ModelStoreOptions,
} from '../../../functions/inference/predictors/model-store.ts';
import { predictorFactory } from '../../../functions/inference/predictors/predictor-factory.ts';
import type { StoredObject } from '../../../functions/registry/items.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { storeVersion, WEEK } from '../stand.ts';

const key = createTestKey();
const request = { sku: 'milk', store: 'harbour', history: [...WEEK], asOf: '2026-03-01', horizonDays: 2 };

/** Nothing here runs elsewhere. */
const elsewhere = () => {
  throw new Error('Not here.');
};
const predictorOf = predictorFactory({ lambda: elsewhere, sagemaker: elsewhere });

let evidence: MemoryEvidence;
let at = 0;
let looks = 0;
/** Bytes of the largest object that was read into memory. */
let mostRead = 0;
let fault: (() => Promise<never>) | null = null;

beforeEach(() => {
  evidence = new MemoryEvidence();
  at = 0;
  looks = 0;
  mostRead = 0;
  fault = null;
});

function models(options: Partial<ModelStoreOptions> = {}): ModelStore {
  return new ModelStore({
    evidence: {
      find: async (name: string) => {
        looks += 1;
        return fault === null ? evidence.find(name) : fault();
      },
      read: async (object: StoredObject, maxBytes?: number) => {
        const bytes = await evidence.read(object, maxBytes);
        mostRead = Math.max(mostRead, bytes.length);
        return bytes;
      },
    },
    publicKeyPem: key.publicKeyPem,
    predictorOf,
    now: () => new Date(at * 1000),
    loadTimeoutMs: 1_000,
    ...options,
  });
}

async function unitsOf(loaded: Loaded): Promise<readonly number[] | string> {
  if (!loaded.ok) return loaded.code;
  const [units] = await loaded.loaded.predictor.predict([request], AbortSignal.timeout(1_000));
  return units ?? 'nothing';
}

describe('A version', () => {
  it('is loaded through its signed manifest', async () => {
    await storeVersion(evidence, key, { artifact: '{"forecaster":"seasonal-naive","scale":10}' });
    expect(await unitsOf(await models().load('demand', '1.1.0'))).toEqual([10, 20]);
  });

  it('is loaded once, also by callers at the same time', async () => {
    await storeVersion(evidence, key);
    const store = models();
    await Promise.all([store.load('demand', '1.1.0'), store.load('demand', '1.1.0')]);
    fault = () => Promise.reject(new Error('The bucket is gone.'));
    expect(await unitsOf(await store.load('demand', '1.1.0'))).toEqual([1, 2]);
    expect(looks).toBe(1);
  });

  it('is checked, and no predictor made of it, for whoever runs it apart', async () => {
    const stored = await storeVersion(evidence, key);
    const store = models({
      predictorOf: () => {
        throw new Error('Nobody asked.');
      },
    });
    expect(await store.fetch('demand', '1.1.0')).toEqual({
      ok: true,
      loaded: {
        ...{ model: 'demand', version: '1.1.0', sha256: stored.sha256 },
        bytes: Buffer.from('{"forecaster":"seasonal-naive"}'),
      },
    });
    expect(looks).toBe(1);
  });

  it('is kept while it is among those that were asked for last, as those that a pointer names are', async () => {
    const versions = ['1.0.0', '2.0.0', '3.0.0', '4.0.0', '5.0.0'];
    for (const version of versions) await storeVersion(evidence, key, { version });
    const store = models({ keptVersions: 4 });
    for (const version of versions.slice(0, 4)) await store.load('demand', version);
    await store.load('demand', '1.0.0');
    await store.load('demand', '5.0.0');
    expect(looks).toBe(5);
    for (const version of ['1.0.0', '3.0.0', '4.0.0', '5.0.0']) await store.load('demand', version);
    expect(looks).toBe(5);
    await store.load('demand', '2.0.0');
    expect(looks).toBe(6);
  });

  it('does not push out the versions of another model', async () => {
    await storeVersion(evidence, key);
    const store = models({ keptVersions: 1 });
    await store.load('demand', '1.1.0');
    await store.load('returns', '1.1.0');
    await store.load('demand', '1.1.0');
    expect(looks).toBe(2);
  });
});

describe('A version is not loaded', () => {
  it('when it has no manifest', async () => {
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'NOT_FOUND', isFinal: true });
  });

  it('when its manifest is signed with another key', async () => {
    await storeVersion(evidence, createTestKey());
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'SIGNATURE_INVALID', isFinal: true });
  });

  it('when its artifact is not the one that was signed', async () => {
    const stored = await storeVersion(evidence, key);
    evidence.put(stored.key, '{"forecaster":"seasonal-naive","scale":1000}');
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'DIGEST_MISMATCH', isFinal: true });
  });

  it('when its artifact describes nothing that runs here', async () => {
    await storeVersion(evidence, key, { artifact: 'a pickle' });
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'INVALID_INPUT', isFinal: true });
  });

  it('when its artifact is too large to be one of ours: a whole model file would take the memory that production needs', async () => {
    const artifact = `{"forecaster":"seasonal-naive"}${' '.repeat(2_000_000)}`;
    await storeVersion(evidence, key, { artifact });
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'INVALID_INPUT', isFinal: true });
    expect(mostRead).toBeLessThan(artifact.length);
  });

  it('when the bucket fails, by the name of its error', async () => {
    fault = () => Promise.reject(Object.assign(new Error('No.'), { name: 'AccessDenied' }));
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'AccessDenied', isFinal: true });
  });
});

describe('A failure', () => {
  it.each([
    ['a bucket that throttles', { $metadata: { httpStatusCode: 503 } }, false],
    ['too many requests', { $metadata: { httpStatusCode: 429 } }, false],
    ['a connection that is cut', { code: 'ECONNRESET' }, false],
    ['a right that is missing, which is no fault of the version', { $metadata: { httpStatusCode: 403 } }, false],
    ['a defect', {}, true],
  ])('of %s is told from one that another look cannot mend', async (_what, members, isFinal) => {
    fault = () => Promise.reject(Object.assign(new Error('No.'), members));
    expect(await models().load('demand', '1.1.0')).toMatchObject({ ok: false, isFinal });
  });

  it('stands for a while, and is then forgotten', async () => {
    const store = models({ retrySeconds: 30 });
    await store.load('demand', '1.1.0');
    await storeVersion(evidence, key);
    at = 29;
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'NOT_FOUND', isFinal: true });
    expect(looks).toBe(1);
    at = 30;
    expect(await unitsOf(await store.load('demand', '1.1.0'))).toEqual([1, 2]);
  });

  it('does not stand in the way of another version', async () => {
    const store = models();
    await store.load('demand', '1.1.0');
    await storeVersion(evidence, key, { version: '2.0.0' });
    expect((await store.load('demand', '2.0.0')).ok).toBe(true);
  });

  it('is not for ever when the clock is set back', async () => {
    const store = models();
    at = 1_000;
    await store.load('demand', '1.1.0');
    await storeVersion(evidence, key);
    at = 0;
    expect((await store.load('demand', '1.1.0')).ok).toBe(true);
  });
});

describe('A bucket that hangs', () => {
  it('holds up the first caller until the limit and nobody after', async () => {
    fault = () => new Promise(() => {});
    const store = models({ loadTimeoutMs: 20 });
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'TIMED_OUT', isFinal: false });
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'TIMED_OUT', isFinal: false });
  });

  it('is asked anew after a while, whatever became of the first look', async () => {
    fault = () => new Promise(() => {});
    const store = models({ loadTimeoutMs: 20, retrySeconds: 30 });
    await store.load('demand', '1.1.0');
    fault = null;
    await storeVersion(evidence, key);
    at = 30;
    expect((await store.load('demand', '1.1.0')).ok).toBe(true);
  });

  it('gives a version that is used although it came late', async () => {
    await storeVersion(evidence, key);
    let answer = (): void => {};
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const store = models({
      loadTimeoutMs: 20,
      evidence: {
        find: async (name: string) => {
          await late;
          return evidence.find(name);
        },
        read: (object: StoredObject) => evidence.read(object),
      },
    });
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'TIMED_OUT', isFinal: false });
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await unitsOf(await store.load('demand', '1.1.0'))).toEqual([1, 2]);
  });
});

describe('In place of the version in production', () => {
  const both = async () => {
    await storeVersion(evidence, createTestKey(), { version: '2.0.0' });
    await storeVersion(evidence, key, { version: '1.1.0' });
  };

  it('the one before it is loaded where its own manifest is not ours, and why is told', async () => {
    await both();
    const standard = await models().loadStandard('demand', '2.0.0', '1.1.0');
    expect(standard.loaded?.version).toBe('1.1.0');
    expect(standard.failure).toEqual({ ok: false, code: 'SIGNATURE_INVALID', isFinal: true });
  });

  it('nothing is loaded where it loads itself', async () => {
    await storeVersion(evidence, key, { version: '2.0.0' });
    const standard = await models().loadStandard('demand', '2.0.0', '1.1.0');
    expect(standard).toMatchObject({ loaded: { version: '2.0.0' }, failure: null });
    expect(looks).toBe(1);
  });

  it.each(['', '1.0.0'])('there is nothing where the one before it is "%s"', async (previous) => {
    await both();
    expect(await models().loadStandard('demand', '2.0.0', previous)).toMatchObject({
      loaded: null,
      failure: { code: 'SIGNATURE_INVALID' },
    });
  });

  it('the one before it serves at once where it is there, though the bucket hangs and all time is used up', async () => {
    await both();
    const store = models({ loadTimeoutMs: 20 });
    await store.load('demand', '1.1.0');
    fault = () => {
      at += 1;
      return new Promise(() => {});
    };
    const standard = await store.loadStandard('demand', '2.0.0', '1.1.0');
    expect(standard).toMatchObject({ loaded: { version: '1.1.0' }, failure: { code: 'TIMED_OUT', isFinal: false } });
  });

  it('one limit holds for both', async () => {
    fault = () => {
      at += 1;
      return new Promise(() => {});
    };
    const began = performance.now();
    await models({ loadTimeoutMs: 300 }).loadStandard('demand', '2.0.0', '1.1.0');
    expect(performance.now() - began).toBeLessThan(550);
  });
});
