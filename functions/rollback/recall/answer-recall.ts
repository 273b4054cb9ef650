import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { type Actor, systemActor } from '../../platform/people.ts';
import { type Answer, type Asked, type RecallItem, waitedFor } from './recall-item.ts';
import type { RecallWrites } from './recall-store.ts';

export interface AnswerRecallPorts {
  readonly writes: Pick<RecallWrites, 'answered'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

/** How one team's part of a recall ends, and who says so. */
export interface Answering {
  readonly asked: Asked;
  readonly outcome: Answer['outcome'];
  readonly name?: string;
  readonly note?: string;
  readonly actor: Actor;
  readonly at: string;
}

/**
 * Records one team's answer; the last one that is waited for closes the recall. Recall and ledger entry change in one
 * transaction or not at all.
 * @returns the recall as it is afterwards; null when somebody changed it since it was read
 * @throws ReleaseError LEDGER_CONTENTION
 */
export async function answerRecall(
  ports: AnswerRecallPorts,
  recall: RecallItem,
  answering: Answering,
): Promise<RecallItem | null> {
  const { asked, outcome, name, note, actor, at } = answering;
  const waited = waitedFor(recall).filter(({ linkId }) => linkId !== asked.linkId);
  const closes = waited.length === 0;
  const said = { ...(name === undefined ? {} : { name }), ...(note === undefined ? {} : { note }) };
  const answer = { linkId: asked.linkId, outcome, ...said, at };
  const { model, executionName, part, version } = recall;
  const data = {
    ...{ executionName, part, version, team: asked.team, email: asked.email, outcome, ...said },
    waitedFor: waited.map(({ team }) => team),
    status: closes ? 'closed' : 'open',
  };
  try {
    const { seq } = await ports.ledger.append({ model, type: 'recall-acknowledged', at, actor, data }, (position) =>
      ports.writes.answered(recall, { ...answer, seq: position }, closes),
    );
    return {
      ...recall,
      answers: [...recall.answers, { ...answer, seq }],
      revision: recall.revision + 1,
      ...(closes ? { status: 'closed', closedAt: at } : {}),
    };
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return null;
    throw error;
  }
}

/** Ends the part of a team that takes no forecasts of the model any more; nobody would answer for it. */
export function releaseTeam(ports: AnswerRecallPorts, recall: RecallItem, asked: Asked, at: string) {
  return answerRecall(ports, recall, { asked, outcome: 'not-needed', actor: systemActor('recall'), at });
}
