import { beforeEach, describe, expect, it } from 'vitest';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { isReturnDocument, type PointerDocument } from '../../functions/pointer/document.ts';
import { readDocument } from '../../functions/pointer/hosted-document.ts';
import { type PrepareReturnsPorts, prepareReturns, type Returns } from '../../functions/pointer/prepare-returns.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (one) => {
    stage = one;
  },
  ['1.0', '2.0'],
);
let deployed: PointerDocument;
beforeEach(async () => {
  const live = await stage.appConfig.liveDocument();
  if (live === null) throw new Error('Nothing is deployed.');
  deployed = live;
});

const NORTH = { fallback: 'weekday-mean', fallbackSegments: ['region:north'], reason: 'Orders are far too high.' };

function ports(over: Partial<PrepareReturnsPorts> = {}): PrepareReturnsPorts {
  const { registry, writes, ledger, appConfig, sign, publicKeyPem, now } = stage.killPorts();
  return { registry, writes, ledger, appConfig, sign, publicKeyPem, now, ...over };
}

function prepare(over: Partial<Returns> = {}, by = ports()): Promise<number> {
  const { model, appConfig } = stage;
  const asked = { model, place: appConfig.place, deployed, under: null, safeForecast: 'seasonal-naive', run: null };
  return prepareReturns(by, { ...asked, ...over });
}

/** By version: the document to go back to that the registry names, as it lies in AppConfig. */
async function kept() {
  const { model, appConfig, key } = stage;
  const source = { appConfig, publicKeyPem: key.publicKeyPem };
  const found = new Map<string, PointerDocument>();
  for (const item of await stage.registry.returnDocuments(model)) {
    const hosted = await readDocument(source, model, { ...appConfig.place, hostedVersion: item.hostedVersion });
    expect(hosted.documentSha256).toBe(item.documentSha256);
    expect(hosted.document.productionVersion).toBe(item.version);
    found.set(item.version, hosted.document);
  }
  return found;
}
const prepared = async () => (await stage.types()).filter((type) => type === 'return-prepared').length;

