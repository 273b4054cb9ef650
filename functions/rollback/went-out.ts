import { within } from '../platform/deadline.ts';
import { wentOutData } from '../pointer/document-record.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import type { DeployedRollback, RollbackAnswer } from './rollback-answer.ts';
import type { RollBackPorts, Rollback } from './rollback-ports.ts';

const PATIENCE_MS = 2_000;

/**
 * The answer with the document that serves now, for the ledger. The pointer has moved by then: what cannot be read soon is
 * done without.
 */
export async function withDocument(
  ports: RollBackPorts,
  { place }: Rollback,
  answer: RollbackAnswer,
): Promise<RollbackAnswer> {
  if (answer.outcome !== 'deployed') return answer;
  const { model, hostedVersion } = answer;
  const read = await within(PATIENCE_MS, () =>
    Promise.all([findDocument(ports, model, { ...place, hostedVersion }), deployedAt(ports, place, answer)]),
  );
  const found = read.done ? read.value[0] : null;
  if (!read.done || found === null) return answer;
  return { ...answer, wentOut: wentOutData({ document: found.document, deployedAt: read.value[1] }) };
}

/** A revert brings back what an older deployment had brought: it is as old as this look. */
async function deployedAt(
  ports: RollBackPorts,
  { environmentId }: Rollback['place'],
  { how, deploymentNumber }: DeployedRollback,
): Promise<string> {
  if (how === 'reverted') return ports.now();
  return (await ports.appConfig.deployment(environmentId, deploymentNumber)).changedAt;
}
