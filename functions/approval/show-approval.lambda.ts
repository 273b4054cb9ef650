import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { failurePage } from './outcome-page.ts';
import { type ShowPorts, showApproval } from './show-approval.ts';

const ports: ShowPorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  evidence: wired.evidence(),
};

/** GET and HEAD of an approval link. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const request = readHttp(event);
  try {
    const { status, page } = await showApproval(ports, request.link, systemClock());
    return answerPage(status, request.method === 'HEAD' ? '' : page);
  } catch (error) {
    logger.error('PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, request.method === 'HEAD' ? '' : failurePage());
  }
}
