import { describe, expect, it } from 'vitest';
import { holdWait } from '../../functions/drill/hold/hold-wait.ts';
import { durationSeconds } from '../../functions/platform/duration.ts';
import { LOOKS_PER_HOLD } from '../../functions/registry/history-budget.ts';
import { FLOORS } from '../../functions/registry/policy.ts';

type Stage = keyof typeof LOOKS_PER_HOLD;

function looksOf(stage: Stage, pollSeconds: number, mostSeconds: number) {
  let [looks, heldSeconds] = [1, 0];
  while (heldSeconds < mostSeconds) {
    heldSeconds += holdWait({ stage, pollSeconds, heldSeconds, mostSeconds });
    looks += 1;
  }
  return { looks, heldSeconds };
}

describe('A hold', () => {
  it.each([
    ['canary', durationSeconds(FLOORS.leadTime)],
    ['production', 0],
    ['change', durationSeconds(FLOORS.leadTime)],
  ] as const)(
    'of the %s looks so often at most as the history of an execution has room for, under every policy',
    (stage, promised) => {
      const [shortest, longest] = [durationSeconds(FLOORS.poll), durationSeconds(FLOORS.expiry) + promised];
      // Room for a look at the end of each of some freezes, and of a lead time.
      const room = LOOKS_PER_HOLD[stage] - 8;
      for (const pollSeconds of [shortest, 7, 60, 10_800, 86_400]) {
        for (const mostSeconds of [60, 3_600, 86_400, longest]) {
          const { looks } = looksOf(stage, pollSeconds, mostSeconds);
          expect(looks, `${pollSeconds} ${mostSeconds}`).toBeLessThanOrEqual(room);
        }
      }
    },
  );

  it('is looked at just when something that holds it passes', () => {
    const held = { stage: 'canary', pollSeconds: 60, heldSeconds: 86_400, mostSeconds: 604_800 } as const;
    expect(holdWait({ ...held, passesInSeconds: [99.2, 4_000] })).toBe(100);
    expect(holdWait({ ...held, passesInSeconds: [90_000] })).toBe(17_280);
  });

  it('looks for the last time just when an approval would expire', () => {
    expect(looksOf('canary', 7, 100).heldSeconds).toBe(100);
    expect(looksOf('production', 10_800, 3_600).heldSeconds).toBe(3_600);
  });

  it('looks as often as the poll at first, and never waits for nothing', () => {
    expect(holdWait({ stage: 'canary', pollSeconds: 30, heldSeconds: 60, mostSeconds: 604_800 })).toBe(30);
    expect(holdWait({ stage: 'canary', pollSeconds: 1, heldSeconds: 0, mostSeconds: 604_800 })).toBe(1);
    expect(holdWait({ stage: 'canary', pollSeconds: 1, heldSeconds: 700_000, mostSeconds: 604_800 })).toBe(1);
  });
});
