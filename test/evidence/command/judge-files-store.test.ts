import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../../functions/evidence/command/judge-arguments.ts';
import { judgeArguments, judgeCaseText } from '../../../functions/evidence/command/judge-files-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'judge-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

const HEADER = 'date,abs_err,comparator_abs_err,invalid,rows,expected_rows';
const DAILY = [HEADER, ...Array.from({ length: 31 }, (_, index) => `2026-03-${index + 1},9,10,0,5,5`)]
  .map((line) => line.replace(/-(\d),/, '-0$1,'))
  .join('\n');
const SHADOW =
  'origin_date,sku,store,region,target_date,actual,candidate,production\n2026-03-01,a,b,c,2026-03-02,1,1,1';

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

/** As from the command line. */
async function judge(...argv: string[]): Promise<unknown> {
  const parsed = parseArguments(argv);
  if (!parsed.ok || parsed.value.kind === 'help') throw new Error('The arguments were refused.');
  return judgeArguments(parsed.value);
}

async function faults(...argv: string[]): Promise<readonly string[]> {
  try {
    await judge(...argv);
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'reasons' in error && Array.isArray(error.reasons))) throw error;
    return error.reasons.map(({ code, path }) => `${code} ${path}`);
  }
}

describe('the judge of local files', () => {
  it('answers alike for a worked case and for files, gzip or not, with settings', async () => {
    const config = { ref_days: 14, window: 3 };
    const expected = await judgeCaseText(JSON.stringify({ kind: 'guard', inputs: { daily: DAILY }, config }));
    expect(expected).toMatchObject({ gate: 'guard', decision: 'OK', n_ref: 14, n_live: 17 });
    const settings = file('settings.json', JSON.stringify(config));
    expect(await judge('guard', '--daily', file('daily.csv', DAILY), '--config', settings)).toEqual(expected);
    expect(await judge('guard', '--daily', file('daily.txt', gzipSync(DAILY)), '--config', settings)).toEqual(expected);
    const worked = file('case.json', JSON.stringify({ kind: 'guard', inputs: { daily: DAILY }, config }));
    expect(await judge(worked)).toEqual(expected);
  });

  it('leaves nothing beside the files that it was given', async () => {
    const own = join(directory, 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'daily.csv.gz'), gzipSync(DAILY));
    await judge('guard', '--daily', join(own, 'daily.csv.gz'));
    expect(readdirSync(own)).toEqual(['daily.csv.gz']);
  });

  it('asks each judge by its tables', async () => {
    expect(await judge('shadow', '--rows', file('shadow.csv', SHADOW))).toMatchObject({
      gate: 'shadow',
      decision: 'CONTINUE',
    });
  });

  it('refuses files that are not there, folders, settings that are not JSON or impossible, all at once', async () => {
    const text = file('text.json', 'no JSON');
    expect(await faults(join(directory, 'missing.json'))).toEqual(['FILE_UNREADABLE CASE']);
    expect(
      await faults('offline', '--rows', directory, '--history', join(directory, 'none'), '--config', text),
    ).toEqual([...['SETTINGS_NOT_JSON --config', 'FILE_UNREADABLE --rows', 'FILE_UNREADABLE --history']]);
    const settings = file('wrong.json', JSON.stringify({ widow: 7, warn: -1 }));
    expect(await faults('guard', '--daily', join(directory, 'none'), '--config', settings)).toEqual([
      ...['INVALID_SETTING config.warn', 'UNKNOWN_SETTING config.widow', 'FILE_UNREADABLE --daily'],
    ]);
    const bare = file('bare.csv', 'date,rows\n2026-03-01,1');
    expect(await faults('guard', '--daily', bare, '--config', settings)).toEqual([
      ...['INVALID_SETTING config.warn', 'UNKNOWN_SETTING config.widow'],
      ...['abs_err', 'comparator_abs_err', 'invalid', 'expected_rows'].map(
        (name) => `DAILY_COLUMN_MISSING:${name} daily`,
      ),
    ]);
    expect(await faults('canary', '--outcomes', text, '--state', file('state.json', '{"look":-1}'))).toContain(
      'INVALID_SETTING state.look',
    );
  });

  it.each([
    ['no table', 'just words', 'DAILY_COLUMN_MISSING:date daily'],
    ['nothing', '', 'DAILY_UNREADABLE daily'],
    ['a header alone', HEADER, 'DAILY_EMPTY daily'],
    ['gzip that is cut off', gzipSync(DAILY.repeat(50)).subarray(0, 200), 'DAILY_UNREADABLE daily'],
    ['bytes', Uint8Array.from([0, 159, 146, 150, 10]), 'DAILY_UNREADABLE daily'],
  ])('refuses a table that is %s', async (_, content, fault) => {
    expect(await faults('guard', '--daily', file('bad', content))).toContain(fault);
  });
});
