import { EvidenceStore } from '../evidence/evidence-store.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { dynamo, kms, s3, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { approvalPage } from './approval-page.ts';
import { ApprovalStore } from './approval-store.ts';
import { ApprovalWrites } from './approval-writes.ts';
import { stepFunctionsCallback } from './callback-store.ts';
import { type DecidePorts, decide } from './decide.ts';
import { readForm } from './decision-form.ts';
import { failurePage, outcomePage, unknownLinkPage } from './outcome-page.ts';
import { loadReview } from './review.ts';

const evidence = new EvidenceStore(s3(), config('EVIDENCE_BUCKET'));

const ports: DecidePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  registryWrites: new RegistryWrites(config('REGISTRY_TABLE')),
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  approvalWrites: new ApprovalWrites(config('APPROVALS_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  evidence,
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
    const review = await loadReview(evidence, outcome.found);
    return answerPage(400, approvalPage(review, now, { typed, faults: outcome.faults }));
  } catch (error) {
    logger.error('DECISION_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, failurePage());
  }
}
