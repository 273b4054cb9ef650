import type { JsonObject } from '../platform/json.ts';
import type { PromotionItem } from '../registry/items.ts';

/** Type of the in-toto predicate; a new shape gets a new number. */
export const MANIFEST_PREDICATE = 'urn:model-release:manifest:1';

/**
 * The in-toto statement that vouches for a candidate: the artifact as its subject, and as predicate everything that it
 * was judged on, by digest. Whoever holds the public key can check it without us.
 */
export function manifestStatement(run: PromotionItem): JsonObject {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${run.model}/${run.version}`, digest: { sha256: run.artifact.sha256 } }],
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
      algorithm: 'ECDSA_P256_SHA256',
    },
  };
}
