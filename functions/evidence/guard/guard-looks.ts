import { plusDays } from '../../platform/duration.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { Policy } from '../../registry/policy.ts';
import type { DatedObject, RoutedObject } from '../stages/prediction-files-store.ts';
import { judgeGuard } from './guard.ts';
import { type ClosingRule, comparatorOf, coverageOf, dailyRows } from './guard-closed-days.ts';
import { completeSpreads, judgeCounts } from './guard-counts.ts';
import { firstLiveDate, withoutMistyped } from './guard-dates.ts';
import type { AccuracyLook, Arrival, OperationsLook } from './guard-item.ts';
import type { Compared } from './guard-log-sql.ts';
import type { GuardPorts } from './guard-ports.ts';
import { incompleteOutcomes, missingStores, spreadsAfter } from './guard-silence.ts';
import { type Guarded, silenceRules } from './guard-watch.ts';

/** As-of dates that the clock of operations looks at: the one that goes on, and the one before, which may have grown. */
const WATCHED_DATES = 2;
/** As-of dates that say at the first look what a usual one is. */
const FIRST_DATES = 9;
/** As-of dates that say when forecasts usually come. */
const ARRIVAL_DATES = 28;
/** The log of a confirmed version is read as often; alarms tell within minutes what cannot wait. */
const CONFIRMED_EVERY_MS = 3_600_000;
/** Days of a confirmed version that are held against those before them. */
const CONFIRMED_DAYS = 28;
/** No forecast reaches further ahead than this counts for the reference. */
const REACH_DAYS = 31;

/** What lies in the log of a guarded version on its newest as-of dates. */
export interface NewestDates {
  readonly objects: readonly RoutedObject[];
  /** Digest of the listing. */
  readonly seen: string;
  /** Newest as-of date that the promoted document, or a later one, routed; empty: none. */
  readonly asOf: string;
  /** When the first forecasts of the newest as-of dates came, by date. */
  readonly arrivals: readonly Arrival[];
}

/** The version before runs beside one that is to be confirmed, and beside no other. */
function comparedOf({ run, isArmed }: Guarded): Compared {
  return { version: run.version, previous: isArmed ? run.baseline : '' };
}

export async function listNewest(
  { files, now }: Pick<GuardPorts, 'files' | 'now'>,
  guarded: Guarded,
): Promise<NewestDates> {
  const { model, pointer } = guarded.run;
  const dates = withoutMistyped(await files.asOfDates(model), now().slice(0, 10));
  const first = (guarded.item?.operations.volumes.length ?? 0) === 0;
  const objects = await files.findVersions(model, {
    versions: versionsOf(guarded),
    dates: dates.slice(0, first ? FIRST_DATES : WATCHED_DATES),
  });
  const watched = new Set(dates.slice(0, WATCHED_DATES));
  const live = objects.filter(({ revision }) => revision >= pointer.revision).map(({ date }) => date);
  return {
    objects,
    seen: digestOf(objects.filter(({ date }) => watched.has(date))),
    asOf: live.toSorted().at(-1) ?? guarded.item?.operations.asOf ?? '',
    arrivals: await arrivalsOf(files, guarded, dates.slice(0, ARRIVAL_DATES)),
  };
}

/** A date's first forecasts come once: what an earlier look found is not listed again. */
async function arrivalsOf(
  files: GuardPorts['files'],
  { run, item }: Guarded,
  dates: readonly string[],
): Promise<readonly Arrival[]> {
  const known = new Map((item?.arrivals ?? []).map((arrival) => [arrival.date, arrival]));
  const found = await Promise.all(
    dates.map(async (date) => {
      const at = known.get(date)?.at ?? (await files.asOfArrival(run.model, date));
      return at === null ? [] : [{ date, at }];
    }),
  );
  return found.flat().toSorted((a, b) => (a.date < b.date ? -1 : 1));
}

/** Judges operations on the newest as-of dates; null when nothing came since the last look, or when that was just now. */
export async function lookAtOperations(
  ports: Pick<GuardPorts, 'countForecasts' | 'withDirectory' | 'now'>,
  guarded: Guarded,
  { newest, policy }: { readonly newest: NewestDates; readonly policy: Policy },
): Promise<OperationsLook | null> {
  const before = guarded.item?.operations;
  if (newest.seen === before?.seen) return null;
  const sinceMs = Date.parse(ports.now()) - Date.parse(before?.at ?? '');
  if (!guarded.isArmed && sinceMs < CONFIRMED_EVERY_MS) return null;
  const liveFrom = guarded.run.pointer.revision;
  const counts = await ports.withDirectory((directory) =>
    ports.countForecasts(newest.objects, { ...comparedOf(guarded), liveFrom, directory }),
  );
  const rules = silenceRules(policy);
  const spreads = spreadsAfter(before?.spreads ?? [], completeSpreads(counts), rules);
  return {
    ...{ seen: newest.seen, asOf: newest.asOf, spreads, silence: missingStores(spreads, rules) },
    ...judgeCounts(counts, before?.volumes ?? [], policy.guard),
  };
}

