import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RollbackInput } from './input.ts';
import type { RollbackWrites } from './rollback-store.ts';
import type { Target } from './target.ts';

export const rollbackEvent = z.object({
  executionName: z.string().min(1),
  executionArn: z.string(),
  startedAt: z.string(),
  input: z.unknown(),
  /** A drill asks: the documents of this profile, in the environment of drills. No machine's input comes here. */
  rehearsal: z.object({ profileId: z.string() }).exactOptional(),
});
export type RollbackEvent = z.infer<typeof rollbackEvent>;

export interface RollBackPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'waysBack'>;
  /** Where to go back instead of where the model serves: a rehearsal's place. */
  readonly place?: PointerPlace;
  /** Finds a model's place without the registry. */
  readonly findPlace: (model: string) => Promise<PointerPlace | null>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly writes: Pick<RollbackWrites, 'newIntent'>;
  readonly appConfig: Pick<
    AppConfigStore,
    'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent' | 'startDeployment' | 'stopDeployment'
  >;
  readonly strategyId: string;
  readonly publicKeyPem: string;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** One rollback, its input parsed and its model found. */
export interface Rollback {
  readonly event: Omit<RollbackEvent, 'input'>;
  readonly input: RollbackInput;
  readonly place: PointerPlace;
}

export type Going = Extract<Target, { readonly outcome: 'go' }>;
