import { describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../infra/functions.ts';
import { type Source, sources } from './sources.ts';

const functions = sources('functions');
const everything = [...functions, ...sources('infra'), ...sources('test')];

/** Files that are neither entry, store nor pure: where the product touches its process. */
const PROCESS_FILES = [
  ...['clock.ts', 'config.ts', 'clients.ts', 'logger.ts', 'metrics.ts', 'wiring.ts'].map(
    (name) => `functions/platform/${name}`,
  ),
  // What an inference function imports, wired as its environment says.
  'functions/inference/client.ts',
  'functions/inference/log-completer.ts',
  'functions/inference/wiring.ts',
];

function isEntry(path: string): boolean {
  return ['.lambda.ts', '.cli.ts', '.child.ts'].some((suffix) => path.endsWith(suffix));
}

function isPure(path: string): boolean {
  return !isEntry(path) && !path.endsWith('-store.ts') && !PROCESS_FILES.includes(path);
}

/** Bounds a wait without reading the clock: that time ran out comes back as a value. */
const DEADLINE = 'functions/platform/deadline.ts';

const IMPURE_PACKAGES =
  /^(@aws-sdk\/|@smithy\/|@aws-lambda-powertools\/|@duckdb\/|node:(?!crypto$|path$|zlib$|util$|buffer$))/;
const IMPURE_CODE = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'reads the clock'],
  [/\bprocess\.(env|argv|cwd)\b/, 'reads the environment'],
  [/\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(/, 'draws at random'],
  [/(?<![.#\w])fetch\(|\bsetTimeout\(|\bsetInterval\(/, 'reaches outside'],
] as const;

describe('The layers of functions/', () => {
  it('keeps every file that is neither entry nor store pure: no SDK, clock, environment or randomness', () => {
    const broken = functions
      .filter((file) => isPure(file.path))
      .flatMap((file) => [
        ...file.imports
          .filter((one) => !one.typeOnly && IMPURE_PACKAGES.test(one.target))
          .map((one) => `${file.path} imports ${one.target}`),
        ...IMPURE_CODE.filter(([pattern]) => file.path !== DEADLINE && pattern.test(file.code)).map(
          ([, what]) => `${file.path} ${what}`,
        ),
        ...file.imports
          .filter((one) => !one.typeOnly && one.target.startsWith('functions/') && !isPure(one.target))
          .map((one) => `${file.path} imports ${one.target}`),
      ]);
    expect(broken).toEqual([]);
  });

  it('lets nobody import an entry, for the stack names entries by path', () => {
    const broken = functions.flatMap((file) =>
      file.imports.filter((one) => isEntry(one.target)).map((one) => `${file.path} imports ${one.target}`),
    );
    expect(broken).toEqual([]);
  });

  it('lets the product import neither its infrastructure nor its tests', () => {
    const broken = functions.flatMap((file) =>
      file.imports
        .filter((one) => /^(infra|test)\//.test(one.target))
        .map((one) => `${file.path} imports ${one.target}`),
    );
    expect(broken).toEqual([]);
  });

  it('keeps a store to one AWS service', () => {
    const broken = functions
      .filter((file) => file.path.endsWith('-store.ts'))
      .map((file) => ({ path: file.path, services: new Set(file.imports.flatMap((one) => serviceOf(one.target))) }))
      .filter(({ services }) => services.size > 1)
      .map(({ path, services }) => `${path} talks to ${[...services].join(' and ')}`);
    expect(broken).toEqual([]);
  });

  it('has exactly the entries that the stack names', () => {
    const entries = functions.map((file) => file.path).filter((path) => path.endsWith('.lambda.ts'));
    expect(entries.toSorted()).toEqual(FUNCTIONS.map((spec) => spec.entry).toSorted());
  });

  it('imports nothing in a circle', () => {
    expect(cycles(everything)).toEqual([]);
  });
});

describe('The size of files', () => {
  it('keeps files to 300 lines and entries to 60', () => {
    const long = [...functions, ...sources('infra')]
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (isEntry(path) && path.endsWith('.lambda.ts') ? 60 : 300))
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(long).toEqual([]);
  });

  it('names no folder after nothing in particular', () => {
    const vague = everything
      .map((file) => file.path)
      .filter((path) => /\/(utils?|helpers?|common|managers?)\//.test(path));
    expect(vague).toEqual([]);
  });
});

function serviceOf(target: string): readonly string[] {
  if (target === '@aws-sdk/lib-dynamodb' || target === '@aws-sdk/util-dynamodb') return ['client-dynamodb'];
  if (target === '@aws-sdk/lib-storage') return ['client-s3'];
  return target.startsWith('@aws-sdk/') ? [target.slice('@aws-sdk/'.length)] : [];
}

/** Cycles of imports that exist at run time, each once. */
function cycles(files: readonly Source[]): readonly string[] {
  const graph = new Map(
    files.map((file) => [file.path, file.imports.filter((one) => !one.typeOnly).map((one) => one.target)]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