/** Digest of what the clock of accuracy looks at: every day's outcomes, up to the end of the confirmation period. */
export function outcomesSeen(outcomes: readonly DatedObject[], { item }: Guarded): string {
  return sha256Hex(`${item?.periodEnd ?? ''} ${digestOf(outcomes)}`);
}

/** Judges accuracy and input on all closed days; null when the outcomes are those of the last look. */
export async function lookAtClosedDays(
  ports: Pick<GuardPorts, 'files' | 'readClosedDays' | 'withDirectory'>,
  guarded: Guarded,
  given: { readonly seen: string; readonly policy: Policy; readonly outcomes: readonly DatedObject[] },
): Promise<AccuracyLook | null> {
  const { item } = guarded;
  const { seen, policy, outcomes } = given;
  const config = policy.guard;
  if (seen === item?.accuracy.seen) return null;
  const found = await (guarded.isArmed ? daysSincePromotion : newestDays)(ports, guarded, given);
  if (found === null) {
    const nothing = { through: '', comparator: '', silence: [], coverage: null };
    return { seen, ...nothing, judged: judgeGuard({ days: [], ...SOUND }, config) };
  }
  const { objects, rule } = found;
  const compared = comparedOf(guarded);
  const { days, input } = await ports.withDirectory((directory) =>
    ports.readClosedDays(objects, { ...compared, rule, directory }),
  );
  const comparator = comparatorOf(days, compared.previous);
  const judged = judgeGuard({ days: dailyRows(days, comparator, input), ...SOUND }, config, { since: rule.since });
  const told = new Set(outcomes.map(({ date }) => date));
  return {
    ...{ seen, through: days.live.at(-1)?.date ?? '', comparator, judged, coverage: coverageOf(days, rule) },
    silence: incompleteOutcomes(days.open, told, silenceRules(policy)),
  };
}

const SOUND = { conflicts: [], undated: 0 };

interface DaysToJudge {
  readonly objects: readonly RoutedObject[];
  readonly rule: ClosingRule;
}

type FindDays = (
  ports: Pick<GuardPorts, 'files'>,
  guarded: Guarded,
  given: { readonly policy: Policy; readonly outcomes: readonly DatedObject[] },
) => Promise<DaysToJudge | null>;

/** All days that the promoted document served, held against those before it. */
const daysSincePromotion: FindDays = async ({ files }, guarded, { policy }) => {
  const { run, item } = guarded;
  const dates = await files.asOfDates(run.model);
  const objects = await files.findVersions(run.model, { versions: versionsOf(guarded), dates });
  const firstLive = firstLiveDate(objects, run.pointer.revision);
  if (firstLive === undefined) return null;
  const from = plusDays(firstLive, -policy.guard.ref_days - REACH_DAYS);
  const until = item?.periodEnd ?? null;
  const rule = { since: plusDays(firstLive, 1), until, ...closingBy(policy) };
  return { objects: objects.filter(({ date }) => date >= from), rule };
};

/**
 * The newest four weeks, held against those before them: a confirmed version may serve for years. What grows worse more
 * slowly than that is for the people who prepare the next version to see.
 */
const newestDays: FindDays = async ({ files }, guarded, { policy, outcomes }) => {
  const newest = outcomes.at(-1)?.date;
  if (newest === undefined) return null;
  const since = plusDays(newest, 1 - CONFIRMED_DAYS);
  const from = plusDays(since, -policy.guard.ref_days - REACH_DAYS);
  const dates = (await files.asOfDates(guarded.run.model)).filter((date) => date >= from && date < newest);
  const objects = await files.findVersions(guarded.run.model, { versions: versionsOf(guarded), dates });
  return objects.length === 0 ? null : { objects, rule: { since, until: null, ...closingBy(policy) } };
};

function closingBy({ guard, shadow }: Policy): Pick<ClosingRule, 'minShare' | 'referenceDays'> {
  return { minShare: shadow.cycle_min_actual_share, referenceDays: guard.ref_days };
}

function versionsOf(guarded: Guarded): readonly string[] {
  const { version, previous } = comparedOf(guarded);
  return [version, previous].filter((name) => name !== '');
}

function digestOf(objects: readonly DatedObject[]): string {
  return sha256Hex(objects.map(({ key }) => key).join('\n'));
}
