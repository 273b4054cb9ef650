import { exposureWords } from '../../approval/exposure-words.ts';
import { instant } from '../../approval/wording.ts';
import { untestedOf } from '../../evidence/report/read-report.ts';
import type { PromotionItem } from '../../registry/items.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import { accuracySections } from './accuracy-tables.ts';
import { errorWords, expectations, overallChange, segmentLines } from './expected.ts';
import { type Block, listed, type Note, paragraph, type Section, section } from './note.ts';
import { approvalLines, evidenceLines, exceptFor, reasonsFor, whatToDo } from './note-facts.ts';
import type { ReleaseFacts } from './release-facts.ts';
import { versionDifferences } from './version-differences.ts';

/**
 * The note of a promotion into production. Before the deployment approvers read what the teams are sent after it: the same
 * facts give the same text, but for the moment, the last approvals and the document by which it went out. Same facts, same
 * note.
 */
export function renderReleaseNote(facts: ReleaseFacts): Note {
  const { run } = facts;
  return {
    title: `${run.model} ${run.version}`,
    lead: lead(facts),
    sections: [
      ...section('What to expect', listed([...expectations(facts), ...segmentLines(facts)])),
      ...section('Why', ...reasonsFor(run)),
      ...section('What changed', paragraph(against(facts)), listed(versionDifferences(run, facts.before))),
      ...section('Known failure modes', listed(run.knownFailureModes)),
      ...section('Warnings', listed(warnings(facts))),
      ...section('Not tested', listed(notTested(facts))),
      ...section('Exposure', listed(exposureWords(run, 'production')), steps(run)),
      ...section('Approved by', listed(approvalLines(facts.approvals))),
      ...section('Way back', ...wayBack(facts)),
      ...accuracySections(facts),
      ...references(run),
    ],
  };
}

/** Two sentences: to whom what happens when and what comes of it; what to do when it looks wrong. */
function lead(facts: ReleaseFacts): readonly string[] {
  const { run, owner, killSwitch } = facts;
  const when = run.pointer === undefined ? 'From its approval on' : `Since ${instant(run.pointer.movedAt)}`;
  const words = errorWords(overallChange(facts));
  const expected =
    words === null ? '' : `; expect the error of a forecast to be ${words} than before, as far as the backtest tells`;
  return [
    `${when}, the forecasts of ${run.model} for all products in all stores${exceptFor(killSwitch)} come from version ${run.version} instead of ${versionWords(run.baseline)}${expected}.`,
    whatToDo(owner, run.baseline),
  ];
}

function against({ run, before }: ReleaseFacts): string {
  if (run.baseline === '') return 'No version served before: this is the first. All of it is new.';
  return before === null
    ? `Version ${run.baseline} was taken over as it ran elsewhere; how it was made is not recorded here.`
    : `Against version ${run.baseline}:`;
}

function warnings({ report, stageReports }: ReleaseFacts): readonly string[] {
  return [report, ...stageReports].flatMap(({ gate, warnings: found }) =>
    found.map(({ code, message }) => `${gate}, ${code}: ${message}`),
  );
}

/** What no gate says anything about, each thing once. */
function notTested({ report, stageReports }: ReleaseFacts): readonly string[] {
  const things = [report, ...stageReports].flatMap((one) => untestedOf(one).map((words) => `${one.gate}: ${words}`));
  return [...new Set(things)];
}

/** Every document by which it was exposed, and the one by which it serves. */
function steps({ exposures, pointer }: PromotionItem): readonly Block[] {
  const rows = [
    ...exposures.map((one) => [
      one.stage,
      one.stage === 'shadow' ? 'none, beside production' : `${one.percentage} % of the units`,
      instant(one.movedAt),
      instant(one.until),
      String(one.revision),
    ]),
    ...(pointer === undefined
      ? []
      : [['production', 'everything', instant(pointer.movedAt), '', String(pointer.revision)]]),
  ];
  if (rows.length === 0) return [];
  const columns = ['Stage', 'Served', 'Since', 'At most until', 'Pointer revision'];
  return [{ kind: 'table', about: 'How it came here, step by step.', columns, rows, words: true }];
}

function wayBack({ run }: ReleaseFacts): readonly Block[] {
  return [
    paragraph(
      `A rollback has ${versionWords(run.baseline)} serve again within minutes: the document for it is signed and was read back before this version was let out. It needs one person and no approval.`,
    ),
    paragraph(`Rollback plan: ${run.change.rollbackPlan}`),
  ];
}

function references(run: PromotionItem): readonly Section[] {
  return section(
    'Evidence',
    paragraph(`Promotion ${run.promotionId}, policy version ${run.policyVersion} (SHA-256 ${run.policyDigest}).`),
    listed(evidenceLines(run)),
  );
}
