import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { systemClock } from '../../platform/clock.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { readAcknowledgeForm } from '../../rollback/recall/acknowledge-form.ts';
import { openedBy } from '../../sign-in/standing.ts';
import { type AnswerNoticePorts, answerNotice } from './answer-notice.ts';
import { answeredPage, noticePage, noticeSignIn } from './notice-page.ts';

const ports: AnswerNoticePorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  links: wired.noticeLinks(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  freezes: wired.freezes(),
};
const signIn = wired.signIn();

/** POST of a notice's link: takes the acknowledgement of a team, or the exception of a second approver. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const request = readHttp(event);
    const typed = readAcknowledgeForm(request.ownForm);
    const now = systemClock();
    const link = await openedBy(signIn, request, now);
    const outcome = await answerNotice(ports, link, typed, now.toISOString());
    logger.info('Answer to a notice', { status: outcome.status });
    if (outcome.status === 404) return answerPage(404, unknownLinkPage());
    const { status, found } = outcome;
    const signedIn = noticeSignIn(link, found, true);
    const isOther = status === 403 && outcome.session !== undefined;
    if (status !== 400 && status !== 401 && !isOther) return answerPage(status, answeredPage(outcome));
    const faults = status === 400 ? outcome.faults : [];
    return answerPage(status, noticePage(found, { typed, faults, signIn: signedIn }));
  } catch (error) {
    logger.error('NOTICE_ANSWER_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
