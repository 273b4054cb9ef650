import { mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type * as z from 'zod';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { canaryConfig, fewClusters } from '../canary/canary-config.ts';
import { judgeCanaryFiles } from '../canary/canary-files-store.ts';
import { canaryState } from '../canary/canary-result.ts';
import { guardConfig } from '../guard/guard-config.ts';
import { judgeGuardFiles } from '../guard/guard-files-store.ts';
import { offlineConfig } from '../offline/offline-config.ts';
import { judgeOfflineFiles } from '../offline/offline-files-store.ts';
import { shadowConfig } from '../shadow/shadow-config.ts';
import { judgeShadowFiles } from '../shadow/shadow-files-store.ts';
import type { EngineSettings } from '../tables/duckdb-store.ts';
import type { Gate, GateQuestion } from './gates.ts';
import type { JudgeArguments } from './judge-arguments.ts';
import { parseSettings } from './setting-faults.ts';
import { parseCase, parseJson } from './worked-case.ts';

/** Tables by name, as local paths. */
type Paths = Readonly<Record<string, string>>;

/**
 * What the judge found, in the shape of the evidence contract: for a worked case or for files.
 * @throws ReleaseError UNUSABLE_EVIDENCE with every fault of the input
 */
export async function judgeArguments(asked: Exclude<JudgeArguments, { readonly kind: 'help' }>): Promise<unknown> {
  if (asked.kind === 'case') {
    const faults: Reason[] = [];
    const text = await readText(asked.path, 'CASE', faults);
    if (faults.length > 0) throw unusable(faults);
    return judgeCaseText(text);
  }
  const { gate, tables } = asked;
  const faults: Reason[] = [];
  const config = await readSettings(asked.config, '--config', faults);
  const state = await readSettings(asked.state, '--state', faults);
  const ask = settled(gate, { config: config ?? {}, state: state ?? null }, faults);
  for (const [table, path] of Object.entries(tables)) await checkReadable(path, `--${table}`, faults);
  return withDirectory(async (directory) => {
    const paths: Record<string, string> = {};
    for (const [table, path] of Object.entries(tables)) {
      paths[table] = join(directory, table);
      // By a link: what is inflated is written beside the file that the engine is given.
      await symlink(resolve(path), paths[table]);
    }
    return answer(ask, { paths, faults }, directory);
  });
}

/** As `judgeArguments`, of the text of a worked case. */
export async function judgeCaseText(text: string): Promise<unknown> {
  const parsed = parseCase(text);
  if (!parsed.ok) throw unusable(parsed.reasons);
  if (parsed.value.kind === 'unit') return parsed.value.results;
  const { gate, inputs, ...settings } = parsed.value.question;
  const faults: Reason[] = [];
  const ask = settled(gate, settings, faults);
  return withDirectory(async (directory) => {
    const paths: Record<string, string> = {};
    for (const [table, csv] of Object.entries(inputs)) {
      paths[table] = join(directory, table);
      await writeFile(paths[table], csv);
    }
    return answer(ask, { paths, faults }, directory);
  });
}

type Ask = (paths: Paths, engine: EngineSettings) => Promise<unknown>;

/** A judge with its settings; with the default ones where they have faults, which are added. */
function settled(gate: Gate, { config, state }: Pick<GateQuestion, 'config' | 'state'>, faults: Reason[]): Ask {
  const settle = <T>(
    schema: z.ZodType<T>,
    judge: (config: T, paths: Paths, engine: EngineSettings) => Promise<unknown>,
  ) => {
    const parsed = parseSettings(schema, config, 'config');
    if (!parsed.ok) faults.push(...parsed.reasons);
    const own = parsed.ok ? parsed.value : schema.parse({});
    return (paths: Paths, engine: EngineSettings) => judge(own, paths, engine);
  };
  switch (gate) {
    case 'offline':
      return settle(offlineConfig, (own, paths, engine) =>
        judgeOfflineFiles({ rows: tableOf(paths, 'rows'), history: tableOf(paths, 'history') }, own, engine),
      );
    case 'shadow':
      return settle(shadowConfig, (own, paths, engine) =>
        judgeShadowFiles({ rows: tableOf(paths, 'rows') }, own, engine),
      );
    case 'canary': {
      const before = parseSettings(canaryState.nullable(), state, 'state');
      if (!before.ok) faults.push(...before.reasons);
      return settle(canaryConfig, (own, paths, engine) => {
        const inputs = { ...paths, outcomes: tableOf(paths, 'outcomes') };
        for (const { code, got, allowed } of fewClusters(own)) {
          // Beside the result, which is the contract's: it is about the settings, not about what was found.
          process.stderr.write(`${code}: ${got}; a canary that can pass has ${allowed}.\n`);
        }
        return judgeCanaryFiles(inputs, own, engine, before.ok ? before.value : null);
      });
    }
    case 'guard':
      return settle(guardConfig, (own, paths, engine) =>
        judgeGuardFiles({ daily: tableOf(paths, 'daily') }, own, engine),
      );
  }
}

/** What the judge found; where there are faults already, the tables are read for theirs alone. */
async function answer(
  ask: Ask,
  { paths, faults }: { readonly paths: Paths; readonly faults: readonly Reason[] },
  directory: string,
): Promise<unknown> {
  const engine = engineSettings(directory);
  if (faults.length === 0) return ask(paths, engine);
  const ofTables = await ask(paths, engine).then(
    () => [],
    (error: unknown) => (isReleaseError(error, 'UNUSABLE_EVIDENCE') ? error.reasons : []),
  );
  throw unusable([...faults, ...ofTables]);
}

function tableOf(paths: Paths, table: string): string {
  const path = paths[table];
  if (path === undefined) throw new Error(`The table ${table} was not asked for.`);
  return path;
}

async function readSettings(path: string | null, option: string, faults: Reason[]): Promise<unknown> {
  if (path === null) return undefined;
  const before = faults.length;
  const content = parseJson(await readText(path, option, faults));
  if (content === undefined && faults.length === before) {
    const message = 'The settings are not JSON.';
    faults.push({ code: 'SETTINGS_NOT_JSON', path: option, message, got: path, allowed: 'a JSON object' });
  }
  return content;
}

/** Empty, with the fault added, when there is no such file. */
async function readText(path: string, what: string, faults: Reason[]): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    faults.push(unreadableFile(path, what, cause));
    return '';
  }
}

async function checkReadable(path: string, what: string, faults: Reason[]): Promise<void> {
  try {
    const handle = await open(path);
    try {
      // A folder opens like a file, and fails only when it is read.
      await handle.read(Buffer.alloc(1), 0, 1, 0);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    faults.push(unreadableFile(path, what, cause));
  }
}

function unreadableFile(path: string, what: string, cause: unknown): Reason {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const found = { ENOENT: 'There is no such file.', EISDIR: 'This is a folder.', EACCES: 'The file may not be read.' };
  const message = Object.entries(found).find(([name]) => name === code)?.[1] ?? `The file cannot be read (${code}).`;
  return { code: 'FILE_UNREADABLE', path: what, message, got: path, allowed: 'a file that exists and may be read' };
}

function engineSettings(directory: string): EngineSettings {
  const half = Math.floor(totalmem() / 2 ** 21);
  return { memoryMb: Math.min(4096, Math.max(512, half)), threads: availableParallelism(), directory };
}

/** Lends an empty directory for the time of `use`. */
async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'judge-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function unusable(reasons: readonly Reason[]): ReleaseError {
  return new ReleaseError('UNUSABLE_EVIDENCE', 'The input cannot be judged.', { reasons });
}
