import type { Link } from '../../approval/find-request.ts';
import { type Reason, ReleaseError } from '../../platform/errors.ts';
import { personActor } from '../../platform/people.ts';
import { type AcknowledgeForm, parseAcknowledgeForm } from './acknowledge-form.ts';
import { type AnswerRecallPorts, answerRecall } from './answer-recall.ts';
import { type FindRecallPorts, type FoundRecall, findRecall } from './find-recall.ts';
import type { Answer } from './recall-item.ts';

export type AcknowledgePorts = FindRecallPorts & AnswerRecallPorts;

/** How a posted acknowledgement went; `status` is the HTTP status. */
export type Acknowledged =
  | { readonly status: 200 | 409 | 410; readonly found: FoundRecall; readonly answer?: Answer }
  | { readonly status: 400; readonly found: FoundRecall; readonly faults: readonly Reason[] }
  | { readonly status: 404 };

const MAX_RACES = 10;

/**
 * Takes one team's acknowledgement: 409 when it was given before, 410 when none is asked for (any more). Safe to repeat:
 * a second post finds the first.
 * @throws ReleaseError CORRUPT_ITEM, LEDGER_CONTENTION; nothing is recorded then
 */
export async function acknowledge(
  ports: AcknowledgePorts,
  link: Link,
  typed: AcknowledgeForm,
  at: string,
): Promise<Acknowledged> {
  for (let race = 0; race < MAX_RACES; race++) {
    const found = await findRecall(ports, link);
    if (found === null) return { status: 404 };
    const outcome = refusal(found) ?? (await record(ports, found, typed, at));
    if (outcome !== null) return outcome;
  }
  throw new ReleaseError('LEDGER_CONTENTION', 'Others kept answering the same recall; nothing was recorded.');
}

/** Why there is nothing to acknowledge by this link; null while there is. */
function refusal(found: FoundRecall): Acknowledged | null {
  const answer = answerOf(found);
  if (answer?.outcome === 'acknowledged') return { status: 409, found, answer };
  return answer !== undefined || !found.asked.acknowledges ? { status: 410, found } : null;
}

/** What the recipient of the link answered before. */
export function answerOf({ recall, asked }: FoundRecall): Answer | undefined {
  return recall.answers.find(({ linkId }) => linkId === asked.linkId);
}

/** Null when another team's answer came first and the recall must be read again. */
async function record(
  ports: AcknowledgePorts,
  found: FoundRecall,
  typed: AcknowledgeForm,
  at: string,
): Promise<Acknowledged | null> {
  const { recall, asked } = found;
  const form = parseAcknowledgeForm(typed, recall.model);
  if (!form.ok) return { status: 400, found, faults: form.reasons };
  const { name, note } = form.value;
  const after = await answerRecall(ports, recall, {
    ...{ asked, outcome: 'acknowledged', name, at },
    ...(note === '' ? {} : { note }),
    actor: personActor({ name, email: asked.email }),
  });
  if (after === null) return null;
  const answer = after.answers.at(-1);
  return { status: 200, found: { recall: after, asked }, ...(answer === undefined ? {} : { answer }) };
}
