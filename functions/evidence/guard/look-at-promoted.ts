import { isReleaseError } from '../../platform/errors.ts';
import { systemActor } from '../../platform/people.ts';
import type { Policy } from '../../registry/policy.ts';
import { explainFinding } from '../explain-finding.ts';
import { readPolicy } from '../judge-ports.ts';
import type { DatedObject } from '../stages/prediction-files-store.ts';
import { alertOf, codesOf, rollbackOf } from './guard-answer.ts';
import type { Arrival, GuardItem } from './guard-item.ts';
import { listNewest, lookAtClosedDays, lookAtOperations, type NewestDates, outcomesSeen } from './guard-looks.ts';
import type { GuardPorts } from './guard-ports.ts';
import {
  changeOf,
  type Guarded,
  guardedOf,
  itemAfter,
  type Looks,
  newSilence,
  newWarnings,
  servingOf,
} from './guard-watch.ts';

/** What the guard came to for one model. */
export interface GuardedModel {
  readonly model: string;
  readonly version: string;
  readonly status: GuardItem['status'];
  readonly decision: GuardItem['decision'];
}

const actor = systemActor('guard');

/** A version that serves, on one round of looks. */
interface Watched {
  readonly guarded: Guarded;
  readonly policy: Policy;
  readonly newest: NewestDates;
}

/** What is known of sales, for all models: of each day the newest outcomes, and when its first ones came. */
interface Sales {
  readonly outcomes: readonly DatedObject[];
  readonly arrivals: readonly Arrival[];
}

/**
 * Looks at every version that serves. Two clocks: operations of all models first, within minutes of what happens, then
 * accuracy and input by closed days; and silence at every look, by what is usual. Until a version is confirmed a decision to
 * go back asks for the rollback at every look, as long as the version serves; afterwards people are told, unless its policy
 * says otherwise. What changes a decision is in the ledger before anything is done about it, and owner and approvers are told
 * of it once. Nothing new costs a few listings and no write. A model that cannot be looked at keeps no other from it; its
 * failure is thrown at the end.
 */
