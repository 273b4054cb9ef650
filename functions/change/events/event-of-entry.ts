import type { EntryBody, EntryType } from '../../ledger/entry.ts';
import { visibleLine } from '../../platform/html.ts';
import { EVENT_SCHEMA, type ReleaseEvent, releaseEvent } from './release-event.ts';
import { severityOf } from './severity.ts';
import { changeEnded, changeRequested, decided, gateOpened, noted, settings } from './tell-change.ts';
import { acknowledged, drilled, noticed, readiness, recalled, rolledBack, thrown, undone } from './tell-going-back.ts';
import { announced, excepted, held, noticeRecalled, noticeSeen } from './tell-hold.ts';
import { exposureEnded, judged, moved, promotionEnded, registered } from './tell-promotion.ts';
import { clipped, type Teller } from './told.ts';

/** What an event may take of the run that its entry names; null where that is none, or is not to be found. */
export interface EventRun {
  readonly change: { readonly critical?: true | undefined };
  /** As the rule gave it; absent on a run of an earlier release. */
  readonly severity?: { readonly level: string } | undefined;
  readonly version?: string | undefined;
}

const MAX_SUMMARY = 500;

/**
 * The event that an entry of the ledger is told by; null for entries that are of nobody's concern outside. The same entry
 * gives the same event, whenever it is asked.
 * @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type
 */
export function eventOfEntry(body: EntryBody, run: EventRun | null): ReleaseEvent | null {
  const told = TELLERS[body.type]?.(body) ?? null;
  if (told === null) return null;
  const promotionId = body.data['promotionId'];
  const { event, detail, summary, version = run?.version } = told;
  const head = {
    ...{
      schema: EVENT_SCHEMA,
      id: `${body.model}/${body.seq}`,
      severity: told.severity ?? severityOf(event, run),
    },
    ...{ model: body.model, at: body.at, summary: clipped(visibleLine(summary), MAX_SUMMARY), actor: body.actor.name },
    ledgerPosition: body.seq,
    ...(typeof promotionId === 'string' && promotionId !== '' ? { promotionId } : {}),
    ...(version === undefined ? {} : { version }),
  };
  return releaseEvent.parse({ ...head, event, detail });
}

/** The run that an entry names; empty: it names none. */
export function runOfEntry({ data }: EntryBody): string {
  return typeof data['promotionId'] === 'string' ? data['promotionId'] : '';
}

/** How each type of entry is told. A new type says here whether, and as what, other systems are told of it. */
const TELLERS: Readonly<Record<EntryType, Teller | null>> = {
  'change-requested': changeRequested,
  'model-onboarded': settings('model-onboarded'),
  'model-changed': settings('settings-changed'),
  'change-ended': changeEnded,
  'candidate-registered': registered,
  'gate-judged': judged,
  'look-recorded': null,
  'manifest-signed': null,
  'return-prepared': null,
  'pointer-move-intended': null,
  'pointer-moved': moved,
  'canary-held': held,
  'change-announced': announced,
  'notice-acknowledged': noticeSeen,
  'notice-recalled': noticeRecalled,
  'hold-excepted': excepted,
  // The document of the next step follows, and is told.
  'canary-advanced': null,
  'exposure-ended': exposureEnded,
  'promotion-ended': promotionEnded,
  'release-noted': noted,
  'guard-looked': null,
  'gate-opened': gateOpened,
  'approval-decided': decided,
  // Who is asked in whose place concerns those people, and stands in the ledger.
  'request-resent': null,
  'request-delegated': null,
  'gate-closed': null,
  // It changed nothing; an alarm rings.
  'callback-forged': null,
  'rollback-intended': null,
  'rolled-back': rolledBack,
  'forecasts-recalled': recalled,
  'recall-acknowledged': acknowledged,
  'kill-switch-intended': null,
  'kill-switch-thrown': thrown,
  'readiness-checked': readiness,
  'drill-completed': drilled,
  'change-noticed': noticed,
  'change-undone': undone,
  'principal-recorded': null,
};
