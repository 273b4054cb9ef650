import type { ReadinessItem } from '../../drill/drill-items.ts';
import { type Trend, trendOf } from '../../drill/trend.ts';
import type { GuardItem } from '../../evidence/guard/guard-item.ts';
import type { KillSwitchItem } from '../../kill-switch/items.ts';
import type { ModelItem } from '../../registry/items.ts';
import { waitedFor } from '../../rollback/recall/recall-item.ts';
import type { ModelRead, RecallsRead } from '../read/read-model.ts';
import { mapSource, readOr, type Source } from '../read/source.ts';
import { type Flight, flightOf } from './flight.ts';
import { type LedgerView, ledgerView } from './ledger-view.ts';
import { type PointerView, pointerView } from './pointer-view.ts';

/** A recall that teams are still asked about. */
export interface RecallView {
  readonly executionName: string;
  readonly part: number;
  readonly version: string;
  readonly cause: string;
  readonly recalledAt: string;
  readonly forecasts: number;
  readonly toCome: number;
  readonly acknowledged: readonly { readonly team: string; readonly name: string; readonly at: string }[];
  readonly waitedFor: readonly string[];
}

export interface RecallsView {
  readonly open: readonly RecallView[];
  readonly leftOut: number;
  readonly pending: readonly { readonly version: string; readonly lookAt: string }[];
}

/** Everything that the page of one model says. Each part stands for itself: one that could not be read says so. */
export interface ConsoleView {
  readonly model: string;
  /** UTC; what "ago" is counted from. */
  readonly at: string;
  /** Null: there is no such model. */
  readonly item: Source<ModelItem | null>;
  readonly pointer: Source<PointerView>;
  readonly flights: Source<readonly Flight[]>;
  readonly ledger: Source<LedgerView>;
  readonly drills: Source<Trend>;
  readonly readiness: Source<ReadinessItem | null>;
  readonly guard: Source<GuardItem | null>;
  /** The standing one first; then stopped candidates, the newest first. */
  readonly switches: Source<readonly KillSwitchItem[]>;
  readonly recalls: Source<RecallsView>;
}

/** So many stopped candidates are shown. */
const STOPPED = 10;

/** The page of one model from what was read of it. */
export function consoleView(read: ModelRead): ConsoleView {
  const { model, at, item, readiness, guard } = read;
  const ledger = mapSource(read.ledger, ledgerView);
  const newest = ledger.ok ? ledger.value.document : null;
  const known = readOr(item, null);
  return {
    ...{ model, at, item, ledger, readiness, guard },
    pointer: mapSource(read.served, (served) => pointerView(served, newest)),
    flights: mapSource(read.flights, (flights) => flights.map((flight) => flightOf(flight, known))),
    drills: mapSource(read.drills, (drills) => trendOf(model, drills)),
    switches: mapSource(read.switches, sortedSwitches),
    recalls: mapSource(read.recalls, recallsOf),
  };
}

function sortedSwitches(items: readonly KillSwitchItem[]): readonly KillSwitchItem[] {
  const stopped = items.filter(({ level }) => level !== 'model');
  const sorted = stopped.toSorted((a, b) => (a.thrownAt < b.thrownAt ? 1 : -1)).slice(0, STOPPED);
  return [...items.filter(({ level }) => level === 'model'), ...sorted];
}

function recallsOf({ open, leftOut, pending }: RecallsRead): RecallsView {
  return {
    open: open.map((recall) => {
      const { executionName, part, version, cause, recalledAt, counts, asked, answers } = recall;
      const acknowledged = answers.flatMap(({ linkId, outcome, name, at }) => {
        const team = asked.find((one) => one.linkId === linkId)?.team;
        return outcome !== 'acknowledged' || team === undefined ? [] : [{ team, name: name ?? '', at }];
      });
      return {
        ...{ executionName, part, version, cause, recalledAt, acknowledged },
        ...{ forecasts: counts.forecasts, toCome: counts.toCome },
        waitedFor: waitedFor(recall).map(({ team }) => team),
      };
    }),
    leftOut,
    pending: pending.map(({ version, lookAt }) => ({ version, lookAt })),
  };
}
