import { plusDays } from '../../platform/duration.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { DatedObject, RoutedObject } from '../stages/prediction-files-store.ts';
import { judgeGuard } from './guard.ts';
import { comparatorOf, dailyRows } from './guard-closed-days.ts';
import type { GuardConfig } from './guard-config.ts';
import { judgeCounts } from './guard-counts.ts';
import { firstLiveDate, withoutMistyped } from './guard-dates.ts';
import type { AccuracyLook, OperationsLook } from './guard-item.ts';
import type { Compared } from './guard-log-sql.ts';
import type { GuardPorts } from './guard-ports.ts';
import type { Guarded } from './guard-watch.ts';

/** As-of dates that the clock of operations looks at: the one that goes on, and the one before, which may have grown. */
const WATCHED_DATES = 2;
/** As-of dates that say at the first look what a usual one is. */
const FIRST_DATES = 9;
/** No forecast reaches further ahead than this counts for the reference. */
const REACH_DAYS = 31;

/** What lies in the log of a guarded version on its newest as-of dates. */
export interface NewestDates {
  readonly objects: readonly RoutedObject[];
  /** Digest of the listing. */
  readonly seen: string;
  /** Newest as-of date that the promoted document, or a later one, routed; empty: none. */
  readonly asOf: string;
}

export function comparedOf({ run }: Guarded): Compared {
  return { version: run.version, previous: run.baseline };
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
  };
}

/** Judges operations on the newest as-of dates; null when nothing came since the last look. */
export async function lookAtOperations(
  ports: Pick<GuardPorts, 'countForecasts' | 'withDirectory'>,
  guarded: Guarded,
  { newest, config }: { readonly newest: NewestDates; readonly config: GuardConfig },
): Promise<OperationsLook | null> {
  const before = guarded.item?.operations;
  if (newest.seen === before?.seen) return null;
  const liveFrom = guarded.run.pointer.revision;
  const counts = await ports.withDirectory((directory) =>
    ports.countForecasts(newest.objects, { ...comparedOf(guarded), liveFrom, directory }),
  );
  return { seen: newest.seen, asOf: newest.asOf, ...judgeCounts(counts, before?.volumes ?? [], config) };
}

/** Digest of what the clock of accuracy looks at: every day's outcomes, up to the end of the confirmation period. */
export function outcomesSeen(outcomes: readonly DatedObject[], { item }: Guarded): string {
  return sha256Hex(`${item?.periodEnd ?? ''} ${digestOf(outcomes)}`);
}

/** Judges accuracy and input on all closed days; null when the outcomes are those of the last look. */
export async function lookAtClosedDays(
  ports: Pick<GuardPorts, 'files' | 'readClosedDays' | 'withDirectory'>,
  guarded: Guarded,
  given: { readonly seen: string; readonly config: GuardConfig; readonly minShare: number },
): Promise<AccuracyLook | null> {
  const { run, item } = guarded;
  const { seen, config, minShare } = given;
  if (seen === item?.accuracy.seen) return null;
  const dates = await ports.files.asOfDates(run.model);
  const objects = await ports.files.findVersions(run.model, { versions: versionsOf(guarded), dates });
  const firstLive = firstLiveDate(objects, run.pointer.revision);
  if (firstLive === undefined) return { seen, through: '', comparator: '', judged: judgeGuard(NO_DAYS, config) };
  const from = plusDays(firstLive, -config.ref_days - REACH_DAYS);
  const rule = {
    since: plusDays(firstLive, 1),
    until: item?.periodEnd ?? null,
    ...{ minShare, referenceDays: config.ref_days },
  };
  const { days, input } = await ports.withDirectory((directory) =>
    ports.readClosedDays(
      objects.filter(({ date }) => date >= from),
      { ...comparedOf(guarded), rule, directory },
    ),
  );
  const comparator = comparatorOf(days, run.baseline);
  const rows = { days: dailyRows(days, comparator, input), conflicts: [], undated: 0 };
  const judged = judgeGuard(rows, config, { since: rule.since });
  return { seen, through: days.live.at(-1)?.date ?? '', comparator, judged };
}

const NO_DAYS = { days: [], conflicts: [], undated: 0 };

function versionsOf({ run }: Guarded): readonly string[] {
  return [run.version, run.baseline].filter((version) => version !== '');
}

function digestOf(objects: readonly DatedObject[]): string {
  return sha256Hex(objects.map(({ key }) => key).join('\n'));
}
