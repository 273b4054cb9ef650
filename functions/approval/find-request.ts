import { ReleaseError } from '../platform/errors.ts';
import { sha256Hex } from '../platform/json.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { SignIn } from '../sign-in/standing.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { GateItem, RequestItem } from './items.ts';
import { isSecret } from './secret.ts';

/** A link as it was opened: the id is public, the secret proves whose it is. */
export interface Link {
  readonly requestId: string;
  readonly secret: string;
  /** By whom; absent where the stack has no issuer to sign in at, and the link stands alone. */
  readonly signIn?: SignIn;
}

/** A request with everything that it is about, as the tables have it now. */
export interface Found {
  readonly request: RequestItem;
  readonly gate: GateItem;
  readonly run: Run;
  /** Null for a model that is only being onboarded. */
  readonly model: ModelItem | null;
}

export interface FindRequestPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly approvals: Pick<ApprovalStore, 'gate' | 'request'>;
}

/** Compared with when there is no such request, so that both cases do the same work. */
const NOBODYS = sha256Hex('no secret has this digest');

/**
 * The request of a link; null when there is none or the secret is not its own, which nobody can tell apart.
 * @throws ReleaseError CORRUPT_ITEM when the request points at nothing
 */
export async function findRequest(ports: FindRequestPorts, link: Link): Promise<Found | null> {
  const wellFormed = /^[0-9a-f]{32}$/.test(link.requestId);
  const request = await ports.approvals.request(wellFormed ? link.requestId : '0'.repeat(32));
  const proved = isSecret(link.secret, request?.secretSha256s ?? [NOBODYS]);
  if (request === null || !proved) return null;
  const [gate, run, model] = await Promise.all([
    ports.approvals.gate(request),
    ports.registry.run(request.model, request.promotionId),
    ports.registry.model(request.model),
  ]);
  if (gate !== null && run !== null) return { request, gate, run, model };
  throw new ReleaseError('CORRUPT_ITEM', `The request ${request.requestId} has no gate or no run.`);
}
