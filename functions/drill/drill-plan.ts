import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import { isReturnDocument } from '../pointer/document.ts';
import { findDocument, type HostedDocument } from '../pointer/hosted-document.ts';

export interface PlanPorts {
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'hostedVersions' | 'hostedContent'>;
  readonly publicKeyPem: string;
}

/** What a drill goes back from. */
export interface DrillPlan {
  readonly placed: HostedDocument;
  /** The version that is taken for the one at fault; empty: none serves, and the drill goes from one form of the safe forecast to the other. */
  readonly withdraws: string;
  /** The production version; empty: the safe forecast. */
  readonly production: string;
}

/**
 * Plans a drill of what serves now: the very document, and the version in it that a rollback would withdraw. Where the
 * document to go back to the safe forecast serves itself, the model's first document, which serves the same, is gone back
 * from. Null when there is no document of ours to go back from.
 */
export async function planDrill(ports: PlanPorts, model: string, place: PointerPlace): Promise<DrillPlan | null> {
  const { live } = await ports.appConfig.deployedState(place);
  const serving =
    live === null ? null : await findDocument(ports, model, { ...place, hostedVersion: live.hostedVersion });
  if (serving === null) return null;
  const { productionVersion: production, canaryVersion, shadowVersion } = serving.document;
  const withdraws = production || canaryVersion || shadowVersion;
  if (withdraws !== '' || !isReturnDocument(serving.document)) return { placed: serving, withdraws, production };
  const first = await firstDocument(ports, model, place);
  return first === null ? null : { placed: first, withdraws, production };
}

async function firstDocument(ports: PlanPorts, model: string, place: PointerPlace): Promise<HostedDocument | null> {
  const versions = await ports.appConfig.hostedVersions(place.profileId);
  for (const { number: hostedVersion } of versions.toSorted((a, b) => a.number - b.number)) {
    const found = await findDocument(ports, model, { ...place, hostedVersion });
    if (found?.document.productionVersion === '' && !isReturnDocument(found.document)) return found;
  }
  return null;
}
