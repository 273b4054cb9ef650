import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What others in the same process might notice: replaced modules, stubs, settings, handlers, timers, engines, processes. */
const NOTICED =
  /\bvi\.|aws-sdk-client-mock|process\.(env|on|once|chdir|exit)\b|child_process|worker_threads|globalThis|node:timers|@duckdb|aws-cdk-lib|playwright/;
/** What a module keeps from one use to the next. */
const KEPT = /^(export )?(let\b|const \w+(: [^=]+)? = (new (Map|Set|WeakMap|WeakSet)(<[^>]*>)?\(\)|\[\]|\{\});)/m;
/** Whole stacks, browsers, and what is made to fail: long, and rarely alike. */
const OWN = /^test\/(bench|browser|demo|faults|infra|local)\//;
const IMPORT = /(?:^|\n)(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/g;

/**
 * Test files that may run in one process, one after the other, since nothing that they load leaves anything behind there:
 * they load the same modules, which then need not be loaded anew for each. All others have a process of their own.
 * Answers paths from `root`.
 */
export function filesThatShare(root: string): readonly string[] {
  const read = new Map<string, Loaded>();
  const load = (file: string): Loaded => {
    const known = read.get(file);
    if (known !== undefined) return known;
    const text = readFileSync(join(root, file), 'utf8');
    const imports = [...text.matchAll(IMPORT)]
      .map(([, named, late]) => join(dirname(file), named ?? late ?? ''))
      .filter((found) => found.endsWith('.ts') && existsSync(join(root, found)));
    const loaded = { imports, isNoticed: NOTICED.test(text) || keeps(file, text) };
    read.set(file, loaded);
    return loaded;
  };
  const isNoticed = (file: string, seen: Set<string>): boolean => {
    if (seen.has(file)) return false;
    seen.add(file);
    const loaded = load(file);
    return loaded.isNoticed || loaded.imports.some((one) => isNoticed(one, seen));
  };
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => !OWN.test(file) && !isNoticed(file, new Set()))
    .toSorted();
}

/** What a test file keeps is its own: it is loaded once. */
function keeps(file: string, text: string): boolean {
  return !file.endsWith('.test.ts') && KEPT.test(text);
}

interface Loaded {
  readonly imports: readonly string[];
  readonly isNoticed: boolean;
}
