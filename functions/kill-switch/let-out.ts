import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import type { JsonObject } from '../platform/json.ts';
import { isUndone } from '../pointer/deployments.ts';
import { wentOutData } from '../pointer/document-record.ts';
import { findDocument, type HostedDocument } from '../pointer/hosted-document.ts';
import { settled } from '../pointer/settle.ts';
import type { KillSwitchPorts, Looked, Out } from './kill-switch-ports.ts';

const PREFIX = 'Kill switch: ';

/** Marks a deployment, so that a repeated call knows what made it without any other memory. */
export function describeThrow(level: string, promotionId = ''): string {
  return `${PREFIX}${level}${promotionId === '' ? '' : ` of ${promotionId}`}`;
}

/** The promotion whose candidate a deployment took out; null: no kill switch made it, or one for the model. */
export function stoppedBy(description: string): string | null {
  return /^Kill switch: (?:canary|shadow|candidate) of (\S+)$/.exec(description)?.[1] ?? null;
}

/**
 * Deploys a hosted document and waits until it is complete.
 * @throws ReleaseError POINTER_BUSY when another deployment came first, or took this one back; NOT_VOUCHED
 */
export async function letOut(
  ports: KillSwitchPorts,
  { place, state, live, hosted: before }: Looked,
  { hosted, description }: { readonly hosted: HostedDocument; readonly description: string },
): Promise<Out> {
  const deploymentNumber = await ports.appConfig.startDeployment({
    place,
    strategyId: ports.strategyId,
    hostedVersion: hosted.hostedVersion,
    latestNumber: state.latestNumber,
    description,
  });
  try {
    await settled(ports, place, deploymentNumber, description);
  } catch (cause) {
    if (!isReleaseError(cause, 'PROMOTION_ENDED')) throw cause;
    throw new ReleaseError('POINTER_BUSY', 'Somebody took the deployment back.', { cause });
  }
  const { changedAt } = await ports.appConfig.deployment(place.environmentId, deploymentNumber);
  return { hosted, deploymentNumber, deployedAt: changedAt, before: { hosted: before, deployedAt: live.startedAt } };
}

/** What an earlier call let out under a description; null when something else made what serves. */
export async function letOutBefore(
  ports: KillSwitchPorts,
  { live, state, place, hosted, description, input }: Looked,
  described: string,
): Promise<Out | null> {
  if (description !== described) return null;
  const { changedAt } = await ports.appConfig.deployment(place.environmentId, live.number);
  const previous = state.history.find((one) => one.number < live.number && !isUndone(one));
  const found =
    previous === undefined
      ? null
      : await findDocument(ports, input.model, { ...place, hostedVersion: previous.hostedVersion });
  const before = found === null || previous === undefined ? null : { hosted: found, deployedAt: previous.startedAt };
  return { hosted, deploymentNumber: live.number, deployedAt: changedAt, before };
}

/** What the ledger says of a document that went out. */
export function outData({ hosted, deploymentNumber, deployedAt, before }: Out): JsonObject {
  const { document, documentSha256 } = hosted;
  return {
    ...{ documentSha256, revision: document.revision, deploymentNumber },
    ...wentOutData({ document, deployedAt }),
    ...(before === null
      ? {}
      : {
          replaced: {
            documentSha256: before.hosted.documentSha256,
            revision: before.hosted.document.revision,
            deployedAt: before.deployedAt,
          },
        }),
  };
}
