import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Router } from '../../../functions/inference/routing/router.ts';
import type { Unit } from '../../../functions/inference/routing/unit.ts';
import { unsignedDocument } from '../../pointer/fixtures.ts';

export const UNITS = 200_000;
export const PERCENTAGE = 5;
const STORES = 40;
const REGIONS = ['north', 'east', 'south', 'west'];
/** As many as one event of inference may hold. */
const BATCH = 10_000;
/** A quarter of the stores lie there. */
const CANARY_REGIONS = ['north'];

/** Distinct SKUs in stores, as they come out of a parsed event. */
export const units: readonly Unit[] = Array.from({ length: UNITS }, (_, index) => {
  const store = index % STORES;
  const sku = `SKU-${String(Math.floor(index / STORES)).padStart(6, '0')}`;
  const unit = { sku, store: `store-${store}`, region: REGIONS[store % REGIONS.length], category: 'fresh' };
  return JSON.parse(JSON.stringify({ ...unit, segments: [] }));
});
export const eligible = units.filter(({ region }) => CANARY_REGIONS.includes(region)).length;

export interface Contender {
  readonly name: string;
  /** Decides every unit, one call for each, and tells how many the canary serves. */
  readonly oneByOne: () => number | Promise<number>;
  /** The same in batches, the answers of each kept, by what the product has for that. */
  readonly batch: () => number | Promise<number>;
  readonly close: () => void | Promise<void>;
}

const folder = join(import.meta.dirname);
const requireHere = createRequire(join(folder, 'package.json'));

/** Installs what is compared with, where that has not been done yet: exactly the versions of the lock file. */
export async function installOthers(): Promise<void> {
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return;
  console.log('Installing what the bench compares with, once.');
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

export function versionOf(name: string): string {
  return `${name} ${requireHere(`./node_modules/${name}/package.json`).version}`;
}

/** A function of a package of the bench alone, whose types are not there when the project is checked. */
export function murmurPackages(): {
  readonly v3: (key: string, seed: number) => number;
  readonly hash32: (bytes: Uint8Array, seed: number) => number;
} {
  return { v3: requireHere('murmurhash').v3, hash32: requireHere('murmurhash3js-revisited').x86.hash32 };
}

export async function contenders(): Promise<readonly Contender[]> {
  return [product(), await unleash(), growthBook(), await launchDarkly()];
}

/** The instant is a value of the caller's: inference reads the clock once per event, whatever the number of requests. */
function product(): Contender {
  const batches = batchesOf(units);
  const router = new Router(
    unsignedDocument({
      ...{ canaryVersion: '2.0.0', canaryPercentage: PERCENTAGE, salt: 'demand_2-0-0_1' },
      ...{ canaryUntil: '2999-01-01T00:00:00.000Z', canaryRegions: CANARY_REGIONS },
    }),
  );
  return {
    name: 'product',
    oneByOne: () => {
      const now = Date.now();
      let served = 0;
      for (const unit of units) if (router.route(unit, now).arm === 'canary') served += 1;
      return served;
    },
    batch: () => {
      let served = 0;
      for (const some of batches) {
        for (const { arm } of router.routeAll(some, Date.now())) if (arm === 'canary') served += 1;
      }
      return served;
    },
    close: () => {},
  };
}

/** Contexts are made before the clock runs, for each of the others. Of a batch, the answers are kept. */
function byCall<C>(contexts: readonly C[], decide: (context: C) => boolean): Pick<Contender, 'oneByOne' | 'batch'> {
  const batches = batchesOf(contexts);
  return {
    oneByOne: () => {
      let served = 0;
      for (const context of contexts) if (decide(context)) served += 1;
      return served;
    },
    batch: () => {
      let served = 0;
      for (const some of batches) for (const is of some.map(decide)) if (is) served += 1;
      return served;
    },
  };
}

function batchesOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / BATCH);
  return Array.from({ length: count }, (_, index) => all.slice(index * BATCH, (index + 1) * BATCH));
}

const keyOf = ({ sku, store }: Unit) => `${sku}|${store}`;

