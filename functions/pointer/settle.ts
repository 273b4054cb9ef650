import { ReleaseError } from '../platform/errors.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import { isUndone } from './deployments.ts';

const POLL_MS = 250;
const LIMIT_MS = 30_000;

/**
 * Waits until a deployment is complete: an instant one is so within seconds.
 * @throws ReleaseError PROMOTION_ENDED when it was stopped or reverted; POINTER_BUSY when it still runs after 30 seconds
 */
export async function settled(
  ports: {
    readonly appConfig: Pick<AppConfigStore, 'deployment'>;
    readonly sleep: (milliseconds: number) => Promise<void>;
  },
  place: PointerPlace,
  deploymentNumber: number,
  what: string,
): Promise<void> {
  for (let waitedMs = 0; waitedMs <= LIMIT_MS; waitedMs += POLL_MS) {
    const { state } = await ports.appConfig.deployment(place.environmentId, deploymentNumber);
    if (state === 'COMPLETE') return;
    if (isUndone({ state })) {
      throw new ReleaseError('PROMOTION_ENDED', `Deployment ${deploymentNumber} (${what}) was taken back.`);
    }
    await ports.sleep(POLL_MS);
  }
  throw new ReleaseError('POINTER_BUSY', `Deployment ${deploymentNumber} (${what}) still runs.`);
}
