import type { DrillItem, ReadinessItem } from '../../drill/drill-items.ts';
import type { StandingSwitch } from '../../kill-switch/items.ts';
import type { PointerDocument } from '../../pointer/document.ts';
import type { ModelGlance, OverviewRead } from '../read/read-overview.ts';
import { mapSource, type Source } from '../read/source.ts';
import { type Flight, flightOf } from './flight.ts';
import { isDecided } from './pointer-view.ts';

/** One model on the page over all. */
export interface ModelRow {
  readonly model: string;
  readonly pointer: Source<{
    readonly document: PointerDocument;
    readonly signed: boolean;
    /** Null: that could not be read. */
    readonly decided: boolean | null;
  }>;
  /** The promotion in flight; null: none is. */
  readonly flight: Source<Flight | null>;
  readonly standing: Source<StandingSwitch | null>;
  readonly readiness: Source<ReadinessItem | null>;
  readonly drill: Source<DrillItem | null>;
  /** Recalls that teams are still asked about. */
  readonly openRecalls: Source<number>;
}

/** Everything that the page over all models says. */
export interface ConsoleOverview {
  /** UTC; what "ago" is counted from. */
  readonly at: string;
  readonly models: Source<readonly ModelRow[]>;
  readonly leftOut: number;
}

/** The page over all models from what was read of them. */
export function consoleOverview({ at, models, leftOut, recalls }: OverviewRead): ConsoleOverview {
  const rowOf = (glance: ModelGlance): ModelRow => ({
    model: glance.model,
    pointer: mapSource(glance.served, (served) => ({
      ...{ document: served.document, signed: served.signed, decided: isDecided(served) },
    })),
    flight: mapSource(glance.flight, (flight) => (flight === null ? null : flightOf(flight.read, flight.item))),
    ...{ standing: glance.standing, readiness: glance.readiness, drill: glance.drill },
    openRecalls: mapSource(recalls, (open) => open.filter(({ model }) => model === glance.model).length),
  });
  return { at, models: mapSource(models, (all) => all.map(rowOf)), leftOut };
}