describe('The ways back that are made under a kill switch', () => {
  it('are one for each version that was promoted and one for none, each with the switch, and nothing else changes', async () => {
    const before = await kept();
    const [entries, deployments] = [await prepared(), stage.appConfig.deployments.length];
    expect(await prepare({ under: NORTH })).toBe(3);
    const after = await kept();
    expect([...after.keys()].toSorted()).toEqual(['', '1.0', '2.0']);
    for (const [version, document] of after) {
      const base = before.get(version) ?? deployed;
      expect(isReturnDocument(document)).toBe(true);
      expect(document).toMatchObject({ ...NORTH, productionVersion: version, manifestSha256: base.manifestSha256 });
      expect([document.promotionId, document.approvedBy]).toEqual([base.promotionId, base.approvedBy]);
    }
    expect(await prepared()).toBe(entries + 3);
    expect(stage.appConfig.deployments.length).toBe(deployments);
  });

  it('are made once: what says so already stays', async () => {
    await prepare({ under: NORTH });
    const [hosted, entries] = [stage.appConfig.versions.length, await prepared()];
    expect(await prepare({ under: NORTH })).toBe(0);
    expect([stage.appConfig.versions.length, await prepared()]).toEqual([hosted, entries]);
  });

  it('are completed by another call after any cut, with no document made twice', async () => {
    let appends = 0;
    const { ledger } = ports();
    const append: typeof ledger.append = async (...entry) => {
      appends += 1;
      if (appends === 2) throw new Error('Cut off.');
      return ledger.append(...entry);
    };
    const hosted = stage.appConfig.versions.length;
    await expect(prepare({ under: NORTH }, ports({ ledger: { append } }))).rejects.toThrow('Cut off.');
    expect(await prepare({ under: NORTH })).toBe(2);
    expect(stage.appConfig.versions.length).toBe(hosted + 3);
    for (const document of (await kept()).values()) expect(document).toMatchObject({ fallback: 'weekday-mean' });
  });

  it('are none for a version that was withdrawn, or never promoted', async () => {
    await stage.withdraw('1.0');
    await stage.registered('3.0');
    await prepare({ under: NORTH });
    const after = await kept();
    expect(after.get('1.0')?.fallback).toBe('');
    expect(after.get('2.0')?.fallback).toBe('weekday-mean');
    expect(after.has('3.0')).toBe(false);
  });

  it('are built on nothing that its item does not name: one of another version, or one that goes forward, is left out', async () => {
    const { model, appConfig, key } = stage;
    const [first] = await stage.registry.returnDocuments(model);
    if (first === undefined) throw new Error('There is no document to go back to.');
    // The one that promoted 1.0 as that to go back to 1.0, and one of 1.0 as that of the safe forecast.
    const promoting = appConfig.versions.find(({ description }) => description.includes('1-0_1: promote'))?.number ?? 0;
    const source = { appConfig, publicKeyPem: key.publicKeyPem };
    const forward = await readDocument(source, model, { ...appConfig.place, hostedVersion: promoting });
    expect(forward.document.productionVersion).toBe('1.0');
    const named = { ...first, hostedVersion: promoting, documentSha256: forward.documentSha256 };
    const { registry } = ports();
    const swapped = async () => [
      { ...named, version: '1.0' },
      { ...named, version: '' },
    ];
    const { run, versions } = { run: registry.run.bind(registry), versions: registry.versions.bind(registry) };
    expect(await prepare({ under: NORTH }, ports({ registry: { run, versions, returnDocuments: swapped } }))).toBe(1);
    const after = await kept();
    expect(after.get('2.0')).toMatchObject(NORTH);
    expect([after.get('1.0')?.fallback, after.get('')?.fallback]).toEqual(['', 'seasonal-naive']);
  });

  it('are tried again where others make versions at the same time, and given up where they keep doing so', async () => {
    const { appConfig } = ports();
    let busy = 2;
    const createVersion: typeof appConfig.createVersion = async (version) => {
      busy -= 1;
      if (busy >= 0) throw new ReleaseError('POINTER_BUSY', 'Another version came first.');
      return appConfig.createVersion(version);
    };
    const contended = ports({ appConfig: Object.assign(Object.create(appConfig), { createVersion }) });
    expect(await prepare({ under: NORTH }, contended)).toBe(3);
    busy = Number.POSITIVE_INFINITY;
    const wider = { ...NORTH, fallbackSegments: [] };
    expect(await failure(prepare({ under: wider }, contended))).toMatchObject({ code: 'POINTER_BUSY' });
    expect((await kept()).get('1.0')).toMatchObject({ fallbackSegments: ['region:north'] });
  });
});

describe('The ways back that are made before a kill switch is left', () => {
  it('serve everything again, and say again why their versions were let in', async () => {
    const before = await kept();
    await stage.kill('model');
    const promotionId = await stage.restoration();
    const run = await stage.registry.run(stage.model, promotionId);
    const live = await stage.appConfig.liveDocument();
    expect(await prepare({ run, deployed: live ?? deployed })).toBe(2);
    const after = await kept();
    expect(after.get('1.0')).toMatchObject({ fallback: '', fallbackSegments: [], reason: before.get('1.0')?.reason });
    expect(after.get('2.0')).toMatchObject({ fallback: '', fallbackSegments: [] });
    expect(after.get('')).toMatchObject({ fallback: 'seasonal-naive', fallbackSegments: [] });
    const items = await stage.registry.returnDocuments(stage.model);
    expect(items.find(({ version }) => version === '1.0')).toMatchObject({ promotionId });
    expect(await prepare({ run, deployed: live ?? deployed })).toBe(0);
  });

  it('are recorded for a run that is open, and for no other', async () => {
    await stage.kill('model');
    const promotionId = await stage.restoration();
    const run = await stage.registry.run(stage.model, promotionId);
    await stage.close(promotionId, 'withdrawn');
    const [before, entries] = [await stage.registry.returnDocuments(stage.model), await prepared()];
    expect(await failure(prepare({ run }))).toMatchObject({ code: 'CONDITION_FAILED' });
    expect(await stage.registry.returnDocuments(stage.model)).toEqual(before);
    expect(await prepared()).toBe(entries);
  });
});
