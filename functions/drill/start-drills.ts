import type { RegistryStore } from '../registry/registry-store.ts';
import type { DrillInput } from './drill-input.ts';
import type { DrillStore } from './drill-store.ts';
import { type Due, drillName, dueDrill } from './due-drill.ts';

export interface StartDrillPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'modelNames' | 'versions'>;
  readonly drills: Pick<DrillStore, 'newest'>;
  /** Starts an execution of the drill machine; one of this name that exists already is the same drill. */
  readonly start: (name: string, input: DrillInput) => Promise<void>;
  readonly now: () => string;
}

export interface StartedDrill {
  readonly model: string;
  readonly name: string;
  readonly due: Due;
}

/** Starts the drill of a model if one is due; null: none is, or there is no such model (yet). */
export async function startDueDrill(
  ports: StartDrillPorts,
  model: string,
  trigger: string,
): Promise<StartedDrill | null> {
  const item = await ports.registry.model(model);
  if (item === null) return null;
  const [[newest = null], versions] = await Promise.all([
    ports.drills.newest(model, 1),
    ports.registry.versions(model),
  ]);
  const production = versions.find(({ status }) => status === 'production')?.version ?? '';
  const now = ports.now();
  const due = dueDrill(newest, { maxAge: item.policy.drill.maxAge, production, now });
  if (due === null) return null;
  const name = drillName(model, newest, now);
  await ports.start(name, { model, requestedBy: `system:${trigger}` });
  return { model, name, due };
}

/** Starts every drill that is due; one that cannot be started keeps no other from it, and its failure is thrown at the end. */
export async function startDueDrills(ports: StartDrillPorts): Promise<readonly StartedDrill[]> {
  const models = await ports.registry.modelNames();
  const started = await Promise.allSettled(models.map((model) => startDueDrill(ports, model, 'schedule')));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return started.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
}
