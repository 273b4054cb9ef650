import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { openedBy } from '../sign-in/standing.ts';
import { type ApprovalRequest, answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { failurePage } from './outcome-page.ts';
import { type ShowPorts, showApproval } from './show-approval.ts';
import { showReport } from './show-report.ts';
import { loadToldNote } from './told-note.ts';

const shared = { registry: wired.registry(), approvals: wired.approvals(), evidence: wired.evidence() };
const signIn = wired.signIn();
const ports: ShowPorts = {
  ...shared,
  wayBack: wired.wayBack(),
  freezes: wired.freezes(),
  toldNote: (found) => loadToldNote(shared, found),
};

/** GET and HEAD of an approval link, or of a report that it leads to. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const request = readHttp(event);
  const answer = await answerTo(request);
  return request.method === 'HEAD' ? { ...answer, body: '' } : answer;
}

async function answerTo(request: ApprovalRequest): Promise<HttpAnswer> {
  const { link, report } = request;
  try {
    if (report !== null) {
      const { status, page, headers } = await showReport(ports, link, report);
      return answerPage(status, page, headers);
    }
    const now = systemClock();
    const { status, page } = await showApproval(ports, await openedBy(signIn, request, now), now);
    return answerPage(status, page);
  } catch (error) {
    logger.error('PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
