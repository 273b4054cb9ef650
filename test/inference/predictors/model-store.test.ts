import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Loaded,
  ModelStore,
  type ModelStoreOptions,
} from '../../../functions/inference/predictors/model-store.ts';
import type { StoredObject } from '../../../functions/registry/items.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { storeVersion, WEEK } from '../stand.ts';

const key = createTestKey();
const request = { sku: 'milk', store: 'harbour', history: [...WEEK], asOf: '2026-03-01', horizonDays: 2 };

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
    now: () => new Date(at * 1000),
    loadTimeoutMs: 1_000,
    ...options,
  });
}

async function unitsOf(loaded: Loaded): Promise<readonly number[] | string> {
  return loaded.ok ? loaded.forecaster(request) : loaded.code;
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

  it('is there without a look once it is loaded', async () => {
    await storeVersion(evidence, key);
    const store = models();
    expect(store.loaded('demand', '1.1.0')).toBeNull();
    await store.load('demand', '1.1.0');
    expect(store.loaded('demand', '1.1.0')).not.toBeNull();
    expect(store.loaded('other', '1.1.0')).toBeNull();
  });
});

describe('A version is not loaded', () => {
  it('when it has no manifest', async () => {
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'NOT_FOUND' });
  });

  it('when its manifest is signed with another key', async () => {
    await storeVersion(evidence, createTestKey());
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'SIGNATURE_INVALID' });
  });

  it('when its artifact is not the one that was signed', async () => {
    const stored = await storeVersion(evidence, key);
    evidence.put(stored.key, '{"forecaster":"seasonal-naive","scale":1000}');
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'DIGEST_MISMATCH' });
  });

  it('when its artifact describes nothing that runs here', async () => {
    await storeVersion(evidence, key, { artifact: 'a pickle' });
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'INVALID_INPUT' });
  });

  it('when its artifact is too large to be one of ours: a whole model file would take the memory that production needs', async () => {
    const artifact = `{"forecaster":"seasonal-naive"}${' '.repeat(2_000_000)}`;
    await storeVersion(evidence, key, { artifact });
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'INVALID_INPUT' });
    expect(mostRead).toBeLessThan(artifact.length);
  });

  it('when the bucket fails, by the name of its error', async () => {
    fault = () => Promise.reject(Object.assign(new Error('No.'), { name: 'AccessDenied' }));
    expect(await models().load('demand', '1.1.0')).toEqual({ ok: false, code: 'AccessDenied' });
  });
});

describe('A failure', () => {
  it('stands for a while, and is then forgotten', async () => {
    const store = models({ retrySeconds: 30 });
    await store.load('demand', '1.1.0');
    await storeVersion(evidence, key);
    at = 29;
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'RETRY_LATER' });
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
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'TIMED_OUT' });
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'RETRY_LATER' });
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
    expect(await store.load('demand', '1.1.0')).toEqual({ ok: false, code: 'TIMED_OUT' });
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await unitsOf(await store.load('demand', '1.1.0'))).toEqual([1, 2]);
  });
});
