import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { filesThatShare } from '../shared-process.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function sharing(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'shared-process-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return filesThatShare(root);
}

const PLAIN = "import { one } from '../../functions/one.ts';\n";

describe('Test files share a process', () => {
  it('when nothing that they load leaves anything behind there', () => {
    const functions = {
      'functions/one.ts': "import { two } from './two.ts';",
      'functions/two.ts': 'export const two = 2;',
    };
    expect(sharing({ 'test/a/one.test.ts': PLAIN, ...functions })).toEqual(['test/a/one.test.ts']);
  });

  it.each([
    "vi.mock('./three.ts');",
    "import { mockClient } from 'aws-sdk-client-mock';",
    "process.env['MODEL'] = 'demand';",
    "process.once('exit', end);",
    "import { fork } from 'node:child_process';",
    'globalThis.setTimeout = longer;',
  ])('unless one of them says %s, however far down', (line) => {
    const functions = { 'functions/one.ts': "export { two } from './two.ts';", 'functions/two.ts': line };
    const late = "const { one } = await import('../../functions/one.ts');\n";
    expect(sharing({ 'test/a/one.test.ts': PLAIN, 'test/a/late.test.ts': late, ...functions })).toEqual([]);
    expect(sharing({ 'test/a/one.test.ts': `${line}\n` })).toEqual([]);
  });

  it.each(['let last = 0;', 'const seen = new Map<string, number>();', 'export const told: string[] = [];'])(
    'unless a module that they load keeps something from one use to the next: %s',
    (line) => {
      expect(sharing({ 'test/a/one.test.ts': PLAIN, 'functions/one.ts': `${line}\n` })).toEqual([]);
      expect(sharing({ 'test/a/one.test.ts': `${line}\n` })).toEqual(['test/a/one.test.ts']);
    },
  );

  it('whatever they take only the types of', () => {
    const types = "import type { Child } from '../../functions/child.ts';\n";
    const child = { 'functions/child.ts': "import { fork } from 'node:child_process';" };
    expect(sharing({ 'test/a/one.test.ts': types, ...child })).toEqual(['test/a/one.test.ts']);
  });

  it('unless they start whole stacks or browsers, or make things fail', () => {
    expect(
      sharing({ 'test/faults/one.test.ts': '', 'test/local/one.test.ts': '', 'test/browser/one.test.ts': '' }),
    ).toEqual([]);
  });
});
