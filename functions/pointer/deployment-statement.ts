import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { parseStored } from '../platform/boundary.ts';
import { dsseEnvelope, IN_TOTO_PAYLOAD, signEnvelope, verifyEnvelope } from '../platform/dsse.ts';
import { isReleaseError } from '../platform/errors.ts';
import { canonicalJson, type JsonObject } from '../platform/json.ts';
import { evidencePaths } from '../platform/keys.ts';
import type { Retention } from '../platform/retention.ts';
import type { Sign } from '../platform/signing.ts';
import type { PromotionItem, StoredObject } from '../registry/items.ts';
import type { PointerDocument } from './document.ts';

export const DEPLOYMENT_PREDICATE = 'urn:model-release:deployment:1';

export interface DeploymentFacts {
  readonly run: PromotionItem;
  readonly document: PointerDocument;
  readonly documentSha256: string;
  readonly deploymentNumber: number;
  /** When AppConfig started it, UTC: the same for every run of the step. */
  readonly deployedAt: string;
}

/** The in-toto statement that an artifact was deployed to production, under which document and with whose approval. */
export function deploymentStatement(facts: DeploymentFacts): JsonObject {
  const { run, document } = facts;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${run.model}/${run.version}`, digest: { sha256: run.artifact.sha256 } }],
    predicateType: DEPLOYMENT_PREDICATE,
    predicate: {
      promotionId: run.promotionId,
      model: run.model,
      version: run.version,
      manifestSha256: document.manifestSha256,
      documentSha256: facts.documentSha256,
      revision: document.revision,
      deploymentNumber: facts.deploymentNumber,
      deployedAt: facts.deployedAt,
      previousVersion: document.previousVersion,
      approvedBy: document.approvedBy,
      approvedAt: document.approvedAt,
    },
  };
}

export interface StatementPorts {
  readonly evidence: Pick<EvidenceStore, 'writeOnce' | 'find' | 'read'>;
  readonly sign: Sign;
  readonly publicKeyPem: string;
  readonly retention: Retention;
}

/**
 * Signs the statement and stores it once. Two signatures of the same statement differ, so a repeated step takes the one
 * that is there when it verifies over the same statement.
 * @throws ReleaseError CONDITION_FAILED when something else lies at its key
 */
export async function storeStatement(ports: StatementPorts, facts: DeploymentFacts, at: string): Promise<StoredObject> {
  const statement = deploymentStatement(facts);
  const envelope = await signEnvelope(ports.sign, { type: IN_TOTO_PAYLOAD, statement });
  const key = evidencePaths.deploymentStatement(facts.run.promotionId);
  try {
    return await ports.evidence.writeOnce(key, JSON.stringify(envelope), {
      contentType: 'application/json',
      retention: ports.retention,
      at,
    });
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const stored = await ports.evidence.find(key);
    if (stored !== null && (await saysTheSame(ports, stored, statement))) return stored;
    throw error;
  }
}

async function saysTheSame(ports: StatementPorts, stored: StoredObject, statement: JsonObject): Promise<boolean> {
  const bytes = await ports.evidence.read(stored);
  const envelope = parseStored(dsseEnvelope, JSON.parse(bytes.toString('utf8')), stored.key);
  return verifyEnvelope(ports.publicKeyPem, envelope)?.toString('utf8') === canonicalJson(statement);
}
