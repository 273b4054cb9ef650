import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { build } from 'esbuild';
import type { FunctionSpec } from './function-spec.ts';

const ROOT = join(import.meta.dirname, '..');

/** CommonJS dependencies inside an ES module call `require`, which an ES module does not have. */
const REQUIRE_BANNER = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";

/** One function's folder, deployed as it is. */
export interface Bundle {
  readonly name: string;
  readonly dir: string;
  /** Size of `index.mjs`, without the engine and the programs that may lie beside it. */
  readonly codeBytes: number;
}

/** What a function is made of: its handler, and programs that it runs in processes of their own, by their files' names. */
function entriesOf({
  name,
  entry,
  programs = [],
}: FunctionSpec): readonly { readonly in: string; readonly out: string }[] {
  return [
    { in: entry, out: `${name}/index` },
    ...programs.map((program) => ({ in: program, out: `${name}/${basename(program, '.ts')}` })),
  ];
}

/**
 * Bundles functions into `<outdir>/<name>/`, all in one run of esbuild. The SDK is part of each bundle: the runtime's own
 * is older, and drops the members of a request that it does not know.
 * @throws when an entry does not exist or does not compile
 */
export async function bundleFunctions(specs: readonly FunctionSpec[], outdir: string): Promise<readonly Bundle[]> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: specs.flatMap(entriesOf),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE_BANNER },
    external: ['@duckdb/*'],
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  await rm(outdir, { recursive: true, force: true });
  const sizes = new Map(
    await Promise.all(
      outputFiles.map(async ({ path, contents }) => {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, contents);
        return [relative(outdir, path), contents.byteLength] as const;
      }),
    ),
  );
  await Promise.all(specs.filter(({ duckdb }) => duckdb).map(({ name }) => addDuckdb(join(outdir, name))));
  return specs.map(({ name }) => ({
    name,
    dir: join(outdir, name),
    codeBytes: sizes.get(join(name, 'index.mjs')) ?? 0,
  }));
}

/** The bundles as code for the stack, made once for all of `specs`. */
export async function bundledCode(
  specs: readonly FunctionSpec[],
  outdir: string,
): Promise<(spec: FunctionSpec) => Code> {
  const dirs = new Map((await bundleFunctions(specs, outdir)).map(({ name, dir }) => [name, dir]));
  return ({ name }) => {
    const dir = dirs.get(name);
    if (dir === undefined) throw new Error(`The function ${name} was not bundled.`);
    return Code.fromAsset(dir);
  };
}

/** DuckDB is a native library and cannot be part of a bundle: its packages lie beside it, for this machine's platform. */
async function addDuckdb(dir: string): Promise<void> {
  const installed = join(ROOT, 'node_modules', '@duckdb');
  const packages = (await readdir(installed)).filter(
    (name) => ['node-api', 'node-bindings'].includes(name) || name.startsWith(`node-bindings-linux-${process.arch}`),
  );
  await Promise.all(
    packages.map((name) =>
      cp(join(installed, name), join(dir, 'node_modules', '@duckdb', name), { recursive: true, dereference: true }),
    ),
  );
}
