import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withoutDelayLimit } from '../../infra/local/step-functions/long-timers.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('fires a delay of 60 days once, after 60 days', () => {
  const fired = vi.fn();
  withoutDelayLimit(globalThis.setTimeout)(fired, 60 * DAY_MS, 'argument');
  vi.advanceTimersByTime(60 * DAY_MS - 10);
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(400 * DAY_MS);
  expect(fired.mock.calls).toEqual([['argument']]);
});

it('lets clearTimeout end a long delay in any of its legs', () => {
  const fired = vi.fn();
  const timer = withoutDelayLimit(globalThis.setTimeout)(fired, 60 * DAY_MS);
  vi.advanceTimersByTime(40 * DAY_MS);
  clearTimeout(timer);
  vi.advanceTimersByTime(40 * DAY_MS);
  expect(fired).not.toHaveBeenCalled();
});

it('leaves shorter delays to Node', () => {
  const fired = vi.fn();
  withoutDelayLimit(globalThis.setTimeout)(fired, 5);
  vi.advanceTimersByTime(5);
  expect(fired).toHaveBeenCalledOnce();
});
