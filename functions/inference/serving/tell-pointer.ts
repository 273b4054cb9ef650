import type { PointerCounts, PointerEvent } from '../pointer/pointer-event.ts';
import type { Count, Signal, SignalDetail } from './signals.ts';

/** A line of the log. */
export interface Word {
  readonly level: 'info' | 'warn' | 'error';
  readonly name: string;
  readonly detail: SignalDetail;
}

/** How it is told what a reader noticed: a move is news, a look that failed not yet a fault, minutes of silence are one. */
export function wordOf(model: string, event: PointerEvent): Word {
  switch (event.kind) {
    case 'moved': {
      const { from, to, backward, source } = event;
      const detail = { model, from: from ?? 0, to, backward: Number(backward), source };
      return { level: 'info', name: 'POINTER_MOVED', detail };
    }
    case 'refused': {
      const { code, reason } = event;
      return { level: 'error', name: 'POINTER_REFUSED', detail: { model, code, reason } };
    }
    case 'not-refreshed': {
      const { code, reason, staleSeconds } = event;
      return { level: 'warn', name: 'POINTER_NOT_REFRESHED', detail: { model, code, reason, staleSeconds } };
    }
    case 'stale': {
      const { code, reason, staleSeconds } = event;
      return { level: 'error', name: 'POINTER_STALE', detail: { model, code, reason, staleSeconds } };
    }
    case 'recovered': {
      const { code, failedLooks, seconds } = event;
      return { level: 'info', name: 'POINTER_RECOVERED', detail: { model, code, failedLooks, seconds } };
    }
    case 'renewed':
      return { level: 'info', name: 'POINTER_SESSION_RENEWED', detail: { model } };
  }
}

type PointerCount = Extract<Signal | Count, `POINTER_${string}`>;

/** What a reader counted between two moments, by the name of its metric. Unlike what is told, it goes on while a fault does. */
export function pointerCounts(
  before: PointerCounts,
  after: PointerCounts,
): readonly (readonly [PointerCount, number])[] {
  return [
    ['POINTER_REFUSED', after.refused - before.refused],
    ['POINTER_STALE', after.stale - before.stale],
    ['POINTER_NOT_REFRESHED', after.notRefreshed - before.notRefreshed],
    ['POINTER_WENT_BACK', after.wentBack - before.wentBack],
  ];
}
