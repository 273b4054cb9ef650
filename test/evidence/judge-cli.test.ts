import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'judge-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

function run(...argv: string[]) {
  const cli = join(ROOT, 'functions/evidence/judge.cli.ts');
  return spawnSync(process.execPath, [cli, ...argv], { cwd: directory, encoding: 'utf8' });
}

function file(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  return name;
}

const DAILY = 'date,abs_err,comparator_abs_err,invalid,rows,expected_rows\n2026-03-01,9,10,1,5,5';

describe('the command that judges local evidence', () => {
  it('prints JSON alone and exits with 0, whatever the verdict', () => {
    const rollback = run(file('case.json', JSON.stringify({ kind: 'guard', inputs: { daily: DAILY } })));
    expect(rollback).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(rollback.stdout)).toMatchObject({ gate: 'guard', decision: 'ROLLBACK' });
    const unit = run(
      file('unit.json', JSON.stringify({ kind: 'unit', function: 'holm', calls: [{ args: { p: [0.5] } }] })),
    );
    expect(JSON.parse(unit.stdout)).toEqual([{ args: { p: [0.5] }, result: [0.5] }]);
  });

  it('exits with 2 on unusable input and says on stderr, without a stack, what to do', () => {
    const table = run('guard', '--daily', file('daily.csv', 'date,rows\n2026-03-01,1'));
    expect(table).toMatchObject({ status: 2, stdout: '' });
    expect(table.stderr).toContain(
      'DAILY_COLUMN_MISSING:abs_err (daily): The daily needs exactly one column named abs_err.',
    );
    expect(table.stderr).toContain('  next    Write the file with a header of these names');
    expect(table.stderr).not.toMatch(/^\s+at /m);
    const words = run('gard', '--daily', 'daily.csv');
    expect(words).toMatchObject({ status: 2, stdout: '' });
    expect(words.stderr).toContain('Did you mean guard?');
    expect(words.stderr).toContain('judge guard --daily FILE [--config FILE]');
  });

  it('says beside the result that a cohort of regions can never pass', () => {
    const outcomes = [
      'period,date,sku,store,region,arm,units,forecast,stockout,overstock_units',
      'post,2026-03-01,milk,harbour,north,canary,5,6,0,1',
    ].join('\n');
    const found = run(
      file('regions.json', JSON.stringify({ kind: 'canary', inputs: { outcomes }, config: { cluster: 'region' } })),
    );
    expect(found).toMatchObject({ status: 0, stderr: expect.stringContaining('TOO_FEW_CLUSTERS: regions') });
    expect(JSON.parse(found.stdout)).toMatchObject({ gate: 'canary', decision: 'CONTINUE', warnings: [] });
  });
});
