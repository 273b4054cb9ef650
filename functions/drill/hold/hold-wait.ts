/**
 * What is held is looked at for the next time after this share of the time that it has lasted, or after the poll, if that is
 * longer. Full promotion waits for nothing but a freeze, whose end is known.
 */
const SHARE = { canary: 0.2, production: 0.3, change: 0.2 } as const;

/**
 * Seconds to wait before a held stage is looked at again: the longer it is held, the rarer, so that no policy makes an
 * execution's history overflow; and once more just when something that holds it passes (`passesInSeconds`), and when its time
 * is over.
 */
export function holdWait(of: {
  readonly stage: keyof typeof SHARE;
  readonly pollSeconds: number;
  readonly heldSeconds: number;
  readonly mostSeconds: number;
  readonly passesInSeconds?: readonly number[];
}): number {
  const { stage, pollSeconds, heldSeconds, mostSeconds, passesInSeconds = [] } = of;
  const wait = Math.max(pollSeconds, Math.ceil(heldSeconds * SHARE[stage]));
  return Math.max(1, Math.min(wait, Math.ceil(mostSeconds - heldSeconds), ...passesInSeconds.map(Math.ceil)));
}
