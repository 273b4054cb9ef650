import { beforeEach, describe, expect, it } from 'vitest';
import { ReadinessStore } from '../../functions/drill/readiness-store.ts';
import { type CheckPorts, checkAll, checkReadiness } from '../../functions/drill/record-readiness.ts';
import { faultOfSmoke, SMOKE_REQUESTS } from '../../functions/drill/smoke.ts';
import { IsolatedRunner } from '../../functions/inference/predictors/isolated-runner-store.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { Alert } from '../../functions/rollback/alert/alert-link.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';

let stage: ReleaseStage;
let tables: Tables;
onFreshStage((fresh, on) => {
  [stage, tables] = [fresh, on];
});

let alerts: Alert[];
let told: string[];
beforeEach(async () => {
  [alerts, told] = [[], []];
  const onboarding = await stage.onboarding();
  await stage.move(onboarding);
  await stage.prepare(onboarding);
  await stage.close(onboarding, 'applied');
});

function ports(over: Partial<CheckPorts> = {}): CheckPorts {
  return {
    registry: stage.registry,
    readiness: new ReadinessStore(tables.client, tables.registry),
    ledger: stage.ledger,
    appConfig: stage.appConfig,
    publicKeyPem: stage.key.publicKeyPem,
    fetch: async (model, version) => {
      const item = await stage.registry.version(model, version);
      const bytes = Buffer.from('{}');
      return { ok: true, loaded: { model, version, sha256: item?.artifact.sha256 ?? sha256Hex(''), bytes } };
    },
    smoke: async () => null,
    alert: async (alert) => void alerts.push(alert),
    tell: (signal) => void told.push(signal),
    now: stage.now,
    ...over,
  };
}
const check = (over: Partial<CheckPorts> = {}) => checkReadiness(ports(over), stage.model);
const codesOf = async (over: Partial<CheckPorts> = {}) =>
  (await check(over)).reasons.map(({ code, path }) => `${code} ${path}`);
const recorded = async () => (await stage.types()).filter((type) => type === 'readiness-checked').length;

describe('A model is ready to be gone back from', () => {
  it('from its onboarding on, and with every version that is promoted', async () => {
    expect(await check()).toMatchObject({ ready: true, reasons: [] });
    for (const version of ['1.0', '2.0']) await stage.promote(version);
    expect(await check()).toMatchObject({ ready: true, reasons: [] });
    await stage.shadowed('3.0');
    expect(await check()).toMatchObject({ ready: true, reasons: [] });
    expect([alerts, told]).toEqual([[], []]);
  });

  it('which the ledger says once, though it is checked every hour', async () => {
    for (let hour = 0; hour < 3; hour++) await check();
    expect(await recorded()).toBe(1);
    const item = await new ReadinessStore(tables.client, tables.registry).read(stage.model);
    expect(item?.revision).toBe(3);
    expect(item?.since.localeCompare(item.checkedAt)).toBe(-1);
  });
});

