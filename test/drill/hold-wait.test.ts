import { describe, expect, it } from 'vitest';
import { holdWait } from '../../functions/drill/hold/hold-wait.ts';
import { durationSeconds } from '../../functions/platform/duration.ts';
import { LOOKS_PER_HOLD } from '../../functions/registry/history-budget.ts';
import { FLOORS } from '../../functions/registry/policy.ts';

function looksOf(pollSeconds: number, mostSeconds: number): { readonly looks: number; readonly heldSeconds: number } {
  let [looks, heldSeconds] = [1, 0];
  while (heldSeconds < mostSeconds) {
    heldSeconds += holdWait({ pollSeconds, heldSeconds, mostSeconds });
    looks += 1;
  }
  return { looks, heldSeconds };
}

describe('A hold', () => {
  it('looks so often at most as the history of an execution has room for, under every policy that may be written', () => {
    const [shortest, longest] = [durationSeconds(FLOORS.poll), durationSeconds(FLOORS.expiry)];
    for (const pollSeconds of [shortest, 7, 60, 10_800, 86_400]) {
      for (const mostSeconds of [60, 3_600, 86_400, longest]) {
        expect(looksOf(pollSeconds, mostSeconds).looks, `${pollSeconds} ${mostSeconds}`).toBeLessThanOrEqual(
          LOOKS_PER_HOLD,
        );
      }
    }
  });

  it('looks for the last time just when an approval would expire', () => {
    expect(looksOf(7, 100).heldSeconds).toBe(100);
    expect(looksOf(10_800, 3_600).heldSeconds).toBe(3_600);
  });

  it('looks as often as the poll at first, and never waits for nothing', () => {
    expect(holdWait({ pollSeconds: 30, heldSeconds: 60, mostSeconds: 604_800 })).toBe(30);
    expect(holdWait({ pollSeconds: 1, heldSeconds: 0, mostSeconds: 604_800 })).toBe(1);
    expect(holdWait({ pollSeconds: 1, heldSeconds: 700_000, mostSeconds: 604_800 })).toBe(1);
  });
});