/** A bootstrap in memory, no metrics; the fetch that it tries once at the start is refused on this machine. */
async function unleash(): Promise<Contender> {
  const { Unleash, InMemStorageProvider } = requireHere('unleash-client');
  const constraints = [{ contextName: 'region', operator: 'IN', values: CANARY_REGIONS }];
  const parameters = { rollout: String(PERCENTAGE), stickiness: 'userId', groupId: 'canary' };
  const strategies = [{ name: 'flexibleRollout', parameters, constraints }];
  const data = [{ name: 'canary', enabled: true, type: 'release', strategies }];
  const client = new Unleash({
    ...{ appName: 'bench', url: 'http://127.0.0.1:9/', refreshInterval: 0, disableMetrics: true },
    ...{ bootstrap: { data }, storageProvider: new InMemStorageProvider(), skipInstanceCountWarning: true },
  });
  client.on('error', () => {});
  client.on('warn', () => {});
  if (!client.isSynchronized()) await new Promise((resolve) => client.once('synchronized', resolve));
  const contexts = units.map((unit) => ({ userId: keyOf(unit), properties: { region: unit.region } }));
  return {
    name: versionOf('unleash-client'),
    ...byCall(contexts, (context) => client.isEnabled('canary', context)),
    close: () => client.destroy(),
  };
}

/** The client for many users, with its payload handed in. */
function growthBook(): Contender {
  const { GrowthBookClient } = requireHere('@growthbook/growthbook');
  const condition = { region: { $in: CANARY_REGIONS } };
  const rule = { condition, force: true, coverage: PERCENTAGE / 100, hashAttribute: 'id', seed: 'canary' };
  const client = new GrowthBookClient();
  client.initSync({ payload: { features: { canary: { defaultValue: false, rules: [rule] } } } });
  const contexts = units.map((unit) => ({ attributes: { id: keyOf(unit), region: unit.region } }));
  return {
    name: versionOf('@growthbook/growthbook'),
    ...byCall(contexts, (context) => client.isOn('canary', context)),
    close: () => client.destroy?.(),
  };
}

/** A source in memory, no events. Decisions are promises; those of a batch are under way at once. */
async function launchDarkly(): Promise<Contender> {
  const { init } = requireHere('@launchdarkly/node-server-sdk');
  const { TestData } = requireHere('@launchdarkly/node-server-sdk/integrations');
  const source = new TestData();
  const clauses = [{ contextKind: 'user', attribute: 'region', op: 'in', values: CANARY_REGIONS, negate: false }];
  const variations = [
    { variation: 0, weight: PERCENTAGE * 1000 },
    { variation: 1, weight: 100_000 - PERCENTAGE * 1000 },
  ];
  await source.usePreconfiguredFlag({
    ...{ key: 'canary', version: 1, on: true, salt: 'canary', variations: [true, false] },
    ...{ fallthrough: { variation: 1 }, offVariation: 1, targets: [], prerequisites: [] },
    rules: [{ id: 'regions', clauses, rollout: { contextKind: 'user', variations } }],
  });
  const logger = { error() {}, warn() {}, info() {}, debug() {} };
  const options = { updateProcessor: source.getFactory(), sendEvents: false, diagnosticOptOut: true, logger };
  const client = init('sdk-of-the-bench', options);
  await client.waitForInitialization({ timeout: 10 });
  const contexts = units.map((unit) => ({ kind: 'user', key: keyOf(unit), region: unit.region }));
  const batches = batchesOf(contexts);
  return {
    name: versionOf('@launchdarkly/node-server-sdk'),
    oneByOne: async () => {
      let served = 0;
      for (const context of contexts) if (await client.variation('canary', context, false)) served += 1;
      return served;
    },
    batch: async () => {
      let served = 0;
      for (const some of batches) {
        const answers = await Promise.all(some.map((context) => client.variation('canary', context, false)));
        for (const is of answers) if (is) served += 1;
      }
      return served;
    },
    close: () => client.close(),
  };
}
