import { stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { openedBy } from '../sign-in/standing.ts';
import { answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { stepFunctionsCallback } from './callback-store.ts';
import { failurePage } from './outcome-page.ts';
import { type PostPorts, postDecision } from './post-decision.ts';
import { loadToldNote } from './told-note.ts';

const shared = { registry: wired.registry(), approvals: wired.approvals(), evidence: wired.evidence() };
const signIn = wired.signIn();

const ports: PostPorts = {
  ...shared,
  registryWrites: wired.registryWrites(),
  approvalWrites: wired.approvalWrites(),
  ledger: wired.ledger(),
  reviewing: {
    ...shared,
    wayBack: wired.wayBack(),
    freezes: wired.freezes(),
    toldNote: (found) => loadToldNote(shared, found),
  },
  wake: stepFunctionsCallback(stepFunctions()),
  onWake: ({ promotionId, stage, round }, went, error) =>
    logger[went === 'woken' ? 'info' : 'warn']('Callback', { promotionId, stage, round, went, error }),
};

/** POST of an approval link: takes the decision of one person. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const request = readHttp(event);
    const now = systemClock();
    const { status, page } = await postDecision(ports, await openedBy(signIn, request, now), request.ownForm, now);
    logger.info('Decision', { status });
    return answerPage(status, page);
  } catch (error) {
    logger.error('DECISION_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
