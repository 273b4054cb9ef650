import { digestOf, type JsonObject, type JsonValue } from '../platform/json.ts';
import { exposureOf } from '../promotion/exposure.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { PromotionItem, Run, StoredObject } from '../registry/items.ts';
import type { GateStage } from './items.ts';

/**
 * Digest of what people are asked to let in. Anything that would make the decision one about something else is in it:
 * candidate, evidence of the stages before, manifest, policy, change record and what the stage exposes (null: nothing).
 * What the stage itself and later ones find is not in it, so that it stays whole while the candidate goes on; nor is who
 * decides, which has a digest of its own.
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
  if (run.kind === 'promotion') return digestOf({ ...asked, ...candidateFacts(run, stagesBefore(stage)) });
  const { kind, proposal, baseRevision, adopt, restore } = run;
  const adopted = adopt === undefined ? {} : { adopt: digestOf(adopt) };
  const left = restore === undefined ? {} : { restore: digestOf(restore) };
  return digestOf({ ...asked, kind, proposal: digestOf(proposal), baseRevision, ...adopted, ...left });
}

/** What letting the run through the gate exposes. */
export function exposedBy(run: Run, stage: GateStage): JsonObject | null {
  if (run.kind === 'promotion') return stage === 'change' ? null : exposureOf(run, stage);
  if (run.restore === undefined) return null;
  return { kind: 'restore', productionVersion: run.restore.productionVersion };
}

function stagesBefore(stage: GateStage): readonly Stage[] {
  return stage === 'change' ? [] : STAGES.slice(0, STAGES.indexOf(stage));
}

function candidateFacts(run: PromotionItem, before: readonly Stage[]): { readonly [name: string]: JsonValue } {
  return {
    kind: run.kind,
    version: run.version,
    baseline: run.baseline,
    candidate: { artifact: run.artifact, backtest: run.backtest, history: run.history },
    training: digestOf(run.training),
    knownFailureModes: digestOf(run.knownFailureModes),
    evidence: Object.fromEntries(
      before.flatMap((stage) => {
        const found = run.gates[stage];
        return found === undefined
          ? []
          : [[stage, { verdict: found.verdict, judge: found.judge, artifacts: found.artifacts }]];
      }),
    ),
    manifest: run.manifest ?? null,
  };
}

/** The stored objects that a seal names: what was handed in, and what the gates and the signer wrote. */
export function sealedObjects(run: Run): {
  readonly handedIn: readonly StoredObject[];
  readonly written: readonly StoredObject[];
} {
  if (run.kind !== 'promotion') return { handedIn: run.adopt === undefined ? [] : [run.adopt.artifact], written: [] };
  const artifacts = Object.values(run.gates).flatMap((gate) => Object.values(gate.artifacts));
  return {
    handedIn: [run.artifact, run.backtest, run.history],
    written: run.manifest === undefined ? artifacts : [...artifacts, run.manifest],
  };
}
