import { isReleaseError } from '../platform/errors.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import type { RollBackPorts } from './rollback-ports.ts';
import { exposed, type Known, mayServe, type ReturnTo } from './target.ts';

interface Reverting {
  readonly model: string;
  readonly place: PointerPlace;
  /** The version to be withdrawn. */
  readonly from: string;
  readonly known: Known;
  /** The version that must go on serving, when it is a candidate beside it that is withdrawn. */
  readonly keeps?: string;
}

interface Reverted {
  readonly to: ReturnTo;
  readonly deploymentNumber: number;
}

/**
 * The last resort when the document to go back to cannot be deployed: AppConfig's own revert to what was live before,
 * where that names no version but promoted ones. Null when there is nothing fit to revert to. A deployment that was stopped
 * already leaves nothing to revert.
 */
export async function revertInstead(ports: RollBackPorts, reverting: Reverting): Promise<Reverted | null> {
  const { place, from } = reverting;
  const { history, live } = await ports.appConfig.deployedState(place);
  const served = live === null ? null : await fitting(ports, reverting, live);
  if (served !== null) return from === '' ? null : served;
  const before = history.filter(({ state }) => state === 'COMPLETE').at(1);
  if (live === null || before === undefined) return null;
  const target = await fitting(ports, reverting, before);
  if (target === null) return null;
  try {
    await ports.appConfig.stopDeployment(place.environmentId, live.number);
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return null;
    throw error;
  }
  return target;
}

async function fitting(
  ports: RollBackPorts,
  { model, place, from, known, keeps }: Reverting,
  deployment: { readonly number: number; readonly hostedVersion: number },
): Promise<Reverted | null> {
  const { hostedVersion } = deployment;
  const found = await findDocument(ports, model, { ...place, hostedVersion });
  if (found === null) return null;
  const { document, documentSha256 } = found;
  const named = [...exposed(document), document.previousVersion].filter((version) => version !== '');
  if (named.some((version) => version === from || !mayServe(known, version))) return null;
  if (keeps !== undefined && document.productionVersion !== keeps) return null;
  return {
    to: { version: document.productionVersion, hostedVersion, documentSha256 },
    deploymentNumber: deployment.number,
  };
}
