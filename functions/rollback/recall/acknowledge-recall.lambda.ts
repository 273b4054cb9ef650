import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import { failurePage, unknownLinkPage } from '../../approval/outcome-page.ts';
import { dynamo, s3 } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { type AcknowledgePorts, acknowledge } from './acknowledge.ts';
import { readAcknowledgeForm } from './acknowledge-form.ts';
import { RecallLinkStore } from './recall-link-store.ts';
import { RecallObjectStore } from './recall-object-store.ts';
import { acknowledgedPage, recallPage } from './recall-page.ts';
import { RecallStore, RecallWrites } from './recall-store.ts';

const ports: AcknowledgePorts = {
  recalls: new RecallStore(dynamo(), config('REGISTRY_TABLE')),
  links: new RecallLinkStore(dynamo(), config('APPROVALS_TABLE')),
  writes: new RecallWrites(config('REGISTRY_TABLE')),
  ledger: wired.ledger(),
};
const objects = new RecallObjectStore(s3(), config('PREDICTION_BUCKET'));

/** POST of a recall's link: takes the acknowledgement of one team. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const { link, body } = readHttp(event);
    const typed = readAcknowledgeForm(body);
    const outcome = await acknowledge(ports, link, typed, systemClock().toISOString());
    logger.info('Acknowledgement', { status: outcome.status });
    if (outcome.status === 404) return answerPage(404, unknownLinkPage());
    if (outcome.status !== 400) return answerPage(outcome.status, acknowledgedPage(outcome));
    const { summary } = outcome.found.recall;
    const told = summary === undefined ? null : await objects.readSummary(summary);
    return answerPage(400, recallPage(outcome.found, told, { typed, faults: outcome.faults }));
  } catch (error) {
    logger.error('ACKNOWLEDGEMENT_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
