import { within } from '../platform/deadline.ts';
import { actorOf } from './input.ts';
import type { Going, RollBackPorts, Rollback } from './rollback-ports.ts';

/** The intent is worth this much delay and no more: going back does not wait for the ledger. */
const INTENT_PATIENCE_MS = 500;

/** Tries to record what is about to happen; whether it succeeds changes nothing. Once per execution. */
export async function intend(ports: RollBackPorts, { event, input, place }: Rollback, target: Going): Promise<void> {
  const { model, cause, detail } = input;
  const { executionName } = event;
  const { hostedVersion, documentSha256, version } = target.to;
  const data = {
    executionName,
    cause,
    requestedBy: { ...input.requestedBy },
    from: target.from,
    to: version,
    hostedVersion,
    documentSha256,
    profileId: place.profileId,
    ...(detail === undefined ? {} : { detail }),
  };
  await within(INTENT_PATIENCE_MS, () =>
    ports.ledger.append(
      { model, type: 'rollback-intended', at: ports.now(), actor: actorOf(input), data },
      (ledgerSeq) => [ports.writes.newIntent({ model, executionName, ledgerSeq })],
    ),
  );
}
