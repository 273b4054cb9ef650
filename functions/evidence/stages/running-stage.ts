import type { HoldReason } from '../../change/advance-notice/notice-checks.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { Looks, PromotionItem } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import {
  type Judged,
  type JudgePorts,
  type JudgeSettings,
  type Measured,
  readPolicy,
  type StageQuestion,
} from '../judge-ports.ts';
import {
  conclude,
  type GateReport,
  type GateReporting,
  type WrittenReport,
  writeReport,
  writtenReport,
} from '../written-report.ts';
import type { RecordFilter } from './stage-evidence.ts';

export type RunningStage = 'shadow' | 'canary';

/** What a judge of a running stage is about: the promotion, what it is held to, and which evidence to read. */
export interface StageSubject {
  readonly run: PromotionItem;
  readonly policy: Policy;
  readonly question: StageQuestion;
}

/** How a gate of a running stage reports. */
export interface StageReporting<R extends GateReport> extends GateReporting<R> {
  readonly stage: RunningStage;
  /** What the look leaves behind for the next; undefined when it spent nothing. */
  readonly spent: (report: R) => Partial<Looks> | undefined;
  /** What people are shown of the look while the stage goes on. */
  readonly measured?: (report: R, run: PromotionItem) => Measured;
}

/** What was found in a running stage: what to report, and whether the canary goes on to its next step. */
export interface FoundInStage<R extends GateReport> {
  readonly report: R;
  readonly advance: boolean;
  /** What holds its next step, which could go out; absent: nothing. */
  readonly held?: readonly HoldReason[];
  /** Closed days of the step that was held; 0 when nothing advances. */
  readonly closedDays: number;
}

/**
 * Judges a candidate that runs beside production, from the prediction log and the outcomes. CONTINUE writes nothing. The
 * evidence grows while it is judged, so a report that was written counts, with the look that it spent, whatever a
 * repeated look would find.
 */
export async function judgeRunningStage<R extends GateReport>(
  ports: JudgePorts,
  { run, reporting }: { readonly run: PromotionItem; readonly reporting: StageReporting<R> },
  settings: JudgeSettings,
  find: (subject: StageSubject) => Promise<FoundInStage<R>>,
): Promise<Judged> {
  const policy = await readPolicy(ports, run);
  const filter = filterOf(run, reporting.stage);
  const finish = async (written: WrittenReport<R>): Promise<Judged> => ({
    ...(await conclude(ports, { run, reporting, ...written }, settings)),
    ...leftBy(reporting, written.report, run),
  });
  const before = await writtenReport(ports, { run, reporting });
  if (before !== null) return finish(before);
  const {
    report,
    advance,
    held = [],
    closedDays,
  } = await ports.withDirectory((directory) =>
    find({ run, policy, question: { model: run.model, filter, directory } }),
  );
  if (report.verdict === 'CONTINUE') {
    const left = leftBy(reporting, report, run);
    return { verdict: 'CONTINUE', reasons: report.pending, advance, held, closedDays, ...left };
  }
  return finish(await writeReport(ports, { run, reporting, report }, settings));
}

function leftBy<R extends GateReport>(
  { spent, measured }: StageReporting<R>,
  report: R,
  run: PromotionItem,
): Pick<Judged, 'looks' | 'measured'> {
  const looks = spent(report);
  if (looks === undefined) return {};
  return measured === undefined ? { looks } : { looks, measured: measured(report, run) };
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
