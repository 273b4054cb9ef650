import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import type { Link } from '../../approval/find-request.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { dynamo, s3 } from '../../platform/clients.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import { findRecall } from './find-recall.ts';
import { RecallLinkStore } from './recall-link-store.ts';
import { RecallObjectStore } from './recall-object-store.ts';
import { recallPage } from './recall-page.ts';
import { RecallStore } from './recall-store.ts';

const ports = {
  recalls: new RecallStore(dynamo(), config('REGISTRY_TABLE')),
  links: new RecallLinkStore(dynamo(), config('APPROVALS_TABLE')),
};
const objects = new RecallObjectStore(s3(), config('PREDICTION_BUCKET'));

/** GET and HEAD of a recall's link. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const { method, link } = readHttp(event);
  const answer = await answerTo(link);
  return method === 'HEAD' ? { ...answer, body: '' } : answer;
}

async function answerTo(link: Link): Promise<HttpAnswer> {
  try {
    const found = await findRecall(ports, link);
    if (found === null) return answerPage(404, unknownLinkPage());
    const { summary } = found.recall;
    return answerPage(200, recallPage(found, summary === undefined ? null : await objects.readSummary(summary)));
  } catch (error) {
    logger.error('RECALL_PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
