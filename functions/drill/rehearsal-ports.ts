import type { PointerPlace } from '../pointer/appconfig-store.ts';
import type { RollbackAnswer } from '../rollback/rollback-answer.ts';
import type { RollBackPorts } from '../rollback/rollback-ports.ts';

/** What the function that goes back answers to a drill. */
export interface RehearsalAnswer {
  readonly rollback: RollbackAnswer;
  /** UTC; null when nothing was decided on. */
  readonly decidedAt: string | null;
}

/** The ports of a rollback for a drill. */
export interface Rehearsal {
  readonly ports: RollBackPorts;
  /** When the target was decided on, UTC; null until then. */
  readonly decidedAt: () => string | null;
}

/**
 * The same ports, so that a drill needs the same rights and takes the same time; only the place is that of drills, and the
 * intent is not recorded, since nothing is rolled back. The moment at which it would be is the one of the decision.
 */
export function rehearsalPorts(ports: RollBackPorts, place: PointerPlace): Rehearsal {
  let decidedAt: string | null = null;
  const append: RollBackPorts['ledger']['append'] = async () => {
    decidedAt ??= ports.now();
    return { seq: 0, entryHash: '' };
  };
  return { decidedAt: () => decidedAt, ports: { ...ports, place, ledger: { append } } };
}
