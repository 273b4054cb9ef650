import * as z from 'zod';
import { instant } from '../../approval/wording.ts';
import type { EntryBody } from '../../ledger/entry.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { type StoredObject, storedObject } from '../../registry/items.ts';
import { eventOfEntry, runOfEntry } from '../events/event-of-entry.ts';
import type { EventName, ReleaseEvent } from '../events/release-event.ts';
import { listed, type Note, paragraph, type Section, section } from './note.ts';
import { objectWords } from './note-facts.ts';

/** What a change log tells: what acted on production or on the model, and how attempts ended. */
const LOGGED: Readonly<Partial<Record<EventName, string>>> = {
  'stage-entered': 'In production',
  rejected: 'Rejected',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  'ended-by-rollback': 'Ended by a rollback',
  'model-onboarded': 'Set up',
  'settings-changed': 'Settings changed',
  'rolled-back': 'Rolled back',
  'hold-excepted': 'Exception made',
  'kill-switch-thrown': 'Kill switch thrown',
  'kill-switch-left': 'Kill switch left',
  'change-noticed': 'Changed by nobody',
  'change-undone': 'Undone',
};

/** Events after which a change log is made anew: those that it tells, and the notes that it names. */
export const LOGGED_EVENTS = [...Object.keys(LOGGED), 'release-noted'] as const;

interface Logged {
  readonly event: ReleaseEvent;
  /** The change record's reason, where there is one. */
  readonly reason: string;
  /** Who asked for the run and who had approved it by then, a line each; a system acts on what people decided. */
  readonly people: readonly string[];
}

/** The people of one run. */
interface People {
  readonly askedFor: string;
  readonly approved: readonly { readonly stage: string; readonly name: string }[];
}
const NOBODY: People = { askedFor: '', approved: [] };

const noted = z.object({
  promotionId: z.string().optional(),
  fact: z.number().optional(),
  note: storedObject,
  page: storedObject.optional(),
});
const gated = z.object({ stage: z.string() });
const approval = gated.extend({ decision: z.literal('approve') });
const asked = z.object({
  promotionId: z.string(),
  version: z.string().optional(),
  severity: z.object({ level: z.string() }).optional(),
  change: z.object({ reason: z.string(), critical: z.literal(true).optional() }),
});
type Asked = z.infer<typeof asked>;
type Noted = z.infer<typeof noted>;

/** Builds a model's change log: give it every entry of the ledger in order. The same ledger gives the same bytes. */
export class ChangeLog {
  readonly #model: string;
  readonly #logged: Logged[] = [];
  readonly #asked = new Map<string, Asked>();
  readonly #people = new Map<string, People>();
  readonly #notes: Noted[] = [];
  readonly #unreadable: number[] = [];
  #position = 0;

  constructor(model: string) {
    this.#model = model;
  }

  /** Position of the newest entry that it knows. */
  get position(): number {
    return this.#position;
  }

  /** An entry that is not of its type keeps none of the others out; the log names it. */
  add(body: EntryBody): void {
    this.#position = body.seq;
    const run = asked.safeParse(body.data);
    if (run.success) this.#asked.set(run.data.promotionId, run.data);
    if (body.type === 'release-noted') {
      const note = noted.safeParse(body.data);
      if (note.success) this.#notes.push(note.data);
    }
    const id = runOfEntry(body);
    const people = withActor(this.#people.get(id) ?? NOBODY, body);
    this.#people.set(id, people);
    try {
      const of = this.#asked.get(id);
      const event = eventOfEntry(body, of ?? null);
      if (event === null || !isLogged(event)) return;
      this.#logged.push({ event, reason: of?.change.reason ?? '', people: id === '' ? [] : peopleWords(people) });
    } catch (error) {
      if (!isReleaseError(error, 'CORRUPT_ITEM')) throw error;
      this.#unreadable.push(body.seq);
    }
  }

  /** The log, the newest first. */
  note(): Note {
    const count = this.#logged.length;
    return {
      title: `Change log of ${this.#model}`,
      lead: [
        `What changed about ${this.#model}, the newest first: ${count} ${count === 1 ? 'entry' : 'entries'}, up to ledger position ${this.#position}.`,
        `It is made from the ledger alone and can be made again from it.${this.#unreadable.length === 0 ? '' : ` Not readable: ${this.#unreadable.join(', ')}.`}`,
      ],
      sections: this.#logged.toReversed().flatMap((logged) => this.#section(logged)),
    };
  }

  #section({ event, reason, people }: Logged): readonly Section[] {
    const version = event.version === undefined || event.version === '' ? '' : ` ${event.version}`;
    const objects = this.#notesOf(event).flatMap(({ note, page }) => [note, ...(page === undefined ? [] : [page])]);
    return section(
      `${instant(event.at)}: ${LOGGED[event.event] ?? event.event}${version}`,
      paragraph(event.summary),
      listed([
        ...(reason === '' ? [] : [`Reason: ${reason}`]),
        ...(event.promotionId === undefined ? [] : [`Run: ${event.promotionId}`]),
        ...people,
        `By ${event.actor}, ledger position ${event.ledgerPosition}, ${event.severity}`,
        ...objects.map((object: StoredObject) => `Release note: ${objectWords(object)}`),
      ]),
    );
  }

  /** Of the fact itself, or of the promotion by which the version went into production. */
  #notesOf({ event, ledgerPosition, promotionId }: ReleaseEvent): readonly Noted[] {
    return this.#notes.filter(({ fact, ...one }) =>
      fact === undefined ? event === 'stage-entered' && one.promotionId === promotionId : fact === ledgerPosition,
    );
  }
}

/** The people of a run after an entry that names one more. */
function withActor(people: People, { type, actor, data }: EntryBody): People {
  if (type === 'candidate-registered' || type === 'change-requested') return { ...people, askedFor: actor.name };
  if (type === 'gate-opened') {
    // What was approved in a round before counts no longer.
    const gate = gated.safeParse(data);
    return gate.success
      ? { ...people, approved: people.approved.filter(({ stage }) => stage !== gate.data.stage) }
      : people;
  }
  const decided = type === 'approval-decided' ? approval.safeParse(data) : undefined;
  if (decided?.success !== true) return people;
  return { ...people, approved: [...people.approved, { stage: decided.data.stage, name: actor.name }] };
}

function peopleWords({ askedFor, approved }: People): readonly string[] {
  const byName = Map.groupBy(approved, ({ name }) => name);
  const names = [...byName].map(([name, stages]) => {
    const words = stages.map(({ stage }) => stage).join(', ');
    return words === 'change' ? name : `${name} (${words})`;
  });
  return [
    ...(askedFor === '' ? [] : [`Asked for by ${askedFor}`]),
    ...(names.length === 0 ? [] : [`Approved by ${names.join('; ')}`]),
  ];
}

function isLogged({ event, detail }: ReleaseEvent): boolean {
  return LOGGED[event] !== undefined && (event !== 'stage-entered' || detail.stage === 'production');
}
