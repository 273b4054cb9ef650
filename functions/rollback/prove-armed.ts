import { type Armed, type ArmedCheck, armedBy, readable, refusedAs } from '../kill-switch/armed.ts';
import { AHEAD, mayDeploy } from '../kill-switch/stale.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import { findModel } from './find-model.ts';
import { firstUnproven } from './proof.ts';
import type { RollBackPorts } from './rollback-ports.ts';

/**
 * Proves under the function's own role that a rollback of a model could move the pointer now, by calls that change
 * nothing: reads, and calls on conditions that cannot hold. Never throws.
 */
export async function proveArmed(ports: RollBackPorts, model: string): Promise<Armed> {
  const registry = await readable('read the registry', () => ports.registry.waysBack(model));
  let found: Awaited<ReturnType<typeof findModel>> = null;
  const place = await readable(
    'find the model',
    async () => {
      found = await findModel(ports, { model });
      return found;
    },
    (one) => (one === null ? 'no such model' : null),
  );
  return armedBy([registry, place, ...(found === null ? [] : await moving(ports, model, found))]);
}

async function moving(
  ports: RollBackPorts,
  model: string,
  { place, known }: NonNullable<Awaited<ReturnType<typeof findModel>>>,
): Promise<readonly ArmedCheck[]> {
  const [target] = known.returnDocuments;
  const way = await readable(
    'read a document to go back to',
    () => (target === undefined ? Promise.resolve(null) : firstUnproven(ports, { input: { model }, place }, [target])),
    (unproven) => (target === undefined ? 'there is none' : unproven === null ? null : 'it does not prove itself'),
  );
  let latestNumber = 0;
  const seen = await readable('read what is deployed', async () => {
    ({ latestNumber } = await ports.appConfig.deployedState(place));
  });
  if (target === undefined || !seen.ok) return [way, seen];
  return [
    way,
    seen,
    await mayDeploy(ports, place, { ...target, latestNumber }),
    await mayStop(ports, place, latestNumber),
  ];
}

/** AppConfig knows no deployment of that number, and says so to whoever may stop one. */
function mayStop(ports: RollBackPorts, { environmentId }: PointerPlace, latestNumber: number): Promise<ArmedCheck> {
  return refusedAs('stop a deployment', 'CONDITION_FAILED', () =>
    ports.appConfig.stopDeployment(environmentId, latestNumber + AHEAD),
  );
}
