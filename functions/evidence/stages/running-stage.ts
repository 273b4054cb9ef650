import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { evidencePaths } from '../../platform/keys.ts';
import type { Looks, PromotionItem, StoredObject } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import { type Judged, type JudgePorts, type JudgeSettings, readPolicy, type StageQuestion } from '../judge-ports.ts';
import { type Artifact, REPORT_NAME } from '../report/gate-report.ts';
import type { RecordFilter } from './stage-evidence.ts';

export type RunningStage = 'shadow' | 'canary';

/** What a judge of a running stage is about: the promotion, what it is held to, and which evidence to read. */
export interface StageSubject {
  readonly run: PromotionItem;
  readonly policy: Policy;
  readonly question: StageQuestion;
}

/** What every report of a running stage says. */
export interface RunningReport {
  readonly judge: string;
  readonly verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'CONTINUE';
  readonly reasons: readonly Reason[];
  readonly pending: readonly Reason[];
}

/** How a gate of a running stage reports. */
export interface StageReporting<R extends RunningReport> {
  readonly stage: RunningStage;
  /** Name of the report's file in the evidence bucket. */
  readonly file: string;
  /** A report that was written before; throws for anything else. */
  readonly parse: (before: unknown, what: string) => R;
  /** The report first, then what is said of it; a pure function of the two. */
  readonly artifacts: (report: R, run: PromotionItem) => readonly Artifact[];
  /** What the look leaves behind for the next; undefined when it spent nothing. */
  readonly spent: (report: R) => Partial<Looks> | undefined;
}

/** What was found in a running stage: what to report, and whether the canary goes on to its next step. */
export interface FoundInStage<R extends RunningReport> {
  readonly report: R;
  readonly advance: boolean;
  /** Closed days of the step that was held; 0 when nothing advances. */
  readonly closedDays: number;
}

/**
 * Judges a candidate that runs beside production, from the prediction log and the outcomes. CONTINUE writes nothing. The
 * evidence grows while it is judged, so a report that was written counts, with the look that it spent, whatever a
 * repeated look would find.
 */
export async function judgeRunningStage<R extends RunningReport>(
  ports: JudgePorts,
  { run, reporting }: { readonly run: PromotionItem; readonly reporting: StageReporting<R> },
  settings: JudgeSettings,
  find: (subject: StageSubject) => Promise<FoundInStage<R>>,
): Promise<Judged> {
  const policy = await readPolicy(ports, run);
  const filter = filterOf(run, reporting.stage);
  const before = await writtenReport(ports, run, reporting);
  if (before !== null) return conclude(ports, { run, reporting, ...before }, settings);
  const { report, advance, closedDays } = await ports.withDirectory((directory) =>
    find({ run, policy, question: { model: run.model, filter, directory } }),
  );
  if (report.verdict === 'CONTINUE') {
    const left = leftBy(reporting, report);
    return { verdict: 'CONTINUE', reasons: report.pending, advance, closedDays, ...left };
  }
  const written = await writeReport(ports, { run, reporting, report }, settings);
  return conclude(ports, { run, reporting, ...written }, settings);
}

function leftBy<R extends RunningReport>({ spent }: StageReporting<R>, report: R): Pick<Judged, 'looks'> {
  const looks = spent(report);
  return looks === undefined ? {} : { looks };
}

/** @throws ReleaseError INVALID_INPUT for a stage of which no document went out: there is nothing to judge, and no bound */
function filterOf(run: PromotionItem, stage: RunningStage): RecordFilter {
  const exposures = run.exposures.filter((exposure) => exposure.stage === stage);
  if (exposures.length > 0) return { promotionId: run.promotionId, candidate: run.version, exposures };
  throw new ReleaseError('INVALID_INPUT', `${run.promotionId} was never exposed in the stage ${stage}.`);
}

/** UTC bound of the stage. */
export function untilOf({ exposures }: RecordFilter): string {
  return exposures.at(-1)?.until ?? '';
}

interface Reported<R extends RunningReport> {
  readonly run: PromotionItem;
  readonly reporting: StageReporting<R>;
  readonly report: R;
}

interface WrittenReport<R extends RunningReport> {
  readonly report: R;
  readonly stored: StoredObject;
}

async function conclude<R extends RunningReport>(
  ports: JudgePorts,
  { run, reporting, report, stored }: Reported<R> & WrittenReport<R>,
  settings: JudgeSettings,
): Promise<Judged> {
  const { verdict, judge } = report;
  if (verdict === 'CONTINUE') {
    throw new ReleaseError(
      'CORRUPT_ITEM',
      `The report at ${stored.key} has no verdict, and only verdicts are reported.`,
    );
  }
  const artifacts: Record<string, StoredObject> = { [REPORT_NAME]: stored };
  for (const artifact of reporting.artifacts(report, run)) {
    if (artifact.name !== REPORT_NAME)
      artifacts[artifact.name] = await write(ports, { run, reporting, artifact }, settings);
  }
  const reasons = verdict === 'INCONCLUSIVE' ? report.pending : report.reasons;
  return { verdict, reasons, judge, artifacts, ...leftBy(reporting, report) };
}

/** Writes the report, or answers the one that another run of this step wrote a moment before. */
async function writeReport<R extends RunningReport>(
  ports: JudgePorts,
  { run, reporting, report }: Reported<R>,
  settings: JudgeSettings,
): Promise<WrittenReport<R>> {
  const artifact = reporting.artifacts(report, run).find(({ name }) => name === REPORT_NAME);
  if (artifact === undefined) throw new Error(`The gate ${reporting.stage} leaves no report.`);
  try {
    return { report, stored: await write(ports, { run, reporting, artifact }, settings) };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const before = await writtenReport(ports, run, reporting);
    if (before === null) throw error;
    return before;
  }
}

/** The report of a run of this step that died before it could record the verdict; null when there is none. */
async function writtenReport<R extends RunningReport>(
  ports: JudgePorts,
  run: PromotionItem,
  { stage, file, parse }: StageReporting<R>,
): Promise<WrittenReport<R> | null> {
  const stored = await ports.evidence.find(evidencePaths.evidence(run.promotionId, stage, file));
  if (stored === null) return null;
  const before: unknown = JSON.parse((await ports.evidence.read(stored)).toString('utf8'));
  return { report: parse(before, `The report at ${stored.key}`), stored };
}

function write(
  ports: JudgePorts,
  of: {
    readonly run: PromotionItem;
    readonly reporting: { readonly stage: RunningStage };
    readonly artifact: Artifact;
  },
  settings: JudgeSettings,
): Promise<StoredObject> {
  const { file, bytes, contentType } = of.artifact;
  const key = evidencePaths.evidence(of.run.promotionId, of.reporting.stage, file);
  return ports.evidence.writeOnce(key, bytes, { contentType, ...settings });
}
