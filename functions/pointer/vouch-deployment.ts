import * as z from 'zod';
import type { Ledger, ReadEntry } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { type Outcome, within } from '../platform/deadline.ts';
import type { Reason } from '../platform/errors.ts';
import { DRILL_ENVIRONMENT } from '../platform/ids.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { documentSha256, isReturnDocument, type PointerDocument, verifyDocument } from './document.ts';
import { parseHosted } from './flag.ts';
import { PROOF_UNAVAILABLE } from './not-vouched.ts';
import { exposedVersions, fault, faultOfForward, faultOfRehearsed, faultOfReturn, type Proof } from './vouch.ts';

/** A broken registry may delay a rollback by this much and no more. */
export const RETURN_PATIENCE_MS = 500;
/** A document that goes forward needs an answer; AppConfig waits for the extension a few seconds only. */
export const FORWARD_PATIENCE_MS = 2_500;

const named = z.looseObject({ Id: z.string().optional(), Name: z.string().optional() });

/** What AppConfig sends before it starts a deployment; of further members nothing is used. */
export const preStartDeployment = z.looseObject({
  Type: z.string(),
  Application: named,
  Environment: named.optional(),
  ConfigurationProfile: named,
  Content: z.base64(),
});

/** What makes AppConfig refuse the deployment. An answer of `undefined` lets it start with the content as it is. */
export interface Veto {
  readonly Error: 'BadRequestError';
  readonly Message: string;
  readonly Details: readonly { readonly Type: string; readonly Name: string; readonly Reason: string }[];
}

export interface VouchPorts {
  readonly registry: Pick<RegistryStore, 'intent' | 'run' | 'version' | 'killSwitch' | 'model'>;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly applicationId: string;
  readonly pointerPublicKeyPem: string;
  readonly ledgerPublicKeyPem: string;
}

/**
 * Answers AppConfig whether a document may be deployed. Whatever goes forward needs its decision in the ledger, and is
 * refused when that cannot be read; a document to go back to needs its signature alone, unless the registry says in time
 * that its version is withdrawn. Never answers content: that would change what was signed.
 */
export async function vouchDeployment(ports: VouchPorts, event: unknown): Promise<Veto | undefined> {
  const reason = await faultOf(ports, event);
  if (reason === null) return undefined;
  const { code, message, got, allowed } = reason;
  const said = [message, got && `Got: ${got}.`, allowed && `Allowed: ${allowed}.`].filter(Boolean).join(' ');
  return {
    Error: 'BadRequestError',
    Message: `${code}: ${said}`,
    Details: [{ Type: 'NotVouched', Name: code, Reason: said }],
  };
}

async function faultOf(ports: VouchPorts, event: unknown): Promise<Reason | null> {
  const parsed = parseInput(preStartDeployment, event);
  if (!parsed.ok)
    return fault('UNKNOWN_EVENT', 'AppConfig sent what this extension does not know.', reasonText(parsed));
  const { Application, ConfigurationProfile, Environment, Content } = parsed.value;
  // AppConfig names the profile; an environment of another model would be blocked by a deployment that is not its own.
  const model = ConfigurationProfile.Name ?? Environment?.Name ?? '';
  const rehearses = Environment?.Name === DRILL_ENVIRONMENT && ConfigurationProfile.Name !== undefined;
  const place = rehearses ? model : (Environment?.Name ?? model);
  if (Application.Id !== ports.applicationId || place !== model) {
    const got = `${Application.Id} ${Environment?.Name} ${ConfigurationProfile.Name}`;
    return fault('WRONG_PLACE', 'Environment and profile must be those of one model.', got, ports.applicationId);
  }
  const content = parseHosted(Buffer.from(Content, 'base64'));
  if (!content.ok) return fault('NOT_A_POINTER', 'The content is not a pointer document.', reasonText(content));
  const document = content.value;
  if (!verifyDocument(ports.pointerPublicKeyPem, model, document)) {
    return fault('SIGNATURE_INVALID', `It is not signed as a document of ${model}.`, `revision ${document.revision}`);
  }
  if (isReturnDocument(document)) return returning(ports, model, document);
  return rehearses ? rehearsing(ports, { model, document, place: Environment }) : advancing(ports, model, document);
}

async function returning(ports: VouchPorts, model: string, document: PointerDocument): Promise<Reason | null> {
  const { productionVersion } = document;
  if (productionVersion === '') return null;
  const answer = await within(RETURN_PATIENCE_MS, () => ports.registry.version(model, productionVersion));
  return faultOfReturn(document, answer.done ? answer.value : 'no-answer');
}

async function advancing(ports: VouchPorts, model: string, document: PointerDocument): Promise<Reason | null> {
  const claim = { model, document, ledgerPublicKeyPem: ports.ledgerPublicKeyPem };
  const proof = await within(FORWARD_PATIENCE_MS, () => proofOf(ports, model, document));
  return proof.done ? faultOfForward(claim, proof.value) : unprovable(proof);
}

/** The environment of drills is told by its name, which can be changed: a model's own one is none, whatever it is called. */
async function rehearsing(
  ports: VouchPorts,
  of: {
    readonly model: string;
    readonly document: PointerDocument;
    readonly place: { readonly Id?: string | undefined };
  },
): Promise<Reason | null> {
  const { model, document, place } = of;
  const claim = { model, document, ledgerPublicKeyPem: ports.ledgerPublicKeyPem };
  const proof = await within(FORWARD_PATIENCE_MS, async () => {
    const [intent, item] = await Promise.all([
      ports.registry.intent(model, documentSha256(model, document)),
      ports.registry.model(model),
    ]);
    return { item, intent, intended: intent === null ? null : await ports.ledger.read(model, intent.ledgerSeq) };
  });
  if (!proof.done) return unprovable(proof);
  const own = proof.value.item?.environmentId;
  if (own === undefined || place.Id === undefined || place.Id === own) {
    return fault('WRONG_PLACE', "A model's own environment is none of drills.", String(place.Id), DRILL_ENVIRONMENT);
  }
  return faultOfRehearsed(claim, proof.value);
}

async function proofOf(ports: VouchPorts, model: string, document: PointerDocument): Promise<Proof> {
  const exposed = exposedVersions(document);
  const [intent, run, standing, items] = await Promise.all([
    ports.registry.intent(model, documentSha256(model, document)),
    ports.registry.run(model, document.promotionId),
    ports.registry.killSwitch(model),
    Promise.all(exposed.map((version) => ports.registry.version(model, version))),
  ]);
  const versions = Object.fromEntries(exposed.map((version, index) => [version, items[index] ?? null]));
  const intended = intent === null ? null : await ports.ledger.read(model, intent.ledgerSeq);
  return { intent, run, standing, versions, intended, approved: await approvalOf(ports, model, intended) };
}

async function approvalOf(ports: VouchPorts, model: string, intended: ReadEntry | null): Promise<ReadEntry | null> {
  const seq = intended?.body.data['approvalSeq'];
  return typeof seq === 'number' && Number.isInteger(seq) && seq > 0 ? ports.ledger.read(model, seq) : null;
}

function unprovable(answer: Extract<Outcome<unknown>, { readonly done: false }>): Reason {
  const got = answer.cause instanceof Error ? answer.cause.message : String(answer.cause);
  return fault(PROOF_UNAVAILABLE, 'Registry and ledger did not give the proof, so it is refused.', got);
}

function reasonText({ reasons }: { readonly reasons: readonly Reason[] }): string {
  return reasons
    .map(({ path, message }) => `${path}: ${message}`)
    .join(' ')
    .slice(0, 500);
}
