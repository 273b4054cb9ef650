import * as z from 'zod';
import { ReleaseError } from '../platform/errors.ts';
import { documentSha256, verifyDocument } from '../pointer/document.ts';
import { parseServed } from '../pointer/flag.ts';
import { type DeployedRollback, deployedRollback } from './rollback-answer.ts';

export const confirmEvent = z.object({ rollback: deployedRollback });

export interface ConfirmPorts {
  /** What the data plane serves to a new session. */
  readonly served: (model: string) => Promise<Uint8Array>;
  readonly publicKeyPem: string;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface Confirmation {
  readonly confirmed: true;
  /** UTC of the first of the two looks that found the document. */
  readonly confirmedAt: string;
  readonly revision: number;
}

/** Looks in a row that must agree, since servers of the data plane change one after the other. */
const STABLE_LOOKS = 2;
const LOOKS = 40;
const PAUSE_MS = 500;

/**
 * Reads the data plane until it serves the document that the rollback deployed, twice in a row.
 * @throws ReleaseError POINTER_BUSY when it does not within 20 seconds of looking; the call may be repeated
 */
export async function confirmRollback(ports: ConfirmPorts, rollback: DeployedRollback): Promise<Confirmation> {
  const { model, documentSha256: wanted } = rollback;
  let agreed = 0;
  let confirmedAt = '';
  let seen = 'nothing yet';
  for (let looked = 0; looked < LOOKS; looked++) {
    if (looked > 0) await ports.sleep(PAUSE_MS);
    const parsed = parseServed(await ports.served(model));
    const found = parsed.ok && verifyDocument(ports.publicKeyPem, model, parsed.value) ? parsed.value : null;
    seen = found === null ? 'no document of ours' : `revision ${found.revision}`;
    const same = found !== null && documentSha256(model, found) === wanted;
    agreed = same ? agreed + 1 : 0;
    if (agreed === 1) confirmedAt = ports.now();
    if (found !== null && agreed === STABLE_LOOKS) return { confirmed: true, confirmedAt, revision: found.revision };
  }
  throw new ReleaseError(
    'POINTER_BUSY',
    `The data plane serves ${seen} for ${model}, not yet the document of hosted version ${rollback.hostedVersion}.`,
  );
}
