import { within } from '../platform/deadline.ts';
import { type Deployment, isUndone } from '../pointer/deployments.ts';
import { type Replaced, wentOutData } from '../pointer/document-record.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import type { DeployedRollback, RollbackAnswer } from './rollback-answer.ts';
import type { RollBackPorts, Rollback } from './rollback-ports.ts';

const PATIENCE_MS = 2_000;
/**
 * What an execution carries to the step that records it: a state that is larger than 256 KiB would end the execution, past
 * every catch, after the pointer has moved.
 */
const MAX_CARRIED_BYTES = 200_000;

/**
 * The answer with the document that serves now and the one that it replaced, for the ledger. The pointer has moved by then:
 * what cannot be read soon, or carried on, is done without.
 */
export async function withDocument(
  ports: RollBackPorts,
  { place }: Rollback,
  answer: RollbackAnswer,
): Promise<RollbackAnswer> {
  if (answer.outcome !== 'deployed') return answer;
  const { model, hostedVersion } = answer;
  const read = await within(PATIENCE_MS, () =>
    Promise.all([
      findDocument(ports, model, { ...place, hostedVersion }),
      deployedAt(ports, place, answer),
      replaced(ports, place, answer),
    ]),
  );
  if (!read.done) return answer;
  const [found, at, before] = read.value;
  if (found === null) return answer;
  const wentOut = wentOutData({ document: found.document, deployedAt: at }, MAX_CARRIED_BYTES);
  return { ...answer, wentOut: { ...wentOut, ...(before === null ? {} : { replaced: { ...before } }) } };
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

/** What was deployed before the rollback, or was being deployed; of a revert, what it undid. */
async function replaced(
  ports: RollBackPorts,
  place: Rollback['place'],
  answer: DeployedRollback,
): Promise<Replaced | null> {
  const before = await deployedBefore(ports, place, answer);
  if (before === null) return null;
  const found = await findDocument(ports, answer.model, { ...place, hostedVersion: before.hostedVersion });
  if (found === null) return null;
  const { documentSha256, document } = found;
  return { documentSha256, revision: document.revision, deployedAt: before.startedAt };
}

/** What was undone before the rollback began was replaced then, by what had been live before it. */
async function deployedBefore(
  ports: RollBackPorts,
  place: Rollback['place'],
  { how, deploymentNumber, startedAt }: DeployedRollback,
): Promise<Deployment | null> {
  const { history } = await ports.appConfig.deployedState(place);
  const isBefore = (number: number) => (how === 'reverted' ? number > deploymentNumber : number < deploymentNumber);
  for (const one of history.filter(({ number }) => isBefore(number))) {
    if (!isUndone(one)) return one;
    const { changedAt } = await ports.appConfig.deployment(place.environmentId, one.number);
    if (Date.parse(changedAt) >= Date.parse(startedAt)) return one;
  }
  return null;
}