describe('A model is not ready', () => {
  beforeEach(async () => {
    for (const version of ['1.0', '2.0']) await stage.promote(version);
  });
  const back = (version: string) => stage.registry.returnDocument(stage.model, version);
  const damage = async (version: string, content: string) => {
    const number = (await back(version))?.hostedVersion ?? 0;
    stage.appConfig.versions.splice(number - 1, 1, { number, label: '', description: '', content });
  };

  it('when a hosted version is gone, or is another document of ours', async () => {
    await damage('1.0', '{}');
    expect(await codesOf()).toEqual(['RETURN_DOCUMENT_BROKEN 1.0']);
    await damage('1.0', stage.appConfig.versions[0]?.content ?? '');
    expect(await codesOf()).toEqual(['RETURN_DOCUMENT_BROKEN 1.0']);
    await damage('', '{}');
    expect(await codesOf()).toEqual(['RETURN_DOCUMENT_BROKEN 1.0', 'RETURN_DOCUMENT_BROKEN safe forecast']);
  });

  it('when a version does not load, vouches for another artifact, or does not answer', async () => {
    const notFound = async () => ({ ok: false, code: 'NOT_FOUND', isFinal: true }) as const;
    expect(await codesOf({ fetch: notFound })).toEqual(['TARGET_NOT_LOADED 1.0']);
    const other = async (model: string, version: string) =>
      ({ ok: true, loaded: { model, version, sha256: sha256Hex('other'), bytes: Buffer.from('other') } }) as const;
    expect(await codesOf({ fetch: other })).toEqual(['ARTIFACT_DIFFERS 1.0']);
    const silent = async () => ({ code: 'SMOKE_FAILED', message: 'No.' });
    expect(await codesOf({ smoke: silent })).toEqual(['SMOKE_FAILED 1.0']);
  });

  it('when nothing of ours is deployed', async () => {
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    expect(await codesOf()).toEqual([`NOTHING_LIVE ${stage.model}`]);
  });

  it('which rings for as long as it is so, and is recorded and told to people once', async () => {
    await check();
    await damage('1.0', '{}');
    for (let hour = 0; hour < 3; hour++) await check();
    expect(told).toEqual(Array(3).fill('ROLLBACK_NOT_READY'));
    expect(alerts).toMatchObject([{ model: stage.model, version: '', rolledBack: false }]);
    expect(await recorded()).toBe(2);
    // Another fault is another answer, and so is none.
    await damage('', '{}');
    await check();
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(2);
    expect(await recorded()).toBe(3);
  });

  it('and of two checks at once one records', async () => {
    await damage('1.0', '{}');
    const [one, other] = await Promise.all([check(), check()]);
    expect([one.ready, other.ready]).toEqual([false, false]);
    expect(await recorded()).toBe(1);
    expect(alerts).toHaveLength(1);
  });

  it('and one that cannot be checked keeps no other from it', async () => {
    const asked: string[] = [];
    const registry = {
      ...ports().registry,
      model: async (model: string) => {
        asked.push(model);
        if (model === 'broken') throw new ReleaseError('CORRUPT_ITEM', 'No.');
        return stage.registry.model(model);
      },
      versions: (model: string) => stage.registry.versions(model),
      returnDocuments: (model: string) => stage.registry.returnDocuments(model),
    };
    await expect(checkAll(ports({ registry }), ['broken', stage.model])).rejects.toMatchObject({
      code: 'CORRUPT_ITEM',
    });
    expect(asked).toEqual(['broken', stage.model]);
    expect(await recorded()).toBe(1);
  });
});

describe('A smoke request', () => {
  const runner = new IsolatedRunner();
  const positions = SMOKE_REQUESTS.map((_, position) => position);
  const ask = async (text: string, stop = AbortSignal.timeout(10_000)) => {
    const bytes = Buffer.from(text);
    const artifact = { model: 'm', version: '1', sha256: sha256Hex(bytes), bytes };
    return faultOfSmoke(await runner.run({ artifact, requests: SMOKE_REQUESTS, positions, stop }));
  };

  it('is answered by every built-in forecaster with what a caller may get', async () => {
    for (const forecaster of ['exponential-smoothing', 'croston-tsb', 'by-demand']) {
      expect(await ask(JSON.stringify({ forecaster }))).toBeNull();
    }
  });

  it('finds an artifact that describes nothing that runs, in a process apart', async () => {
    expect(await ask('{"forecaster":"none"}')).toMatchObject({ code: 'SMOKE_FAILED', got: 'INVALID_INPUT' });
    expect(await ask('no json')).toMatchObject({ code: 'SMOKE_FAILED' });
    expect(await ask('{"forecaster":"by-demand"}', AbortSignal.abort())).toMatchObject({ code: 'SMOKE_FAILED' });
  });

  it.each([
    ['nothing', null],
    ['too few days', [1, 2, 3]],
    ['a number below zero', [1, 1, 1, -1, 1, 1, 1]],
    ['what is no number', [1, 1, 1, Number.NaN, 1, 1, 1]],
    ['infinity', [1, 1, 1, Number.POSITIVE_INFINITY, 1, 1, 1]],
    ['a gap', [1, 1, 1, null, 1, 1, 1]],
  ])('is not answered by %s', (_what, units) => {
    const said = [[1, 1, 1, 1, 1, 1, 1], units];
    expect(faultOfSmoke({ outcome: 'done', said, unfinished: [] })).toMatchObject({ code: 'SMOKE_UNUSABLE' });
  });
});
