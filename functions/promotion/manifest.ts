import type { JsonObject } from '../platform/json.ts';
import { ADOPTED } from '../registry/adoption.ts';
import type { ChangeItem, PromotionItem } from '../registry/items.ts';

/** Type of the in-toto predicate; a new shape gets a new number. */
export const MANIFEST_PREDICATE = 'urn:model-release:manifest:1';
/** The predicate of a version that was taken over: it says what was not judged, instead of what was. */
export const ADOPTION_PREDICATE = 'urn:model-release:adoption:1';

const STATEMENT = 'https://in-toto.io/Statement/v1';
const ALGORITHM = 'ECDSA_P256_SHA256';

/**
 * The in-toto statement that vouches for a candidate: the artifact as its subject, and as predicate everything that it
 * was judged on, by digest. Whoever holds the public key can check it without us.
 */
export function manifestStatement(run: PromotionItem): JsonObject {
  return {
    _type: STATEMENT,
    subject: [{ name: subjectName(run.model, run.version), digest: { sha256: run.artifact.sha256 } }],
    predicateType: MANIFEST_PREDICATE,
    predicate: {
      model: run.model,
      version: run.version,
      promotionId: run.promotionId,
      baseline: run.baseline,
      artifact: run.artifact,
      backtest: run.backtest,
      history: run.history,
      training: run.training,
      knownFailureModes: run.knownFailureModes,
      change: run.change,
      policy: { version: run.policyVersion, sha256: run.policyDigest },
      evidence: Object.fromEntries(
        Object.entries(run.gates).map(([stage, gate]) => [
          stage,
          { verdict: gate.verdict, judge: gate.judge, artifacts: gate.artifacts },
        ]),
      ),
      requestedBy: run.requestedBy,
      algorithm: ALGORITHM,
    },
  };
}

/** The in-toto statement of a version that people took over with its model: no gate judged it, and it says so. */
export function adoptionStatement(run: ChangeItem, adopt: NonNullable<ChangeItem['adopt']>): JsonObject {
  const { model, promotionId, change, requestedBy } = run;
  return {
    _type: STATEMENT,
    subject: [{ name: subjectName(model, adopt.version), digest: { sha256: adopt.artifact.sha256 } }],
    predicateType: ADOPTION_PREDICATE,
    predicate: {
      model,
      version: adopt.version,
      promotionId,
      label: ADOPTED,
      artifact: adopt.artifact,
      change,
      policy: { version: run.policyVersion, sha256: run.policyDigest },
      requestedBy,
      algorithm: ALGORITHM,
    },
  };
}

function subjectName(model: string, version: string): string {
  return `${model}/${version}`;
}
