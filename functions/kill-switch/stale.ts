import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import { type ArmedCheck, refusedAs } from './armed.ts';

/** So far ahead of every number that AppConfig has given, or will soon, that no call that names it can be let through. */
export const AHEAD = 1_000_000;

/**
 * Proves the right to deploy: by a deployment of a document to go back to, on the condition that the newest one has a
 * number that none has. Were the condition overlooked, what serves anyway would be deployed, without a candidate.
 */
export function mayDeploy(
  ports: { readonly appConfig: Pick<AppConfigStore, 'startDeployment'>; readonly strategyId: string },
  place: PointerPlace,
  { hostedVersion, latestNumber }: { readonly hostedVersion: number; readonly latestNumber: number },
): Promise<ArmedCheck> {
  return refusedAs('start a deployment', 'POINTER_BUSY', () =>
    ports.appConfig.startDeployment({
      place,
      strategyId: ports.strategyId,
      hostedVersion,
      latestNumber: latestNumber + AHEAD,
      description: 'Dry run: on a condition that cannot hold',
    }),
  );
}
