import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { contentFaults, type HandedInObject, parseS3Uri, placeFaults } from '../evidence/handed-in.ts';
import type { Reason } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { JsonObject } from '../platform/json.ts';
import { evidencePaths } from '../platform/keys.ts';
import type { Retention } from '../platform/retention.ts';
import type { ChangeInput } from './change-input.ts';
import type { ChangeItem, Run, StoredObject, VersionItem } from './items.ts';

/** What is said of an adopted version wherever it is recorded or shown. */
export const ADOPTED = 'adopted, gates not passed';

/** What a run that has not registered yet asks to take over. */
export interface AskedAdoption {
  readonly version: string;
  readonly artifact: HandedInObject;
}

export interface AdoptionPorts {
  readonly evidence: Pick<EvidenceStore, 'inspect' | 'copyIn'>;
  readonly allowedPrefixes: readonly string[];
  readonly retention: Retention;
}

export function askedAdoption(input: ChangeInput): AskedAdoption | null {
  return input.kind === 'onboard' ? (input.adopt ?? null) : null;
}

/** Looks at the artifact where it was handed in, if it lies in an allowed place. */
export async function artifactFaults(ports: AdoptionPorts, { artifact }: AskedAdoption): Promise<readonly Reason[]> {
  const misplaced = placeFaults(PATH, artifact, ports.allowedPrefixes);
  if (misplaced.length > 0) return misplaced;
  return contentFaults(PATH, artifact, await ports.evidence.inspect(parseS3Uri(artifact.uri)));
}

/**
 * Copies the artifact into the locked area; only this copy is used from then on. The reasons say what is wrong with the
 * copy: the object may have been replaced since it was looked at.
 * @throws ReleaseError NOT_FOUND when the object is gone since
 */
export async function copyArtifact(
  ports: AdoptionPorts,
  { artifact }: AskedAdoption,
  of: { readonly promotionId: string; readonly at: string },
): Promise<{ readonly object: StoredObject; readonly reasons: readonly Reason[] }> {
  const options = { retention: ports.retention, at: of.at };
  const object = await ports.evidence.copyIn(parseS3Uri(artifact.uri), evidencePaths.adopted(of.promotionId), options);
  return { object, reasons: contentFaults(PATH, artifact, object) };
}

/** A version names one artifact for ever, also one that an onboarding which broke off left behind. */
export function versionConflicts(asked: AskedAdoption, versions: readonly VersionItem[]): readonly Reason[] {
  const known = versions.find(({ version }) => version === asked.version);
  if (known === undefined || known.sha256 === asked.artifact.sha256) return [];
  return [
    {
      code: 'VERSION_DIGEST_CONFLICT',
      path: `${PATH}.sha256`,
      message: 'This version was registered before with another artifact; a version names one artifact for ever.',
      got: asked.artifact.sha256,
      allowed: known.sha256,
      next: 'Adopt the artifact under another version.',
    },
  ];
}

/**
 * True when the model's onboarding was to adopt a version and broke off before it served, and no other version was brought
 * since: it may be tried again, for the adoption would still be the model's first version. Once a promotion was begun the
 * gates decide: what failed at one is not taken over past them.
 */
export function adoptionBroke(onboarding: Run | null, versions: readonly VersionItem[]): boolean {
  if (onboarding?.kind !== 'onboard' || onboarding.adopt === undefined) return false;
  const broke = onboarding.end !== undefined && onboarding.adopted === undefined;
  return broke && versions.every((item) => item.status === 'candidate' && isFromOnboarding(item));
}

function isFromOnboarding({ promotionId }: VersionItem): boolean {
  return parsePromotionId(promotionId)?.subject === 'onboard';
}

/** The adoption as it is recorded with the request, for whoever reads what was approved; nothing without one. */
export function adoptionData({ adopt }: Pick<ChangeItem, 'adopt'>): JsonObject {
  return adopt === undefined
    ? {}
    : { adopt: { version: adopt.version, artifact: { ...adopt.artifact }, label: ADOPTED } };
}

/** The registry item of an adopted version, before the pointer serves it. */
export function adoptedVersion(
  run: Pick<ChangeItem, 'model' | 'promotionId'>,
  adopt: NonNullable<ChangeItem['adopt']>,
  registeredAt: string,
): VersionItem {
  const { version, artifact } = adopt;
  const { model, promotionId } = run;
  return { model, version, sha256: artifact.sha256, artifact, status: 'candidate', promotionId, registeredAt };
}

const PATH = 'adopt.artifact';
