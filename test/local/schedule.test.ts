import { describe, expect, test } from 'vitest';
import { checkPattern, matchesPattern } from '../../infra/local/events/event-pattern.ts';
import { parseSchedule } from '../../infra/local/events/schedule.ts';

const noon = new Date('2026-03-02T12:00:00Z'); // a Monday

describe('schedules', () => {
  test.each([
    ['rate(1 minute)', [1, 2, 3]],
    ['rate(2 minutes)', [2, 4]],
    ['rate(1 hour)', [60, 120]],
    ['rate(1 day)', [1440]],
  ])('%s is due at these minutes after the start', (expression, minutes) => {
    const due = parseSchedule(expression, 'r');
    const last = minutes.at(-1) ?? 0;
    const found = Array.from({ length: last + 1 }, (_, minute) => minute).filter((minute) => due(noon, minute));
    expect(found).toEqual(minutes);
  });

  test.each([
    ['cron(0 12 * * ? *)', true],
    ['cron(0/15 * * * ? *)', true],
    ['cron(5/15 * * * ? *)', false],
    ['cron(0 8-11 * * ? *)', false],
    ['cron(0 8,12 2 3 ? 2026)', true],
    ['cron(0 12 ? * 2-6 *)', true],
    ['cron(0 12 ? * 1,7 *)', false],
  ])('%s at noon on Monday, 2 March 2026: %s', (expression, due) => {
    expect(parseSchedule(expression, 'r')(noon, 0)).toBe(due);
  });

  test.each(['rate(1 week)', 'cron(0 12 * * MON *)', 'cron(0 12 * *)', 'at(2026-01-01T00:00:00)'])(
    '%s is refused, naming the rule',
    (expression) => {
      expect(() => parseSchedule(expression, 'weekly-look')).toThrow(/weekly-look.*does not read/);
    },
  );
});

describe('event patterns', () => {
  const event = { source: 'aws.states', detail: { status: 'FAILED', name: 'm_1_1', tags: ['a', 'b'] } };

  test.each([
    [{ source: ['aws.states'] }, true],
    [{ source: ['aws.s3', 'aws.states'], detail: { status: ['FAILED', 'ABORTED'] } }, true],
    [{ detail: { status: ['SUCCEEDED'] } }, false],
    [{ detail: { tags: ['b'] } }, true],
    [{ detail: { name: [{ prefix: 'm_' }] } }, true],
    [{ detail: { name: [{ suffix: '_2' }] } }, false],
    [{ detail: { error: [{ exists: false }] } }, true],
    [{ detail: { status: [{ 'anything-but': ['FAILED'] }] } }, false],
    [{ detail: { status: [{ 'anything-but': 'SUCCEEDED' }] } }, true],
    [{ detail: { missing: { deeper: ['x'] } } }, false],
  ])('%j: %s', (pattern, expected) => {
    expect(matchesPattern(pattern, event)).toBe(expected);
  });

  test('a filter that is not known is refused, naming the rule', () => {
    expect(() => checkPattern({ detail: { size: [{ numeric: ['>', 1] }] } }, 'big')).toThrow(
      /big filters events by numeric/,
    );
  });
});
