import { digestOf, type JsonObject, type JsonValue } from '../platform/json.ts';
import { exposureOf } from '../promotion/exposure.ts';
import type { PromotionItem, Run, StoredObject } from '../registry/items.ts';
import type { GateStage } from './items.ts';

/**
 * Digest of what people are asked to let in. Anything that would make the decision one about something else is in it:
 * candidate, evidence of all gates so far, manifest, policy, change record and what the stage exposes (null: nothing).
 * Who decides is not in it; that has a digest of its own.
 */
export function sealOf(run: Run, stage: GateStage): string {
  const asked = {
    schema: 1,
    promotionId: run.promotionId,
    model: run.model,
    stage,
    policyDigest: run.policyDigest,
    change: digestOf(run.change),
    exposure: exposedBy(run, stage),
  };
  if (run.kind === 'promotion') return digestOf({ ...asked, ...candidateFacts(run) });
  return digestOf({ ...asked, kind: run.kind, proposal: digestOf(run.proposal), baseRevision: run.baseRevision });
}

/** What letting the run through the gate exposes. */
export function exposedBy(run: Run, stage: GateStage): JsonObject | null {
  return run.kind === 'promotion' && stage !== 'change' ? exposureOf(run, stage) : null;
}

function candidateFacts(run: PromotionItem): { readonly [name: string]: JsonValue } {
  return {
    kind: run.kind,
    version: run.version,
    baseline: run.baseline,
    candidate: { artifact: run.artifact, backtest: run.backtest, history: run.history },
    training: digestOf(run.training),
    knownFailureModes: digestOf(run.knownFailureModes),
    evidence: Object.fromEntries(
      Object.entries(run.gates).map(([name, { verdict, judge, artifacts }]) => [name, { verdict, judge, artifacts }]),
    ),
    manifest: run.manifest ?? null,
  };
}

/** The stored objects that a seal names: what was handed in, and what the gates and the signer wrote. */
export function sealedObjects(run: Run): {
  readonly handedIn: readonly StoredObject[];
  readonly written: readonly StoredObject[];
} {
  if (run.kind !== 'promotion') return { handedIn: [], written: [] };
  const artifacts = Object.values(run.gates).flatMap((gate) => Object.values(gate.artifacts));
  return {
    handedIn: [run.artifact, run.backtest, run.history],
    written: run.manifest === undefined ? artifacts : [...artifacts, run.manifest],
  };
}