export async function lookAtPromoted(ports: GuardPorts): Promise<readonly GuardedModel[]> {
  const failures: unknown[] = [];
  const found = new Map<string, GuardedModel>();
  const sales = once(async () => {
    const [outcomes, arrivals] = await Promise.all([ports.files.findOutcomes(), ports.files.outcomeArrivals()]);
    return { outcomes, arrivals };
  });
  const each = async <In, Out>(
    items: readonly In[],
    nameOf: (item: In) => string,
    look: (item: In) => Promise<Out | null>,
  ): Promise<readonly Out[]> => {
    const looked: Out[] = [];
    for (const item of items) {
      try {
        const one = await look(item);
        if (one !== null) looked.push(one);
      } catch (error) {
        failures.push(error);
        ports.tell('GUARD_FAILED', {
          model: nameOf(item),
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
    return looked;
  };
  const latest = new Map<string, Guarded>();
  const settle = (after: Guarded | null) => {
    if (after?.item != null) {
      found.set(after.run.model, toldOf(after.item));
      latest.set(after.run.model, after);
    }
    return after;
  };
  const nameOf = ({ guarded }: Watched) => guarded.run.model;
  const names = await ports.registry.modelNames();
  const watched = await each(names, String, async (model) => {
    const guarded = await findGuarded(ports, model);
    return guarded === null ? null : watch(ports, guarded);
  });
  const onward = await each(inTurn(watched, ports.now()), nameOf, async (one) => {
    const after = settle(await lookOnce(ports, one, await sales(), 'operations'));
    if (after?.item == null) return null;
    const isGoing = after.item.decision === 'ROLLBACK' && after.item.answer === 'rollback';
    return isGoing ? null : { ...one, guarded: after };
  });
  await each(onward, nameOf, async (one) => settle(await lookOnce(ports, one, await sales(), 'accuracy')));
  for (const one of latest.values()) await tellPeople(ports, one);
  if (failures.length > 0) throw failures[0];
  return [...found.values()];
}

async function findGuarded({ registry, guards }: GuardPorts, model: string): Promise<Guarded | null> {
  const versions = await registry.versions(model);
  const serving = servingOf(versions);
  if (serving === undefined) return null;
  const [run, stored] = await Promise.all([registry.run(model, serving.promotionId), guards.read(model)]);
  return guardedOf(versions, run, stored);
}

async function watch(ports: GuardPorts, guarded: Guarded): Promise<Watched> {
  return { guarded, policy: await readPolicy(ports, guarded.run), newest: await listNewest(ports, guarded) };
}

/** How often the guard looks. */
const EVERY_MS = 5 * 60_000;

/** Each time another one comes first, so that one which a function cannot be done with keeps no other waiting for ever. */
function inTurn<T>(items: readonly T[], at: string): readonly T[] {
  const first = Math.floor(Date.parse(at) / EVERY_MS) % Math.max(1, items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}

/** One look on one of the clocks; null when another look was first. */
async function lookOnce(
  ports: GuardPorts,
  { guarded, policy, newest }: Watched,
  { outcomes, arrivals: outcomeArrivals }: Sales,
  clock: 'operations' | 'accuracy',
): Promise<Guarded | null> {
  const seen = outcomesSeen(outcomes, guarded);
  const { asOf, arrivals } = newest;
  const looks: Looks = {
    seen: { asOf, accuracy: seen, newestOutcomes: outcomes.at(-1)?.date ?? '', arrivals, outcomeArrivals },
    operations: clock === 'operations' ? await lookAtOperations(ports, guarded, { newest, policy }) : null,
    accuracy: clock === 'accuracy' ? await lookAtClosedDays(ports, guarded, { seen, policy, outcomes }) : null,
  };
  const at = ports.now();
  const after = itemAfter(guarded, looks, policy, at);
  const now = await record(ports, guarded, { after, looks });
  const rollback = now === null ? null : rollbackOf(now, at);
  if (rollback !== null) await ports.startRollback(rollback);
  const isArmed = guarded.isArmed && now?.status === 'armed';
  return now === null ? null : { ...guarded, isArmed, item: now, stored: now };
}

/** Owner and approvers, of what they do not know yet. One that cannot be told changes nothing; the next look tries again. */
async function tellPeople(ports: GuardPorts, { item }: Guarded): Promise<void> {
  const alert = item === null ? null : alertOf(item);
  if (item === null || alert === null) return;
  try {
    await ports.sendAlert(alert);
    const alerted = [...codesOf(item)];
    await ports.guards.keep({ ...item, alerted, revision: item.revision + 1 }, item);
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return;
    const detail = error instanceof Error ? error.message : String(error);
    ports.tell('GUARD_ALERT_NOT_SENT', { ...toldOf(item), alertId: alert.id, error: detail });
  }
}

/** Writes what changed, and answers the item that stands; null when another look was first. */
async function record(
  ports: GuardPorts,
  { item, stored }: Guarded,
  { after, looks }: { readonly after: GuardItem; readonly looks: Looks },
): Promise<GuardItem | null> {
  const change = changeOf(item, after);
  try {
    if (change === 'none') return item;
    if (change === 'seen') {
      await ports.guards.keep(after, stored);
      return after;
    }
    const { model, lookedAt: at } = after;
    const write = ports.guards.write(after, stored);
    await ports.ledger.append({ model, type: 'guard-looked', at, actor, data: entryOf(item, after, looks) }, [write]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return null;
  }
  const warnings = newWarnings(item, after);
  if (warnings.length > 0) ports.tell('GUARD_WARNING', { ...toldOf(after), warnings });
  const silent = newSilence(item, after);
  if (silent.length > 0) ports.tell('GUARD_SILENT', { ...toldOf(after), missing: silent.map((one) => ({ ...one })) });
  const codes = { reasons: after.reasons.map(({ code }) => code), warnings: after.warnings.map(({ code }) => code) };
  const disarmed = after.status === 'disarmed' && item?.status === 'armed';
  ports.tell(disarmed ? 'GUARD_DISARMED' : `GUARD_${after.decision}`, { ...toldOf(after), ...codes });
  return after;
}

function entryOf(before: GuardItem | null, after: GuardItem, { accuracy }: Looks) {
  const { promotionId, version, status, decision } = after;
  const [reasons, warnings] = [after.reasons.map(explainFinding), after.warnings.map(explainFinding)];
  const rollback = rollbackOf(after);
  return {
    ...{ promotionId, version, status, decision, before: before?.decision ?? null },
    ...{ reasons: reasons.map((one) => ({ ...one })), warnings: warnings.map((one) => ({ ...one })) },
    ...{ asOf: after.operations.asOf, through: after.accuracy.through, comparator: after.accuracy.comparator },
    ...(accuracy === null ? {} : { measured: accuracy.judged.result }),
    ...(rollback === null ? {} : { rollback: rollback.name }),
  };
}

function toldOf({ model, version, status, decision }: GuardItem): GuardedModel {
  return { model, version, status, decision };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
