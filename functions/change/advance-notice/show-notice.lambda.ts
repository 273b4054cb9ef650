import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import type { Link } from '../../approval/find-request.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { systemClock } from '../../platform/clock.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { type FindNoticePorts, findNotice } from './find-notice.ts';
import { noticePage } from './notice-page.ts';

const ports: FindNoticePorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  links: wired.noticeLinks(),
  freezes: wired.freezes(),
};

/** GET and HEAD of a notice's link. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const { method, link } = readHttp(event);
  const answer = await answerTo(link);
  return method === 'HEAD' ? { ...answer, body: '' } : answer;
}

async function answerTo(link: Link): Promise<HttpAnswer> {
  try {
    const found = await findNotice(ports, link, systemClock().toISOString());
    return found === null ? answerPage(404, unknownLinkPage()) : answerPage(200, noticePage(found));
  } catch (error) {
    logger.error('NOTICE_PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
