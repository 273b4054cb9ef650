import { describe, expect, it } from 'vitest';
import { within } from '../../functions/platform/deadline.ts';

describe('Work within a limit', () => {
  it('answers what it gave', async () => {
    expect(await within(1000, async () => 42)).toEqual({ done: true, value: 42 });
  });

  it('answers what it failed with, also when it fails before it begins', async () => {
    const cause = new Error('down');
    const failing = () => {
      throw cause;
    };
    expect(await within(1000, () => Promise.reject(cause))).toEqual({ done: false, timedOut: false, cause });
    expect(await within(1000, failing)).toEqual({ done: false, timedOut: false, cause });
  });

  it('is left behind when it takes too long, and told so', async () => {
    let told = false;
    const outcome = await within(5, (signal) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      return new Promise(() => {});
    });
    expect(outcome).toMatchObject({ done: false, timedOut: true });
    expect(told).toBe(true);
  });
});
