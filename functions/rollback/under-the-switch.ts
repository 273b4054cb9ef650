import type { PointerDocument } from '../pointer/document.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import { RETURN_LABEL } from '../pointer/return-label.ts';
import { sameSwitch, switchOf } from '../pointer/switch.ts';
import { toOf } from './proof.ts';
import type { RollBackPorts, Rollback } from './rollback-ports.ts';
import { type Known, provenCopy, type ReturnTo } from './targets.ts';

/** Documents that are read one by one to find those that carry the switch. */
const READ_AT_MOST = 20;

type Ports = Pick<RollBackPorts, 'appConfig' | 'publicKeyPem'>;
interface Of {
  readonly input: Pick<Rollback['input'], 'model'>;
  readonly place: Rollback['place'];
}

/**
 * What can be gone back to without ending a kill switch that stands, or bringing one back that was left. The documents that
 * the registry names are made anew whenever a switch is thrown or left; between the two, or without the registry, those
 * of AppConfig are looked through. One that serves no version fits always. Where none fits, all are left: a switch must
 * not stop a rollback.
 *
 * Costs nothing as long as no switch stands and the registry answers.
 */
export async function underTheSwitch(
  ports: Ports,
  of: Of,
  { live, known }: { readonly live: PointerDocument | null; readonly known: Known },
): Promise<Known> {
  if (live === null || (switchOf(live) === null && known.complete === true)) return known;
  const fits: ReturnTo[] = [];
  for (const to of known.returnDocuments) if (await isUnder(ports, of, { to, live })) fits.push(to);
  const missing = known.returnDocuments.filter(({ version }) => !fits.some((one) => one.version === version));
  if (missing.length > 0) fits.push(...(await othersFor(ports, of, { missing, live })));
  return fits.length === 0 ? known : { ...known, returnDocuments: fits };
}

async function isUnder(
  ports: Ports,
  { input, place }: Of,
  { to, live }: { readonly to: ReturnTo; readonly live: PointerDocument },
): Promise<boolean> {
  const { hostedVersion } = to;
  const document =
    provenCopy(ports.publicKeyPem, input.model, to) ??
    (await findDocument(ports, input.model, { ...place, hostedVersion }))?.document ??
    null;
  return document !== null && standsAlike(document, live);
}

/** No version serves by a document of the safe forecast alone, whatever a switch covers. */
function standsAlike(document: PointerDocument, live: PointerDocument): boolean {
  return document.productionVersion === '' || sameSwitch(switchOf(document), switchOf(live));
}

/** Further documents of AppConfig for versions whose own does not fit, newest first, one each. */
async function othersFor(
  ports: Ports,
  { input, place }: Of,
  { missing, live }: { readonly missing: readonly ReturnTo[]; readonly live: PointerDocument },
): Promise<readonly ReturnTo[]> {
  const labelled = (await ports.appConfig.hostedVersions(place.profileId)).filter(({ label }) =>
    label.startsWith(RETURN_LABEL),
  );
  const found: ReturnTo[] = [];
  for (const { number } of labelled.slice(0, READ_AT_MOST)) {
    const hosted = await findDocument(ports, input.model, { ...place, hostedVersion: number });
    if (hosted === null || !standsAlike(hosted.document, live)) continue;
    const to = toOf(hosted);
    const wanted = missing.some(({ version }) => version === to.version);
    if (wanted && !found.some(({ version }) => version === to.version)) found.push(to);
  }
  return found;
}
