/** A hold is looked at for the next time after this share of the time that it has lasted, or after the poll, if that is longer. */
const SHARE = 0.2;

/**
 * Seconds to wait before a held canary is looked at again: the longer it is held, the rarer, so that no policy makes an
 * execution's history overflow; and once more just when its time is over.
 */
export function holdWait(of: {
  readonly pollSeconds: number;
  readonly heldSeconds: number;
  readonly mostSeconds: number;
}): number {
  const { pollSeconds, heldSeconds, mostSeconds } = of;
  const wait = Math.max(pollSeconds, Math.ceil(heldSeconds * SHARE));
  return Math.max(1, Math.min(wait, Math.ceil(mostSeconds - heldSeconds)));
}
