import type { PointerEvent } from '../pointer/pointer-reader-store.ts';
import type { SignalDetail } from './signals.ts';

export interface PointerWords {
  readonly logger: Readonly<Record<'info' | 'warn', (name: string, detail: SignalDetail) => void>>;
  readonly signal: (name: 'POINTER_REFUSED' | 'POINTER_STALE', detail: SignalDetail) => void;
}

/** A rollback does not reach an environment that sees no pointer: that long is more than a passing fault. */
const STALE_SECONDS = 300;

/** Tells what a reader noticed: a move is news, a look that failed is not yet a fault, silence for minutes is one. */
export function tellPointer({ logger, signal }: PointerWords, model: string, event: PointerEvent): void {
  if (event.kind === 'moved') {
    const { from, to, backward } = event;
    logger.info('POINTER_MOVED', { model, from: from ?? 0, to, backward: Number(backward) });
  } else if (event.kind === 'refused') signal('POINTER_REFUSED', { model, reason: event.reason });
  else {
    const { reason, staleSeconds } = event;
    if (staleSeconds > STALE_SECONDS) signal('POINTER_STALE', { model, reason, staleSeconds });
    else logger.warn('POINTER_NOT_REFRESHED', { model, reason, staleSeconds });
  }
}
