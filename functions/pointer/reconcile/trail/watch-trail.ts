import type { Ledger } from '../../../ledger/ledger.ts';
import { isReleaseError } from '../../../platform/errors.ts';
import { STACK_CHAIN } from '../../../platform/ids.ts';
import { registryKeys } from '../../../platform/keys.ts';
import { systemActor } from '../../../platform/people.ts';
import type { Started } from '../../../promotion/record-principal.ts';
import type { RegistryStore } from '../../../registry/registry-store.ts';
import { type TrailEvent, textOf } from './trail-event.ts';
import type { TrailMarkStore } from './trail-mark-store.ts';
import type { TrailStore } from './trail-store.ts';
import { type Change, changeOf, GLOBAL_LOOKUPS, LOOKUPS, type Own, START_EXECUTION } from './watched-events.ts';

export interface WatchPorts {
  readonly trail: Pick<TrailStore, 'events'>;
  /** Of the region that keeps the events of global services. */
  readonly globalTrail: Pick<TrailStore, 'events'>;
  readonly marks: Pick<TrailMarkStore, 'cursor' | 'moveCursor' | 'isRecorded' | 'newMark'>;
  readonly registry: Pick<RegistryStore, 'modelNames' | 'model'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly own: Omit<Own, 'places'>;
  /** Records who started an execution; false when it has to be tried again. */
  readonly recordPrincipal: (started: Started, now: string) => Promise<boolean>;
  /** Raises the alarm; never throws. */
  readonly noticed: (change: Noticed) => void;
}

export interface Noticed extends Change {
  readonly eventId: string;
  readonly eventName: string;
  readonly principalArn: string;
}

const MINUTE_MS = 60_000;
/** An event comes up to fifteen minutes late, and must still lie in a window then. */
const OVERLAP_MS = 20 * MINUTE_MS;
/** The cursor moves when something was found, or at last after this time: a quiet account costs no writes. */
const CURSOR_EVERY_MS = 30 * MINUTE_MS;
/** CloudTrail keeps ninety days. */
const KEPT_MS = 89 * 24 * 60 * MINUTE_MS;

/**
 * Reads what was changed in the account since the last look, and records each change of ours, once per event, and who
 * started each execution. One event that cannot be recorded keeps no other from it; the window stays until all are.
 * @throws the first failure, after all were tried
 */
export async function watchTrail(ports: WatchPorts, now: string): Promise<readonly Noticed[]> {
  const cursor = await ports.marks.cursor();
  const from = lookFrom(cursor, now);
  const own: Own = { ...ports.own, places: await placesOf(ports) };
  const found: Noticed[] = [];
  const failures: unknown[] = [];
  let pending = false;
  for await (const event of allEvents(ports, from, now)) {
    try {
      const started = startedOf(event, own);
      if (started !== null) pending = !(await ports.recordPrincipal(started, now)) || pending;
      const change = changeOf(event, own);
      if (change !== null && (await recordChange(ports, event, change, now))) found.push(noticedOf(event, change));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  const due = cursor === null || Date.parse(now) - Date.parse(cursor) >= CURSOR_EVERY_MS;
  if ((due || found.length > 0) && !pending) await ports.marks.moveCursor(now);
  return found;
}

function lookFrom(cursor: string | null, now: string): string {
  const since = Date.parse(cursor ?? now) - OVERLAP_MS;
  return new Date(Math.max(since, Date.parse(now) - KEPT_MS)).toISOString();
}

async function placesOf({ registry }: WatchPorts): Promise<Own['places']> {
  const items = await Promise.all((await registry.modelNames()).map((model) => registry.model(model)));
  return items.flatMap((item) => (item === null ? [] : [item]));
}

async function* allEvents({ trail, globalTrail }: WatchPorts, from: string, to: string): AsyncIterable<TrailEvent> {
  for (const lookup of LOOKUPS) yield* trail.events(lookup, from, to);
  for (const lookup of GLOBAL_LOOKUPS) yield* globalTrail.events(lookup, from, to);
}

function startedOf(event: TrailEvent, { stackName }: Own): Started | null {
  const executionArn = textOf(event.response, 'executionArn');
  const ours = event.name === START_EXECUTION && !event.failed && executionArn.includes(`:execution:${stackName}-`);
  return ours ? { executionArn, principalArn: event.principalArn, at: event.at } : null;
}

function noticedOf(event: TrailEvent, change: Change): Noticed {
  return { ...change, eventId: event.id, eventName: event.name, principalArn: event.principalArn };
}

/** True when this call recorded it. */
async function recordChange(ports: WatchPorts, event: TrailEvent, change: Change, now: string): Promise<boolean> {
  const key = registryKeys.trailEvent(event.id);
  if (await ports.marks.isRecorded(key)) return false;
  const model = change.model ?? STACK_CHAIN;
  const { eventId, eventName, principalArn, code, resource, alarming } = noticedOf(event, change);
  const data = {
    ...{ code, eventId, eventName, eventSource: event.source, eventAt: event.at, principalArn, resource, alarming },
    ...(event.via === '' ? {} : { via: event.via }),
    ...numbersOf(event),
  };
  // Before it is recorded: an alarm that rings twice is better than one that a cut swallows.
  if (alarming) ports.noticed(noticedOf(event, change));
  try {
    await ports.ledger.append(
      { model, type: 'change-noticed', at: now, actor: systemActor('watch-trail'), data },
      (ledgerSeq) => [ports.marks.newMark(key, { model, ledgerSeq })],
    );
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return false;
    throw error;
  }
  return true;
}

/** Which deployment or hosted version it was: what the reconciler finds out of place is told by whom from that. */
function numbersOf({ request, response }: TrailEvent) {
  const deployment = textOf(response, 'deploymentNumber') || textOf(request, 'deploymentNumber');
  const version = textOf(request, 'versionNumber');
  return {
    ...(deployment === '' ? {} : { eventDeployment: Number(deployment) }),
    ...(version === '' ? {} : { eventVersion: Number(version) }),
  };
}
