import { within } from '../platform/deadline.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import { RETURN_LABEL, returnDescription } from '../pointer/prepare-return.ts';
import type { RollbackInput } from './input.ts';
import { toOf } from './proof.ts';
import type { RollBackPorts } from './rollback-ports.ts';
import type { Known, ReturnTo } from './targets.ts';

/** How long the registry is waited for before AppConfig alone must do. */
const REGISTRY_PATIENCE_MS = 2_000;
/** Documents that are read one by one when the registry does not say which there are. */
const READ_AT_MOST = 20;

export type FindModelPorts = Pick<RollBackPorts, 'registry' | 'place' | 'findPlace' | 'appConfig' | 'publicKeyPem'>;

export interface FoundModel {
  readonly place: PointerPlace;
  readonly known: Known;
}

/** Where the model serves and what can be gone back to; null: there is no such model. */
export async function findModel(
  ports: FindModelPorts,
  input: Pick<RollbackInput, 'model' | 'targetVersion'>,
): Promise<FoundModel | null> {
  const { model } = input;
  const answer = await within(REGISTRY_PATIENCE_MS, async () => {
    const { place, ...ways } = await ports.registry.waysBack(model);
    return { place: ports.place ?? place ?? (await placeOf(ports, model)), known: { ...ways, complete: true } };
  });
  if (!answer.done) return findWithoutRegistry(ports, input);
  const { place, known } = answer.value;
  return place === null ? null : { place, known };
}

async function placeOf({ registry }: FindModelPorts, model: string): Promise<PointerPlace | null> {
  const item = await registry.model(model);
  return item === null ? null : { environmentId: item.environmentId, profileId: item.profileId };
}

/** Every document to go back to is labelled as one, and says which version it serves. */
async function findWithoutRegistry(
  ports: FindModelPorts,
  input: Pick<RollbackInput, 'model' | 'targetVersion'>,
): Promise<FoundModel | null> {
  const { model, targetVersion } = input;
  const place = ports.place ?? (await ports.findPlace(model));
  if (place === null) return null;
  const labelled = (await ports.appConfig.hostedVersions(place.profileId)).filter(({ label }) =>
    label.startsWith(RETURN_LABEL),
  );
  const wanted = targetVersion === undefined ? undefined : returnDescription(targetVersion);
  const order = [
    ...labelled.filter(({ description }) => description === wanted),
    ...labelled.filter(({ description }) => description !== wanted),
  ];
  const found: ReturnTo[] = [];
  for (const { number } of order.slice(0, READ_AT_MOST)) {
    const document = await findDocument(ports, model, { ...place, hostedVersion: number });
    if (document !== null) found.push(toOf(document));
  }
  const versions = found.filter(({ version }) => version !== '').map(({ version }) => version);
  const retained = [...new Set(versions)].map((version) => ({ version, status: 'retained' as const }));
  return { place, known: { versions: retained, returnDocuments: found } };
}
