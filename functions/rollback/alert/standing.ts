import type { AppConfigStore } from '../../pointer/appconfig-store.ts';
import { isUndone } from '../../pointer/deployments.ts';
import type { PointerDocument } from '../../pointer/document.ts';
import { findDocument } from '../../pointer/hosted-document.ts';
import type { RegistryStore, WaysBack } from '../../registry/registry-store.ts';
import { decideTarget, exposed } from '../target.ts';
import { type ListedTarget, listTargets } from '../target-list.ts';
import type { Alert } from './alert-link.ts';

/** How things stand with what an alert was about, at the moment of looking. */
export interface Standing {
  /** Version that serves; empty: the safe forecast. Null: what is deployed is no document of ours. */
  readonly serves: string | null;
  /** What a rollback would withdraw; null: it does not serve any more, or nothing is left to withdraw. */
  readonly withdraws: string | null;
  /** What a rollback would go back to by itself; empty: the safe forecast. Null: nothing. */
  readonly goesTo: string | null;
  readonly targets: readonly ListedTarget[];
  /** When and why the alert's version was withdrawn, if it was. */
  readonly withdrawn: { readonly at: string; readonly because: string } | null;
}

export interface StandingPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'waysBack'>;
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'hostedContent'>;
  readonly publicKeyPem: string;
  /** UTC. */
  readonly now: () => string;
}

/** Looks at what is deployed and at what there is to go back to. Changes nothing. */
export async function readStanding(ports: StandingPorts, alert: Alert): Promise<Standing> {
  const ways = await ports.registry.waysBack(alert.model);
  const place = ways.place ?? (await ports.registry.model(alert.model));
  const live = place === null ? null : await liveDocument(ports, alert.model, place);
  return standingOf(alert, { live, ways, at: ports.now() });
}

/** The document that is deployed, or is being deployed: what a rollback would go back from. */
async function liveDocument(
  ports: StandingPorts,
  model: string,
  place: { readonly environmentId: string; readonly profileId: string },
): Promise<PointerDocument | null> {
  const { history } = await ports.appConfig.deployedState(place);
  const newest = history.find((deployment) => !isUndone(deployment));
  if (newest === undefined) return null;
  const { profileId } = place;
  return (await findDocument(ports, model, { profileId, hostedVersion: newest.hostedVersion }))?.document ?? null;
}

interface Seen {
  readonly live: PointerDocument | null;
  readonly ways: Pick<WaysBack, 'versions' | 'returnDocuments'>;
  readonly at: string;
}

export function standingOf({ version }: Pick<Alert, 'version'>, { live, ways, at }: Seen): Standing {
  const withdraws = withdrawnNow(version, live);
  const item = ways.versions.find((one) => one.version === version);
  return {
    serves: live?.productionVersion ?? null,
    withdraws,
    goesTo: withdraws === null ? null : targetOf(withdraws, { live, ways, at }),
    targets: listTargets(ways, withdraws ?? ''),
    withdrawn:
      item?.status === 'withdrawn' ? { at: item.withdrawnAt ?? '', because: item.withdrawnBecause ?? '' } : null,
  };
}

/** Where the document cannot be read, the alert's version may serve: a rollback finds out, and refuses what is a no-op. */
function withdrawnNow(version: string, live: PointerDocument | null): string | null {
  if (live === null) return version === '' ? null : version;
  if (version === '') return live.productionVersion === '' ? null : live.productionVersion;
  return exposed(live).includes(version) ? version : null;
}

function targetOf(withdrawVersion: string, { live, ways, at }: Seen): string | null {
  const known = { ...ways, complete: true };
  const target = decideTarget({ input: { withdrawVersion }, live, justRolledBack: false, byPerson: true, at, known });
  return target.outcome === 'go' ? target.to.version : null;
}
