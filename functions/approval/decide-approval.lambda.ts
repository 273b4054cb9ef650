import { stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { approvalPage } from './approval-page.ts';
import { stepFunctionsCallback } from './callback-store.ts';
import { type DecidePorts, decide } from './decide.ts';
import { readForm } from './decision-form.ts';
import { failurePage, outcomePage, unknownLinkPage } from './outcome-page.ts';
import { loadReview, type ReviewPorts } from './review.ts';

const reviewing: ReviewPorts = { evidence: wired.evidence(), wayBack: wired.wayBack() };

const ports: DecidePorts = {
  registry: wired.registry(),
  registryWrites: wired.registryWrites(),
  approvals: wired.approvals(),
  approvalWrites: wired.approvalWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  wake: stepFunctionsCallback(stepFunctions()),
  onWake: ({ promotionId, stage, round }, went, error) =>
    logger[went === 'woken' ? 'info' : 'warn']('Callback', { promotionId, stage, round, went, error }),
};

/** POST of an approval link: takes the decision of one person. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const { link, body } = readHttp(event);
    const typed = readForm(body);
    const now = systemClock();
    const outcome = await decide(ports, link, typed, now);
    logger.info('Decision', { status: outcome.status });
    if (outcome.status === 404) return answerPage(404, unknownLinkPage());
    if (outcome.status !== 400) return answerPage(outcome.status, outcomePage(outcome));
    const review = await loadReview(reviewing, outcome.found, link.secret);
    return answerPage(400, approvalPage(review, now, { typed, faults: outcome.faults }));
  } catch (error) {
    logger.error('DECISION_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
