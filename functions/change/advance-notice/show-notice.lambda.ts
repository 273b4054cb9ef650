import { type ApprovalRequest, answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { systemClock } from '../../platform/clock.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { EMPTY_FORM } from '../../rollback/recall/acknowledge-form.ts';
import { openedBy } from '../../sign-in/standing.ts';
import { type FindNoticePorts, findNotice } from './find-notice.ts';
import { noticePage, noticeSignIn } from './notice-page.ts';

const ports: FindNoticePorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  links: wired.noticeLinks(),
  freezes: wired.freezes(),
};
const signIn = wired.signIn();

/** GET and HEAD of a notice's link. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const request = readHttp(event);
  const answer = await answerTo(request);
  return request.method === 'HEAD' ? { ...answer, body: '' } : answer;
}

async function answerTo(request: ApprovalRequest): Promise<HttpAnswer> {
  try {
    const now = systemClock();
    const link = await openedBy(signIn, request, now);
    const found = await findNotice(ports, link, now.toISOString());
    if (found === null) return answerPage(404, unknownLinkPage());
    return answerPage(200, noticePage(found, { typed: EMPTY_FORM, faults: [], signIn: noticeSignIn(link, found) }));
  } catch (error) {
    logger.error('NOTICE_PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
