import type { DrillItem, ReadinessItem } from '../../drill/drill-items.ts';
import type { StandingSwitch } from '../../kill-switch/items.ts';
import type { ModelItem } from '../../registry/items.ts';
import type { OpenRecall } from '../../rollback/recall/recall-item.ts';
import type { ConsolePorts } from './console-ports.ts';
import type { FlightRead } from './read-model.ts';
import { readServed, type ServedRead } from './read-served.ts';
import { type ReadSource, type Source, sourceReader } from './source.ts';

/** What is read of each model for the page over all: a handful of items, and no chain. */
export interface ModelGlance {
  readonly model: string;
  readonly served: Source<ServedRead>;
  readonly flight: Source<{ readonly read: FlightRead; readonly item: ModelItem | null } | null>;
  readonly standing: Source<StandingSwitch | null>;
  readonly readiness: Source<ReadinessItem | null>;
  readonly drill: Source<DrillItem | null>;
}

export interface OverviewRead {
  /** UTC now. */
  readonly at: string;
  readonly models: Source<readonly ModelGlance[]>;
  /** Models of which nothing was read. */
  readonly leftOut: number;
  readonly recalls: Source<readonly OpenRecall[]>;
}

/** So many models are looked at for one page; AppConfig holds 20 environments unless it is asked for more. */
export const MAX_MODELS = 40;
/** So many at once. */
const AT_ONCE = 8;

export async function readOverview(ports: ConsolePorts, at: string): Promise<OverviewRead> {
  const read = sourceReader(ports.onUnread);
  const [names, recalls] = await Promise.all([
    read('models', () => ports.registry.modelNames()),
    read('recalls', () => ports.recalls.open()),
  ]);
  if (!names.ok) return { at, models: names, leftOut: 0, recalls };
  const shown = names.value.slice(0, MAX_MODELS);
  const models: ModelGlance[] = [];
  for (let first = 0; first < shown.length; first += AT_ONCE) {
    models.push(
      ...(await Promise.all(shown.slice(first, first + AT_ONCE).map((model) => glanceAt(ports, read, model)))),
    );
  }
  return { at, models: { ok: true, value: models }, leftOut: names.value.length - shown.length, recalls };
}

async function glanceAt(ports: ConsolePorts, read: ReadSource, model: string): Promise<ModelGlance> {
  const of = (what: string) => `${what} of ${model}`;
  const [served, flight, standing, readiness, drill] = await Promise.all([
    read(of('pointer'), () => readServed(ports, read, model)),
    read(of('promotion'), () => promotionOf(ports, read, model)),
    read(of('kill switch'), () => ports.registry.killSwitch(model)),
    read(of('readiness'), () => ports.readiness.read(model)),
    read(of('drills'), async () => (await ports.drills.newest(model, 1))[0] ?? null),
  ]);
  return { model, served, flight, standing, readiness, drill };
}

async function promotionOf({ registry, gates }: ConsolePorts, read: ReadSource, model: string) {
  const flying = await registry.inFlight(model, 'promotion');
  if (flying === null) return null;
  const { promotionId } = flying;
  const [run, item] = await Promise.all([registry.run(model, promotionId), registry.model(model)]);
  if (run === null) return null;
  return { read: { run, gates: await read(`gates of ${model}`, () => gates(promotionId)) }, item };
}
