import type { HoldReason } from '../change/advance-notice/notice-checks.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseStored } from '../platform/boundary.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import { digestOf } from '../platform/json.ts';
import type { Retention } from '../platform/retention.ts';
import type { Looks, NewestLook, PromotionItem, StoredObject } from '../registry/items.ts';
import { type Policy, storedPolicy } from '../registry/policy.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { CanaryEvidence } from './canary/canary-stage.ts';
import type { CanarySettings } from './canary/canary-stage-store.ts';
import type { PowerEvidence } from './canary/power.ts';
import type { PowerSettings } from './canary/power-store.ts';
import type { EvidenceStore } from './evidence-store.ts';
import type { OfflineConfig } from './offline/offline-config.ts';
import type { SplitOffline } from './offline/offline-shards-store.ts';
import type { OfflineFrame, OfflineSums } from './offline/offline-sums.ts';
import type { OfflineFiles, OfflineShardFiles, ReadRecorded } from './offline/offline-tables-store.ts';
import type { Recorded, RecordedQuestion } from './offline/recorded-store.ts';
import type { ShadowEvidence, ShadowRequest } from './shadow/shadow-looks.ts';
import type { RecordFilter, StageRead } from './stages/stage-evidence.ts';

/** Which evidence of a running stage to read; `directory` is lent for that. */
export interface StageQuestion {
  readonly model: string;
  readonly filter: RecordFilter;
  readonly directory: string;
}

export interface JudgePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'policy'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  /** What keeps a running canary from serving more units at a moment (UTC), such as a freeze. */
  readonly widening: (run: PromotionItem, now: string) => Promise<readonly HoldReason[]>;
  readonly evidence: Pick<EvidenceStore, 'saveTo' | 'writeOnce' | 'putWork' | 'find' | 'read'>;
  /** Lends an empty directory for the time of `use`. */
  readonly withDirectory: <T>(use: (directory: string) => Promise<T>) => Promise<T>;
  /**
   * Sums of the local files; throws UNUSABLE_EVIDENCE with all faults when they cannot be judged. `recorded` is asked once
   * the dates of the backtest are known.
   */
  readonly offlineSums: (
    files: OfflineFiles,
    request: { readonly config: OfflineConfig; readonly directory: string; readonly recorded: ReadRecorded },
  ) => Promise<OfflineSums>;
  /** In how many parts a local backtest is summed; 1 when one function is enough. */
  readonly shardsFor: (path: string) => Promise<number>;
  /** The parts of a backtest as local files, with what each has to know of the whole; throws as `offlineSums` does. */
  readonly splitOffline: (
    files: OfflineFiles,
    request: { readonly shards: number; readonly directory: string; readonly recorded: ReadRecorded },
  ) => Promise<SplitOffline>;
  readonly offlinePartSums: (
    files: OfflineShardFiles,
    request: { readonly frame: OfflineFrame; readonly config: OfflineConfig; readonly directory: string },
  ) => Promise<OfflineSums>;
  /** What the system itself recorded for the dates of a backtest, as local files. */
  readonly recorded: (question: RecordedQuestion) => Promise<Recorded>;
  /** Sums of the prediction log and the outcomes; no evidence yet is evidence of nothing, not an error. */
  readonly shadowEvidence: (question: StageQuestion, request: ShadowRequest) => Promise<StageRead<ShadowEvidence>>;
  /** What a canary would be held against, before anybody is exposed: of the days of a shadow, and those before it. */
  readonly powerEvidence: (question: StageQuestion, settings: PowerSettings) => Promise<StageRead<PowerEvidence>>;
  readonly canaryEvidence: (question: StageQuestion, settings: CanarySettings) => Promise<StageRead<CanaryEvidence>>;
}

export interface JudgeSettings {
  readonly retention: Retention;
  /** UTC now. */
  readonly at: string;
}

/** What a gate's judge came to: a verdict with its artifacts, or that the stage goes on. */
export type Judged = (
  | {
      readonly verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE';
      readonly reasons: readonly Reason[];
      readonly judge: string;
      readonly artifacts: Readonly<Record<string, StoredObject>>;
    }
  | {
      readonly verdict: 'CONTINUE';
      /** What is not shown yet. */
      readonly reasons: readonly Reason[];
      readonly advance: boolean;
      /** What holds the next canary step, which could go out; absent: nothing. */
      readonly held?: readonly HoldReason[];
      /** Closed days of the step that was held; 0 when nothing advances. */
      readonly closedDays: number;
    }
) & {
  /** What the look leaves behind, by stage; absent when it spent nothing. */
  readonly looks?: Partial<Looks>;
  /** What the look measured, for people. */
  readonly measured?: Measured;
};

export type Measured = Pick<NewestLook, 'days' | 'stepDays' | 'measures'>;

/**
 * The policy that the promotion started under, checked against the digest that it was sealed with.
 * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH
 */
export async function readPolicy(
  ports: { readonly registry: Pick<RegistryStore, 'policy'> },
  run: Pick<PromotionItem, 'model' | 'policyVersion' | 'policyDigest'>,
): Promise<Policy> {
  const item = await ports.registry.policy(run.model, run.policyVersion);
  if (item === null) {
    throw new ReleaseError('NOT_FOUND', `There is no policy ${run.policyVersion} of ${run.model}.`);
  }
  if (item.policyDigest !== run.policyDigest || digestOf(item.policy) !== run.policyDigest) {
    throw new ReleaseError('DIGEST_MISMATCH', `Policy ${run.policyVersion} of ${run.model} is not the recorded one.`);
  }
  return parseStored(storedPolicy, item.policy, `Policy ${run.policyVersion} of ${run.model}`);
}
