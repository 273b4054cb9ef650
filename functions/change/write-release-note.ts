import * as z from 'zod';
import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { REPORT_NAME } from '../evidence/report/gate-report.ts';
import { type OfflineReport, offlineReport } from '../evidence/report/offline-envelope.ts';
import { canaryReport, shadowReport } from '../evidence/report/stage-schema.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseStored } from '../platform/boundary.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { evidencePaths } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { Retention } from '../platform/retention.ts';
import type { Stage } from '../promotion/life-cycle.ts';
import type { PromotionItem, StoredObject } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { type NotedApproval, type ReleaseFacts, releaseNote } from './release-note.ts';

export interface ReleaseNotePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'version'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  readonly evidence: Pick<EvidenceStore, 'read' | 'writeOnce'>;
  readonly retention: Retention;
}

const decided = z.object({
  promotionId: z.string(),
  stage: z.string(),
  approver: z.object({ name: z.string(), email: z.string() }),
  decision: z.string(),
  justification: z.string(),
});

/**
 * Writes and records the release note of a promotion whose pointer was moved. Safe to repeat.
 * @throws ReleaseError NOT_FOUND, INVALID_INPUT (not moved yet), DIGEST_MISMATCH
 */
export async function writeReleaseNote(
  ports: ReleaseNotePorts,
  promotionId: string,
  at: string,
): Promise<StoredObject> {
  const run = await movedPromotion(ports, promotionId);
  if (run.releaseNote !== undefined) return run.releaseNote;
  const note = await ports.evidence.writeOnce(
    evidencePaths.releaseNote(promotionId),
    releaseNote({
      run,
      before: await promotionBefore(ports, run),
      report: await backtestReport(ports, run),
      stageReports: await stageReports(ports, run),
      approvals: await approvalsOf(ports, run),
    }),
    { contentType: 'text/markdown; charset=utf-8', retention: ports.retention, at },
  );
  const draft = {
    model: run.model,
    type: 'release-noted' as const,
    at,
    actor: systemActor('promotion'),
    data: { promotionId, version: run.version, note },
  };
  const once = { expression: 'attribute_not_exists(releaseNote)', values: {} };
  try {
    await ports.ledger.append(draft, [ports.writes.updateRun(run, { releaseNote: note }, once)]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    if ((await movedPromotion(ports, promotionId)).releaseNote === undefined) throw error;
  }
  return note;
}

async function movedPromotion(ports: ReleaseNotePorts, promotionId: string): Promise<PromotionItem> {
  const run = await ports.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
  if (run?.kind !== 'promotion') throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  if (run.pointer !== undefined) return run;
  throw new ReleaseError('INVALID_INPUT', `${promotionId} has not moved the pointer; there is no release to note.`);
}

async function promotionBefore(ports: ReleaseNotePorts, run: PromotionItem): Promise<PromotionItem | null> {
  const version = run.baseline === '' ? null : await ports.registry.version(run.model, run.baseline);
  const before = version === null ? null : await ports.registry.run(run.model, version.promotionId);
  return before?.kind === 'promotion' ? before : null;
}

function backtestReport(ports: ReleaseNotePorts, run: PromotionItem): Promise<OfflineReport> {
  return reportOf(ports, run, 'offline', offlineReport);
}

async function stageReports(ports: ReleaseNotePorts, run: PromotionItem): Promise<ReleaseFacts['stageReports']> {
  return Promise.all([reportOf(ports, run, 'shadow', shadowReport), reportOf(ports, run, 'canary', canaryReport)]);
}

async function reportOf<T>(
  ports: ReleaseNotePorts,
  run: PromotionItem,
  stage: Stage,
  schema: z.ZodType<T>,
): Promise<T> {
  const stored = run.gates[stage]?.artifacts[REPORT_NAME];
  if (stored === undefined) throw new ReleaseError('NOT_FOUND', `${run.promotionId} has no report of ${stage}.`);
  const text = (await ports.evidence.read(stored)).toString('utf8');
  return parseStored(schema, JSON.parse(text), stored.key);
}

async function approvalsOf(ports: ReleaseNotePorts, run: PromotionItem): Promise<readonly NotedApproval[]> {
  const approvals: NotedApproval[] = [];
  for await (const { body } of ports.ledger.entries(run.model)) {
    const data = body.type === 'approval-decided' ? decided.safeParse(body.data) : null;
    if (!data?.success || data.data.promotionId !== run.promotionId) continue;
    const { stage, approver, decision, justification } = data.data;
    approvals.push({ stage, ...approver, decision, justification, at: body.at, seq: body.seq });
  }
  return approvals;
}
