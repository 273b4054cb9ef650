import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { systemClock } from '../../platform/clock.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { readAcknowledgeForm } from '../../rollback/recall/acknowledge-form.ts';
import { type AnswerNoticePorts, answerNotice } from './answer-notice.ts';
import { answeredPage, noticePage } from './notice-page.ts';

const ports: AnswerNoticePorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  links: wired.noticeLinks(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  freezes: wired.freezes(),
};

/** POST of a notice's link: takes the acknowledgement of a team, or the exception of a second approver. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const { link, body } = readHttp(event);
    const typed = readAcknowledgeForm(body);
    const outcome = await answerNotice(ports, link, typed, systemClock().toISOString());
    logger.info('Answer to a notice', { status: outcome.status });
    if (outcome.status === 404) return answerPage(404, unknownLinkPage());
    if (outcome.status !== 400) return answerPage(outcome.status, answeredPage(outcome));
    return answerPage(400, noticePage(outcome.found, { typed, faults: outcome.faults }));
  } catch (error) {
    logger.error('NOTICE_ANSWER_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
