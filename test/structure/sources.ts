import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface Source {
  /** Path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and string contents, for looking at what the code does. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** A path from the project's root, or a package's name. */
  readonly target: string;
  /** Erased at run time: `import type`. */
  readonly typeOnly: boolean;
}

/** Every TypeScript file under the given folders. */
export function sources(...folders: readonly string[]): readonly Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
      .map((name) => source(join(ROOT, folder, name))),
  );
}

function source(file: string): Source {
  const path = relative(ROOT, file).split(sep).join('/');
  const text = readFileSync(file, 'utf8');
  return { path, text, code: codeOnly(text), imports: importsOf(path, text) };
}

function importsOf(path: string, text: string): readonly Import[] {
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';$/gm)].map((match) => {
    const [, typeOnly, specifier = ''] = match;
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
    return { target, typeOnly: typeOnly !== undefined };
  });
}

function codeOnly(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}
