import * as z from 'zod';
import { parseStored } from '../../platform/boundary.ts';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { canonicalJson } from '../../platform/json.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { type PromotionItem, reason, type StoredObject, storedObject } from '../../registry/items.ts';
import type { JudgePorts, JudgeSettings } from '../judge-ports.ts';
import { objectsRead } from '../report/gate-report.ts';
import type { OfflineConfig } from './offline-config.ts';
import { mergeOffline, type OfflineSums, offlineFrame, offlineSums } from './offline-sums.ts';
import type { OfflineShardFiles } from './offline-tables-store.ts';

/** What was recorded of a backtest's dates, as the report has it. */
const recordedEvidence = z.object({
  outcomes: objectsRead,
  predictions: objectsRead,
  damaged: z.array(z.string()),
  leftOut: z.int(),
});
export type RecordedEvidence = z.infer<typeof recordedEvidence>;

const FILES = ['rows', 'history', 'recordedActuals', 'recordedBaseline'] as const;
const partFiles = z.object({
  ...{ rows: storedObject, history: storedObject, recordedActuals: storedObject, recordedBaseline: storedObject },
});

/** How a large backtest was split: what each part has to know of the whole, and its files, pinned by digest. */
const split = z.object({
  schema: z.literal(1),
  frame: offlineFrame,
  recorded: recordedEvidence,
  parts: z.array(partFiles),
});
export type OfflineSplit = z.infer<typeof split>;

/** Sums of one part, or what is wrong with it. */
const summed = z.union([z.object({ sums: offlineSums }), z.object({ unusable: z.array(reason) })]);

type PartPorts = Pick<JudgePorts, 'evidence'>;
const JSON_TYPE = 'application/json';

/** The split of a promotion's backtest, as it was written first; null when it was not split. */
export async function readSplit(ports: PartPorts, { promotionId }: PromotionItem): Promise<OfflineSplit | null> {
  return readJson(ports, evidencePaths.evidence(promotionId, 'offline', 'split.json'), split);
}

/**
 * Hands the parts of a backtest on: their files expire, what names them is kept. Another run of this step may have split
 * it a moment before; what was written first counts.
 */
export async function writeSplit(
  ports: PartPorts,
  run: PromotionItem,
  found: Pick<OfflineSplit, 'frame' | 'recorded'> & { readonly shardFiles: readonly OfflineShardFiles[] },
  settings: JudgeSettings,
): Promise<OfflineSplit> {
  const parts: z.infer<typeof partFiles>[] = [];
  for (const [shard, files] of found.shardFiles.entries()) {
    const put = (name: (typeof FILES)[number]) =>
      ports.evidence.putWork(evidencePaths.work(run.promotionId, shard, `${name}.parquet`), files[name]);
    const [rows, history] = [await put('rows'), await put('history')];
    parts.push({
      ...{ rows, history },
      ...{ recordedActuals: await put('recordedActuals'), recordedBaseline: await put('recordedBaseline') },
    });
  }
  const written = { schema: 1 as const, frame: found.frame, recorded: found.recorded, parts };
  const key = evidencePaths.evidence(run.promotionId, 'offline', 'split.json');
  try {
    await ports.evidence.writeOnce(key, canonicalJson(written), { contentType: JSON_TYPE, ...settings });
    return written;
  } catch (error) {
    const before = isReleaseError(error, 'CONDITION_FAILED') ? await readSplit(ports, run) : null;
    if (before === null) throw error;
    return before;
  }
}

/**
 * Sums one part of a backtest and keeps the sums. Repeating it changes nothing: the same part has the same sums.
 * @throws ReleaseError NOT_FOUND without such a part, DIGEST_MISMATCH
 */
export async function sumPart(
  ports: Pick<JudgePorts, 'evidence' | 'withDirectory' | 'offlinePartSums'>,
  of: { readonly run: PromotionItem; readonly shard: number; readonly config: OfflineConfig },
  settings: JudgeSettings,
): Promise<void> {
  const { run, shard, config } = of;
  const known = await readSplit(ports, run);
  const part = known?.parts[shard];
  if (known === null || part === undefined) {
    throw new ReleaseError('NOT_FOUND', `The backtest of ${run.promotionId} has no part ${shard}.`);
  }
  const key = sumsKey(run, shard);
  if ((await ports.evidence.find(key)) !== null) return;
  const found = await ports.withDirectory(async (directory) => {
    const files = await savePart(ports, part, directory);
    try {
      return { sums: await ports.offlinePartSums(files, { frame: known.frame, config, directory }) };
    } catch (error) {
      // A finding about the candidate, as it would be of the whole; everything else is a defect and is retried.
      if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
      return { unusable: [...error.reasons] };
    }
  });
  await ports.evidence.writeOnce(key, canonicalJson(summed.parse(found)), { contentType: JSON_TYPE, ...settings });
}

/**
 * The sums of the whole from those of its parts.
 * @throws ReleaseError UNUSABLE_EVIDENCE with what is wrong in any part, NOT_FOUND when a part was not summed
 */
export async function mergeParts(ports: PartPorts, run: PromotionItem, { parts }: OfflineSplit): Promise<OfflineSums> {
  const sums: OfflineSums[] = [];
  const faults = new Map<string, Reason>();
  for (const shard of parts.keys()) {
    const found = await readJson(ports, sumsKey(run, shard), summed);
    if (found === null) throw new ReleaseError('NOT_FOUND', `Part ${shard} of ${run.promotionId} has no sums.`);
    if ('sums' in found) sums.push(found.sums);
    else for (const fault of found.unusable) faults.set(canonicalJson(fault), fault);
  }
  if (faults.size === 0) return mergeOffline(sums);
  throw new ReleaseError('UNUSABLE_EVIDENCE', 'The evidence cannot be judged.', { reasons: [...faults.values()] });
}

async function savePart(
  ports: PartPorts,
  part: z.infer<typeof partFiles>,
  directory: string,
): Promise<OfflineShardFiles> {
  const path = (name: (typeof FILES)[number]) => `${directory}/${name}.parquet`;
  for (const name of FILES) await ports.evidence.saveTo(part[name], path(name));
  return {
    ...{ rows: path('rows'), history: path('history') },
    ...{ recordedActuals: path('recordedActuals'), recordedBaseline: path('recordedBaseline') },
  };
}

function sumsKey({ promotionId }: PromotionItem, shard: number): string {
  return evidencePaths.evidence(promotionId, 'offline', `sums-${String(shard).padStart(4, '0')}.json`);
}

async function readJson<T>(ports: PartPorts, key: string, schema: z.ZodType<T>): Promise<T | null> {
  const stored: StoredObject | null = await ports.evidence.find(key);
  if (stored === null) return null;
  const value: unknown = JSON.parse((await ports.evidence.read(stored)).toString('utf8'));
  return parseStored(schema, value, `What lies at ${key}`);
}
