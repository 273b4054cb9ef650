import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  framed,
  type IsolatedMessage,
  type Told,
  ToldReader,
} from '../../functions/inference/predictors/isolated-frames.ts';
import { CONFIG_NAMES } from '../../functions/platform/config.ts';
import { type Bundle, bundleFunctions } from '../../infra/bundling.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { sharedBundles } from '../fakes/bundles.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const specs: readonly FunctionSpec[] = FUNCTIONS;
const outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

let bundles: readonly Bundle[] = [];
beforeAll(async () => {
  bundles = await sharedBundles();
});

const dirOf = (name: string) => bundles.find((bundle) => bundle.name === name)?.dir ?? '';

/** Values under which every entry can be wired; nothing is called. */
const ENVIRONMENT = {
  ...Object.fromEntries(CONFIG_NAMES.map((name) => [name, 'unset'])),
  FIRST_APPROVERS: JSON.stringify([{ id: 'ana', name: 'Ana', email: 'ana@shop.example' }]),
  FREEZES: '[]',
  POINTER_POLL_SECONDS: '15',
  CANDIDATE_WAIT_MS: '500',
  SPLIT_ABOVE_MB: '1500',
  RETENTION_DAYS: '1',
  RETENTION_MODE: 'GOVERNANCE',
  AWS_REGION: 'eu-west-1',
};

/** Imports a bundle as Lambda does: in a fresh process of this Node, from a folder with no node_modules above it. */
function exportsOf(name: string): string {
  const script = `const m = await import(${JSON.stringify(pathToFileURL(join(dirOf(name), 'index.mjs')).href)});
    process.stdout.write(typeof m.handler + ' ' + Object.keys(m).join());
    process.exit(0);`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: dirOf(name),
    env: ENVIRONMENT,
  });
}

describe('bundles', () => {
  it('are made for every function of the list', () => {
    expect(bundles.map(({ name }) => name)).toEqual(specs.map(({ name }) => name));
    for (const { dir, codeBytes } of bundles) expect(statSync(join(dir, 'index.mjs')).size).toBe(codeBytes);
  });

  it('run on the Node of Lambda in these tests', () => {
    expect(process.versions.node).toMatch(/^24\./);
  });

  it.each(specs.map(({ name }) => name))(
    '%s can be imported where nothing is installed, and has a handler and nothing else',
    (name) => {
      expect(exportsOf(name)).toBe('function handler');
    },
  );

  it('carry the programs that a function runs in processes of their own, and no other', () => {
    const programs = ({ name }: FunctionSpec) => readdirSync(dirOf(name)).filter((file) => file.endsWith('.child.mjs'));
    for (const spec of specs) {
      expect(programs(spec)).toEqual((spec.programs ?? []).map((path) => basename(path).replace(/\.ts$/, '.mjs')));
    }
    expect(specs.flatMap(programs)).toContain('isolated-version.child.mjs');
  });

  it('run the program of isolated versions where nothing is installed', async () => {
    const child = spawn(process.execPath, [join(dirOf('forecast'), 'isolated-version.child.mjs')], {
      ...{ cwd: dirOf('forecast'), env: ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      // It leads the group of all that its versions start, and ends it.
      detached: true,
    });
    const pipe = child.stdio[3] as Duplex;
    const artifact = Buffer.from('{"forecaster":"seasonal-naive"}');
    const asked = { sku: 'milk', store: 'harbour', history: [5], asOf: '2026-03-01', horizonDays: 1 };
    for (const message of [
      { kind: 'start', run: 1, key: 'v', artifact, keep: ['v'] },
      { kind: 'ask', run: 1, positions: [9], requests: [asked] },
      { kind: 'end', run: 1 },
    ] satisfies IsolatedMessage[]) {
      pipe.write(framed(serialize(message)));
    }
    const reader = new ToldReader();
    const told: Told[] = [];
    for await (const chunk of pipe) {
      told.push(...(reader.push(chunk, 1) ?? []));
      if (told.at(-1)?.kind === 'done') break;
    }
    expect(told).toEqual([
      { kind: 'answer', run: 1, position: 9, said: [5] },
      { kind: 'done', run: 1 },
    ]);
    // It ends with the pipe to its parent.
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
  });

  it('carry DuckDB beside the code for the functions that ask for it, and for no other', () => {
    for (const { name, duckdb } of specs) {
      expect(existsSync(join(dirOf(name), 'node_modules', '@duckdb', 'node-api'))).toBe(duckdb ?? false);
    }
    expect(readdirSync(join(dirOf('judge'), 'node_modules', '@duckdb')).toSorted()).toEqual(
      expect.arrayContaining(['node-api', 'node-bindings', `node-bindings-linux-${process.arch}`]),
    );
  });

  it('stay small, since a cold start reads all of it: only what draws or runs by schedule may be larger', () => {
    const most: Readonly<Record<string, number>> = {
      // The plotting library.
      ...{ judge: 1_800_000, 'record-drill': 1_800_000 },
      // Nobody waits for them: the query engine and emails, every predictor.
      ...{ guard: 1_100_000, 'check-readiness': 1_100_000 },
    };
    const large = bundles.filter(({ name, codeBytes }) => codeBytes > (most[name] ?? 900_000));
    expect(large.map(({ name, codeBytes }) => `${name}: ${codeBytes}`)).toEqual([]);
  });

  it('name the entry that is missing', async () => {
    const missing = { ...FUNCTIONS[0], name: 'missing', entry: 'functions/registry/missing.lambda.ts' };
    await expect(bundleFunctions([missing], join(outdir, 'missing'))).rejects.toThrow(/missing\.lambda\.ts/);
    expect(existsSync(join(ROOT, missing.entry))).toBe(false);
  });
});
