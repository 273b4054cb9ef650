import { describe, expect, it } from 'vitest';
import { refusalText, reportJson, reportText, unreadable } from '../../../functions/ledger/verifier/report.ts';
import type { Verification } from '../../../functions/ledger/verifier/verify-chain.ts';

const sound: Verification = {
  model: 'demand',
  entries: 12,
  anchors: 3,
  head: { seq: 12, entryHash: 'abc' },
  lastAnchor: { seq: 10, at: '2026-03-01T08:00:00.000Z' },
};
const unsound: Verification = {
  ...sound,
  entries: 4,
  fault: { position: 5, kind: 'altered', message: 'The digest differs.', got: 'x', expected: 'y' },
};
const settings = { model: 'demand', table: 't', bucket: 'b', key: { file: 'k' }, endpoint: 'http://127.0.0.1:9' };

describe('the report', () => {
  it('says OK with entries, head and last anchor', () => {
    expect(reportText(sound, true).split('\n')).toEqual([
      'OK   demand: 12 entries; digests, order and signatures hold',
      '     head         position 12 abc',
      '     last anchor  position 10 of 2026-03-01T08:00:00.000Z (3 compared)',
    ]);
  });

  it('says when there is no anchor yet, and when anchors were left out', () => {
    expect(reportText({ ...sound, lastAnchor: null, anchors: 0 }, true)).toContain('none yet');
    expect(reportText(sound, false)).toContain('a chain cut short is not found');
  });

  it('names the first bad position and what is wrong', () => {
    expect(reportText(unsound, true).split('\n')).toEqual([
      'BAD  demand: position 5 is altered',
      '     The digest differs.',
      '     got       x',
      '     expected  y',
      '     4 entries before it hold.',
    ]);
  });

  it('says the same as JSON', () => {
    expect(JSON.parse(reportJson(sound, true))).toEqual({ ok: true, anchored: true, ...sound });
    expect(JSON.parse(reportJson(unsound, false))).toEqual({ ok: false, anchored: false, ...unsound });
  });
});

describe('a refusal', () => {
  it('lists each reason with what to do', () => {
    const reasons = [
      { code: 'A', path: '--model', message: 'Missing.', got: 'x' },
      { code: 'B', message: 'Away.', next: 'Start it.' },
    ];
    expect(refusalText(reasons)).toBe('--model: Missing. Got: x\nAway.\n  Start it.');
  });

  it.each([
    [{ name: 'AggregateError', code: 'ECONNREFUSED' }, 'npm start'],
    [{ name: 'ResourceNotFoundException' }, 'There is no table t at http://127.0.0.1:9'],
    [{ name: 'NoSuchBucket' }, '--bucket'],
    [{ name: 'NotFoundException' }, '--key'],
    [{ name: 'AccessDenied' }, 'dynamodb:Query'],
    [{ name: 'CredentialsProviderError' }, 'Sign in'],
    [{ name: 'Error', code: 'ENOENT' }, '--public-key'],
    [{ name: 'Error', code: 'ERR_OSSL_UNSUPPORTED' }, 'PEM'],
    [{ name: 'SomethingElse' }, 'repeat'],
  ])('says what to do about %o', (members, next) => {
    expect(unreadable(Object.assign(new Error('why'), members), settings).next).toContain(next);
  });

  it('takes what is thrown without being an error', () => {
    expect(unreadable('odd', settings).message).toBe('Error: odd');
  });
});
