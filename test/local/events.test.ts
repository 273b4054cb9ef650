import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEvents, type Events } from '../../infra/local/events.ts';

const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:look';
const Targets = [{ Id: 'T', Arn: ARN }];
let events: Events;
let delivered: unknown[];
let refuse: boolean;
const lines: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-03-02T12:00:00Z') });
  delivered = [];
  refuse = false;
  events = createEvents({
    now: () => new Date(),
    deliver: async ({ event }) => {
      if (refuse) throw new Error('no permission');
      delivered.push(event);
    },
    log: (line) => lines.push(line),
  });
});
afterEach(() => {
  events.stop();
  vi.useRealTimers();
});

describe('schedules', () => {
  test.each([
    ['rate(1 minute)', 60],
    ['rate(15 minutes)', 4],
    ['rate(1 hour)', 1],
    ['rate(1 day)', 0],
  ])('%s fires %i times in an hour', async (ScheduleExpression, times) => {
    events.addRule('look', { ScheduleExpression, Targets });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(delivered).toHaveLength(times);
  });

  test('fire with the input of the rule, or an event that names it', async () => {
    const arn = events.addRule('look', { ScheduleExpression: 'rate(1 day)', Targets });
    events.addRule('nod', { ScheduleExpression: 'rate(1 day)', Targets: [{ ...Targets[0], Input: '{"a":1}' }] });
    await events.tick('look');
    await events.tick('nod');
    expect(delivered).toMatchObject([
      { 'detail-type': 'Scheduled Event', time: '2026-03-02T12:00:00Z', resources: [arn] },
      { a: 1 },
    ]);
  });

  test('log a target that does not let them in', async () => {
    refuse = true;
    events.addRule('look', { ScheduleExpression: 'rate(1 day)', Targets });
    await events.tick('look');
    expect(lines).toContain('rule look: no permission');
  });
});

describe('patterns', () => {
  const event = {
    ...{ source: 'aws.states', detailType: 'Ended', resources: [] },
    detail: { status: 'FAILED', name: 'm_1_1' },
  };

  test.each([
    [{ source: ['aws.states'] }, 1],
    [{ source: ['aws.s3', 'aws.states'], detail: { status: ['FAILED', 'ABORTED'] } }, 1],
    [{ 'detail-type': ['Ended'], account: ['000000000000'] }, 1],
    [{ detail: { status: ['SUCCEEDED'] } }, 0],
    [{ detail: { missing: { deeper: ['x'] } } }, 0],
  ])('%j takes %i event', (EventPattern, times) => {
    events.addRule('ended', { EventPattern, Targets });
    events.putEvent(event);
    expect(delivered).toHaveLength(times);
  });
});

test.each([
  ['a calendar', { ScheduleExpression: 'cron(0 12 * * ? *)', Targets }, /look.*only rate/],
  ['a filter', { EventPattern: { detail: { name: [{ prefix: 'm_' }] } }, Targets }, /look.*EventPattern/],
  ['another target', { EventPattern: {}, Targets: [{ Id: 'T', Arn: 'arn:aws:sqs:x' }] }, /look.*Targets/],
])('a rule with %s is refused, naming it', (_what, properties, message) => {
  expect(() => events.addRule('look', properties)).toThrow(message);
});
