import { parseStored } from '../../platform/boundary.ts';
import { isReleaseError, type Reason } from '../../platform/errors.ts';
import type { PromotionItem } from '../../registry/items.ts';
import { byCode, type Finding, finding } from '../finding.ts';
import { type Judged, type JudgePorts, type JudgeSettings, readPolicy } from '../judge-ports.ts';
import { offlineArtifacts } from '../report/artifacts.ts';
import { type ObjectsRead, subjectOf } from '../report/gate-report.ts';
import {
  buildOfflineReport,
  type OfflineOutcome,
  type OfflineReport,
  offlineReport,
} from '../report/offline-envelope.ts';
import { conclude, type GateReporting, writeReport, writtenReport } from '../written-report.ts';
import { judgeOffline, OFFLINE_JUDGE } from './offline.ts';
import { type OfflineConfig, offlineConfig } from './offline-config.ts';
import { mergeParts, type RecordedEvidence, readSplit, sumPart, writeSplit } from './offline-parts.ts';
import type { OfflineSums } from './offline-sums.ts';
import type { ReadRecorded } from './offline-tables-store.ts';

const REPORTING: GateReporting<OfflineReport> = {
  ...{ stage: 'offline', file: 'evaluation-report.json' },
  parse: (before, what) => parseStored(offlineReport, before, what),
  artifacts: offlineArtifacts,
};

/** A backtest that is too large for one function, in parts that are to be summed before the verdict. */
export interface SplitBacktest {
  readonly verdict: 'SPLIT';
  readonly shards: readonly number[];
}

/**
 * Judges the backtest that registration pinned. A large one is split into parts first: they are summed by
 * `sumOfflinePart`, and `judgeOfflineParts` judges what comes of it, to the same bytes as one function would.
 */
export async function judgeOfflineGate(
  ports: JudgePorts,
  run: PromotionItem,
  settings: JudgeSettings,
): Promise<Judged | SplitBacktest> {
  const config = await configOf(ports, run);
  const before = await writtenReport(ports, { run, reporting: REPORTING });
  if (before !== null) return conclude(ports, { run, reporting: REPORTING, ...before }, settings);
  const known = await readSplit(ports, run);
  if (known !== null) return splitInto(known.parts);
  const found = await readWhole(ports, { run, config }, settings);
  return 'parts' in found ? splitInto(found.parts) : report(ports, { run, config, ...found }, settings);
}

/** Sums one part of a backtest that was split. */
export async function sumOfflinePart(
  ports: JudgePorts,
  { run, shard }: { readonly run: PromotionItem; readonly shard: number },
  settings: JudgeSettings,
): Promise<void> {
  await sumPart(ports, { run, shard, config: await configOf(ports, run) }, settings);
}

/** Judges a backtest by the sums of its parts. */
export async function judgeOfflineParts(
  ports: JudgePorts,
  run: PromotionItem,
  settings: JudgeSettings,
): Promise<Judged | SplitBacktest> {
  const config = await configOf(ports, run);
  const before = await writtenReport(ports, { run, reporting: REPORTING });
  if (before !== null) return conclude(ports, { run, reporting: REPORTING, ...before }, settings);
  const known = await readSplit(ports, run);
  // Nothing was split: the whole is judged, as it would have been.
  if (known === null) return judgeOfflineGate(ports, run, settings);
  const outcome = await outcomeOf(config, () => mergeParts(ports, run, known));
  return report(ports, { run, config, outcome, recorded: known.recorded }, settings);
}

function splitInto(parts: readonly unknown[]): SplitBacktest {
  return { verdict: 'SPLIT', shards: [...parts.keys()] };
}

/** Thresholds of the policy; where the change record says why equal is enough, nothing has to get better. */
async function configOf(ports: JudgePorts, run: PromotionItem): Promise<OfflineConfig> {
  const config = offlineConfig.parse((await readPolicy(ports, run)).offline);
  return run.change.equalIsEnough === undefined ? config : { ...config, min_improvement: 0 };
}

interface Found {
  readonly outcome: OfflineOutcome;
  readonly recorded: RecordedEvidence;
}

