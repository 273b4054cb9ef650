import type { Link } from '../../approval/find-request.ts';
import { isSecret } from '../../approval/secret.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { Asked, RecallItem } from './recall-item.ts';
import type { RecallLinkStore } from './recall-link-store.ts';
import type { RecallStore } from './recall-store.ts';

/** A recall as the recipient of a link sees it. */
export interface FoundRecall {
  readonly recall: RecallItem;
  readonly asked: Asked;
}

export interface FindRecallPorts {
  readonly recalls: Pick<RecallStore, 'recall'>;
  readonly links: Pick<RecallLinkStore, 'link'>;
}

/** Compared with when there is no such link, so that both cases do the same work. */
const NOBODYS = sha256Hex('no secret has this digest');

/**
 * The recall of a link; null when there is none or the secret is not its own, which nobody can tell apart.
 * @throws ReleaseError CORRUPT_ITEM when the link points at nothing
 */
export async function findRecall(ports: FindRecallPorts, { requestId, secret }: Link): Promise<FoundRecall | null> {
  const wellFormed = /^[0-9a-f]{32}$/.test(requestId);
  const link = await ports.links.link(wellFormed ? requestId : '0'.repeat(32));
  const proved = isSecret(secret, link?.secretSha256s ?? [NOBODYS]);
  if (link === null || !proved) return null;
  const recall = await ports.recalls.recall(link);
  const asked = recall?.asked.find(({ linkId }) => linkId === link.linkId);
  if (recall !== null && asked !== undefined) return { recall, asked };
  throw new ReleaseError('CORRUPT_ITEM', `The link ${link.linkId} leads to no recall.`);
}
