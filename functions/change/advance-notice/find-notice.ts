import type { ApprovalStore } from '../../approval/approval-store.ts';
import type { Link } from '../../approval/find-request.ts';
import type { GateItem } from '../../approval/items.ts';
import type { LinkStore } from '../../approval/link-store.ts';
import { isSecret } from '../../approval/secret.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { FreezePeriod } from '../freeze.ts';
import { hasActed, heldStageOf, standsStill } from './announced-run.ts';
import { notExcepted } from './hold-exceptions.ts';
import { frozen, type HoldReason, noticeFacts, noticeReasons } from './notice-checks.ts';
import type { HeldStage, NoticeLink } from './notice-item.ts';

/** A notice, or what holds a stage, as the recipient of a link sees it. */
export interface FoundNotice {
  readonly whose: NoticeLink['for'];
  readonly run: Run;
  readonly model: ModelItem;
  readonly gates: readonly GateItem[];
  /** What holds it now, and an exception could lift; none once it has acted. */
  readonly holding: readonly HoldReason[];
}

export interface FindNoticePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly approvals: Pick<ApprovalStore, 'gates'>;
  readonly links: Pick<LinkStore<NoticeLink>, 'link'>;
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
}

/** Compared with when there is no such link, so that both cases do the same work. */
const NOBODYS = sha256Hex('no secret has this digest');

/**
 * What a link leads to; null when there is none or the secret is not its own, which nobody can tell apart.
 * @throws ReleaseError CORRUPT_ITEM when the link points at nothing
 */
export async function findNotice(
  ports: FindNoticePorts,
  { requestId, secret }: Link,
  now: string,
): Promise<FoundNotice | null> {
  const wellFormed = /^[0-9a-f]{32}$/.test(requestId);
  const link = await ports.links.link(wellFormed ? requestId : '0'.repeat(32));
  const proved = isSecret(secret, link?.secretSha256s ?? [NOBODYS]);
  if (link === null || !proved) return null;
  const [run, model, gates] = await Promise.all([
    ports.registry.run(link.model, link.promotionId),
    ports.registry.model(link.model),
    ports.approvals.gates(link.promotionId),
  ]);
  if (run === null || model === null) {
    throw new ReleaseError('CORRUPT_ITEM', `The link ${link.linkId} leads to no run.`);
  }
  return {
    whose: link.for,
    run,
    model,
    gates,
    holding: holdingNow(link.for, { run, model, gates, now, freezes: ports.freezes }),
  };
}

function holdingNow(
  whose: NoticeLink['for'],
  of: Pick<FoundNotice, 'run' | 'model' | 'gates'> & {
    readonly now: string;
    readonly freezes: readonly FreezePeriod[];
  },
): readonly HoldReason[] {
  const { run, model, gates } = of;
  if (whose.kind === 'team' || run.end !== undefined || heldStageOf(run) !== whose.stage) return [];
  if (wasEntered(run, whose.stage) && !standsStill(run)) return [];
  const { stage } = whose;
  const facts = noticeFacts(run, model, of);
  const reasons = standsStill(run) ? frozen(facts) : noticeReasons(facts, stage);
  return notExcepted(reasons, run, { model, stage, gates });
}

function wasEntered(run: Run, stage: HeldStage): boolean {
  return stage === 'production' ? run.pointer !== undefined : hasActed(run);
}
