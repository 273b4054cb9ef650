import { EvidenceStore } from '../evidence/evidence-store.ts';
import { dynamo, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { answerPage, type HttpAnswer, readHttp } from './approval-http.ts';
import { ApprovalStore } from './approval-store.ts';
import { failurePage } from './outcome-page.ts';
import { type ShowPorts, showApproval } from './show-approval.ts';

const ports: ShowPorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  evidence: new EvidenceStore(s3(), config('EVIDENCE_BUCKET')),
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
