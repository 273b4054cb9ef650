import { digestOf, type JsonValue } from '../platform/json.ts';
import type { PromotionItem, Run, StoredObject } from '../registry/items.ts';
import type { GateStage } from './items.ts';

/**
 * Digest of what people are asked to let in. Anything that would make the decision one about something else is in it:
 * candidate, evidence of all gates so far, manifest, policy, change record and exposure plan (null: the stage has none).
 * Who decides is not in it; that has a digest of its own.
 */
export function sealOf(run: Run, stage: GateStage, exposure: JsonValue = null): string {
  const asked = {
    schema: 1,
    promotionId: run.promotionId,
    model: run.model,
    stage,
    policyDigest: run.policyDigest,
    change: digestOf(run.change),
    exposure,
  };
  if (run.kind === 'promotion') return digestOf({ ...asked, ...candidateFacts(run) });
  return digestOf({ ...asked, kind: run.kind, proposal: digestOf(run.proposal), baseRevision: run.baseRevision });
}

function candidateFacts(run: PromotionItem): { readonly [name: string]: JsonValue } {
  return {
    kind: run.kind,
    version: run.version,
    baseline: run.baseline,
    stages: run.stages,
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