async function readWhole(
  ports: JudgePorts,
  { run, config }: { readonly run: PromotionItem; readonly config: OfflineConfig },
  settings: JudgeSettings,
): Promise<Found | { readonly parts: readonly unknown[] }> {
  return ports.withDirectory(async (directory) => {
    const files = { rows: `${directory}/backtest`, history: `${directory}/history` };
    await ports.evidence.saveTo(run.backtest, files.rows);
    await ports.evidence.saveTo(run.history, files.history);
    const shards = await ports.shardsFor(files.rows);
    const recorded = recordedOf(ports, run, directory);
    const { read } = recorded;
    if (shards === 1) {
      const outcome = await outcomeOf(config, () => ports.offlineSums(files, { config, directory, recorded: read }));
      return { outcome, recorded: recorded.evidence() };
    }
    const split = await usable(() => ports.splitOffline(files, { shards, directory, recorded: read }));
    if (!split.usable) return { outcome: { judged: false, reasons: split.reasons }, recorded: recorded.evidence() };
    return writeSplit(ports, run, { ...split.value, recorded: recorded.evidence() }, settings);
  });
}

/** Asks for what was recorded once the dates are known, and remembers what was read. */
function recordedOf(ports: JudgePorts, run: PromotionItem, directory: string) {
  const { model } = run;
  const seen: RecordedEvidence[] = [];
  const read: ReadRecorded = async (dates) => {
    const baseline = run.baseline === '' ? (await readPolicy(ports, run)).safeForecast : run.baseline;
    const { evidence, ...found } = await ports.recorded({ model, baseline, ...dates, directory });
    seen.push({ ...evidence, damaged: [...found.damaged], leftOut: found.leftOut });
    return {
      ...(found.actuals === null ? {} : { recordedActuals: found.actuals }),
      ...(found.baseline === null ? {} : { recordedBaseline: found.baseline }),
    };
  };
  return { read, evidence: () => seen.at(-1) ?? NOTHING_RECORDED };
}

const NO_OBJECTS: ObjectsRead = { objects: 0, digest: '' };
const NOTHING_RECORDED: RecordedEvidence = { outcomes: NO_OBJECTS, predictions: NO_OBJECTS, damaged: [], leftOut: 0 };

/** What is wrong with the evidence is a finding about the candidate; everything else is a defect and is retried. */
async function usable<T>(
  read: () => Promise<T>,
): Promise<
  { readonly usable: true; readonly value: T } | { readonly usable: false; readonly reasons: readonly Reason[] }
> {
  try {
    return { usable: true, value: await read() };
  } catch (error) {
    if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
    return { usable: false, reasons: error.reasons };
  }
}

async function outcomeOf(config: OfflineConfig, sums: () => Promise<OfflineSums>): Promise<OfflineOutcome> {
  const read = await usable(sums);
  if (!read.usable) return { judged: false, reasons: read.reasons };
  const { notes, warnings, ...decision } = judgeOffline(read.value, config);
  return { judged: true, ...decision, warnings: byCode([...warnings, ...notes]) };
}

async function report(
  ports: JudgePorts,
  { run, config, outcome, recorded }: Found & { readonly run: PromotionItem; readonly config: OfflineConfig },
  settings: JudgeSettings,
): Promise<Judged> {
  const { artifact, backtest, history } = run;
  const { outcomes, predictions } = recorded;
  const built = buildOfflineReport({
    subject: subjectOf(run, { judge: OFFLINE_JUDGE, config }),
    evidence: {
      ...{ artifact, backtest, history },
      ...(outcomes.objects === 0 ? {} : { outcomes }),
      ...(predictions.objects === 0 ? {} : { predictions }),
    },
    outcome: outcome.judged
      ? { ...outcome, warnings: byCode([...outcome.warnings, ...warningsOf(recorded)]) }
      : outcome,
  });
  const written = await writeReport(ports, { run, reporting: REPORTING, report: built }, settings);
  return conclude(ports, { run, reporting: REPORTING, ...written }, settings);
}

const NAMED = 5;

/** What people should know of the objects that the submitted columns were held against. */
function warningsOf({ damaged, leftOut }: RecordedEvidence): readonly Finding[] {
  const more = damaged.length > NAMED ? ` and ${damaged.length - NAMED} more` : '';
  return [
    ...finding(damaged.length > 0, 'DAMAGED_OBJECTS', {
      got: `${damaged.slice(0, NAMED).join(', ')}${more}`,
      allowed: 'no damaged objects',
    }),
    ...finding(leftOut > 0, 'RECORDED_NOT_READ', { got: `${leftOut} objects of older dates`, allowed: '0 objects' }),
  ];
}
