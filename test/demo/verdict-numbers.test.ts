import { describe, expect, it } from 'vitest';
import { buildOfflineReport } from '../../functions/evidence/report/offline-envelope.ts';
import { verdictNumbers } from '../../infra/demo/verdict-numbers.ts';
import { found, offlineInput } from '../evidence/report/sample-reports.ts';

const numbers = (input: Parameters<typeof buildOfflineReport>[0]) =>
  verdictNumbers(Buffer.from(JSON.stringify(buildOfflineReport(input))));

describe('The numbers of a gate in one line', () => {
  it('are what was measured, against what, what was allowed, and on how much', () => {
    const line = numbers(offlineInput());
    expect(line).toMatch(/^Absolute error, WAPE [\d.]+ % against [\d.]+ %: −[\d.]+ % \(upper bound below \+1\.0 %/);
    expect(line).toMatch(/; [\d,]+ rows of [\d,]+ series at \d+ forecast origins$/);
  });

  it('are those that failed, where something did', () => {
    const line = numbers(offlineInput({ decision: 'FAIL', reasons: ['BIAS'] }, { reasons: [found('BIAS')] }));
    expect(line).toMatch(/^Bias, forecast less demand /);
    expect(line).not.toContain('WAPE');
  });

  it('are none of what is no report', () => {
    expect(verdictNumbers(Buffer.from('{"gate":"shadow"}'))).toBe('');
    expect(verdictNumbers(Buffer.from('no JSON'))).toBe('');
  });
});
