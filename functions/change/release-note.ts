import { durationWords } from '../approval/exposure-words.ts';
import { change, percent, signed } from '../evidence/finding.ts';
import { intervalText, type Measure, VERDICT_WORDS } from '../evidence/report/measure.ts';
import type { OfflineReport } from '../evidence/report/offline-envelope.ts';
import { intervalWords } from '../evidence/report/offline-measures.ts';
import { orderedSegments } from '../evidence/report/offline-order.ts';
import { measuresOf, spanWords, untestedOf } from '../evidence/report/read-report.ts';
import type { CanaryReport, ShadowReport, StageSegment } from '../evidence/report/stage-schema.ts';
import { STAGES } from '../promotion/life-cycle.ts';
import type { PromotionItem } from '../registry/items.ts';

/** One person's approval as the ledger has it. */
export interface NotedApproval {
  readonly stage: string;
  readonly name: string;
  readonly email: string;
  readonly decision: string;
  readonly justification: string;
  readonly at: string;
  readonly seq: number;
}

/** The facts of which a release note is made; nobody writes prose for it. */
export interface ReleaseFacts {
  readonly run: PromotionItem;
  /** The promotion of the version that served before; null when the safe forecast did. */
  readonly before: PromotionItem | null;
  readonly report: OfflineReport;
  /** Of the shadow and the canary gate, in this order. */
  readonly stageReports: readonly (ShadowReport | CanaryReport)[];
  readonly approvals: readonly NotedApproval[];
}

/**
 * The release note as Markdown: what changed, how it came here, gains and losses per segment, known risks, the way back.
 * Same facts, same bytes.
 */
export function releaseNote(facts: ReleaseFacts): string {
  const { run } = facts;
  return [
    `# ${run.model} ${run.version}`,
    '',
    `In production since ${run.pointer?.movedAt ?? 'the move that this note belongs to'}, in place of ${named(run.baseline)}. Promotion \`${run.promotionId}\`.`,
    '',
    ...section('Why', [
      run.change.reason,
      '',
      `Scope: ${run.change.scope}`,
      '',
      `Expected impact: ${run.change.expectedImpact}`,
      ...equalIsEnough(run.change),
    ]),
    ...section('What changed', changes(facts)),
    ...section('How it came here', steps(run)),
    ...section('Accuracy in the backtest', accuracy(facts.report)),
    ...facts.stageReports.flatMap((report) => section(STAGE_TITLES[report.gate], measured(report))),
    ...section('Confirmation', confirmation(run)),
    ...section(
      'Known failure modes',
      run.knownFailureModes.map((mode) => `- ${oneLine(mode)}`),
    ),
    ...section(
      'Warnings of the judges',
      [facts.report, ...facts.stageReports].flatMap(({ gate, warnings }) =>
        warnings.map((one) => `- ${gate}, ${one.code}: ${oneLine(one.message)}`),
      ),
    ),
    ...section('Not tested', notTested(facts)),
    ...section('Approved by', facts.approvals.map(approvalLine)),
    ...section('Way back', [run.change.rollbackPlan]),
    ...section('Evidence', evidence(run)),
  ].join('\n');
}

/** That nothing had to get better, and why that was wanted. */
function equalIsEnough({ equalIsEnough: said }: PromotionItem['change']): readonly string[] {
  if (said === undefined) return [];
  return ['', `Held to be no worse, not to be better, for the sake of ${said.because}: ${oneLine(said.explanation)}`];
}

/** What no gate says anything about, each thing once. */
function notTested({ report, stageReports }: ReleaseFacts): readonly string[] {
  const things = [report, ...stageReports].flatMap((one) =>
    untestedOf(one).map((words) => `- ${one.gate}: ${oneLine(words)}`),
  );
  return [...new Set(things)];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

function changes({ run, before }: ReleaseFacts): readonly string[] {
  const now = run.training;
  const lines = [`- Kind of change: ${run.change.type}`, `- Artifact: \`${run.artifact.sha256}\``];
  if (before === null) {
    return [
      ...lines,
      `- Training window: ${now.from} to ${now.to}`,
      `- Features: ${now.features.map(oneLine).join(', ')}`,
      `- Training code: ${oneLine(now.code)}`,
    ];
  }
  const then = before.training;
  return [
    ...lines,
    `- Training window: ${differs(`${then.from} to ${then.to}`, `${now.from} to ${now.to}`)}`,
    `- Features added: ${listed(now.features.filter((name) => !then.features.includes(name)))}`,
    `- Features removed: ${listed(then.features.filter((name) => !now.features.includes(name)))}`,
    `- Training code: ${differs(then.code, now.code)}`,
  ];
}

function differs(before: string, now: string): string {
  return before === now ? `unchanged, ${oneLine(now)}` : `${oneLine(now)} (before: ${oneLine(before)})`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map(oneLine).join(', ');
}

const ACCURACY_HEAD = [
  'Error is the weighted absolute percentage error (WAPE), with the interval of its change; bias is forecast minus demand, as a share of demand.',
  '',
  '| segment | change of error | interval | WAPE | before | bias | before | rows |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
];

function accuracy({ result, ...rest }: OfflineReport): readonly string[] {
  if (result === null) return [];
  const { overall } = result;
  const { candidate, baseline } = overall.metrics;
  const shares = { wape_candidate: candidate.wape, wape_baseline: baseline.wape };
  const biases = { bias_candidate: candidate.bias, bias_baseline: baseline.bias };
  const segments = orderedSegments({ result, ...rest }).filter(([, { sufficient }]) => sufficient);
  const groups = [['overall', { ...overall, ...shares, ...biases }] as const, ...segments];
  return [
    ...ACCURACY_HEAD,
    ...groups.map(([name, group]) =>
      accuracyLine({
        ...group,
        name,
        wape_before: group.wape_baseline,
        bias_before: group.bias_baseline,
        interval: intervalWords(group),
      }),
    ),
  ];
}

function accuracyLine(group: {
  readonly name: string;
  readonly rel_wape: StageSegment['rel_wape'];
  readonly interval: string;
  readonly wape_candidate: number | null;
  readonly wape_before: number | null;
  readonly bias_candidate: number | null;
  readonly bias_before: number | null;
  readonly n_rows: number;
}): string {
  return tableLine([
    group.name,
    change(group.rel_wape === '-inf' ? null : group.rel_wape),
    group.interval,
    percent(group.wape_candidate),
    percent(group.wape_before),
    signed(group.bias_candidate),
    signed(group.bias_before),
    String(group.n_rows),
  ]);
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => oneLine(cell)).join(' | ')} |`;
}

const STAGE_TITLES = { shadow: 'Accuracy in shadow', canary: 'Results of the canary' } as const;

/** What a stage measured, as a table; segments after the whole. */
function measured(report: ShadowReport | CanaryReport): readonly string[] {
  const { gate, baseline, segments } = report;
  const against = gate === 'shadow' ? 'on the same rows' : 'on the same rows, or on the units that it did not serve';
  return [
    `${spanWords(report)} Held against ${named(baseline)} ${against}.`,
    '',
    '| measured | candidate | against | difference | interval | allowed | verdict |',
    '| --- | ---: | ---: | ---: | ---: | ---: | --- |',
    ...measuresOf(report).map(measureLine),
    ...(segments.length === 0 ? [] : ['', ...ACCURACY_HEAD]),
    ...segments.map((one) =>
      accuracyLine({
        ...one,
        wape_before: one.wape_production,
        bias_before: one.bias_production,
        interval: intervalText(one.interval),
      }),
    ),
  ];
}

function measureLine({ name, candidate, comparator, estimate, bounds, limit, verdict }: Measure): string {
  return tableLine([name, candidate, comparator, estimate, bounds, limit, VERDICT_WORDS[verdict]]);
}

/** Every document by which it was exposed, and the one by which it serves. */
function steps({ exposures, pointer }: PromotionItem): readonly string[] {
  const rows = [
    ...exposures.map((one) => [
      one.stage,
      one.stage === 'shadow' ? 'none, beside production' : `${one.percentage} % of the units`,
      one.movedAt,
      one.until,
      String(one.revision),
    ]),
    ...(pointer === undefined ? [] : [['production', 'everything', pointer.movedAt, '', String(pointer.revision)]]),
  ];
  if (rows.length === 0) return [];
  return [
    '| stage | served | since | at most until | pointer revision |',
    '| --- | --- | --- | --- | ---: |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

function confirmation({ baseline, plan }: PromotionItem): readonly string[] {
  if (baseline === '') return ['No version served before; the safe forecast stays ready to be gone back to.'];
  return [
    `Version ${baseline} runs beside it, unserved, for ${durationWords(plan.confirmation)} from the approval on. It is what this version is compared with until its accuracy is confirmed.`,
  ];
}

function named(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}

function approvalLine(one: NotedApproval): string {
  return `- ${oneLine(one.name)} <${one.email}>, ${one.stage}, ${one.at}: ${oneLine(one.justification)} (ledger position ${one.seq})`;
}

function evidence(run: PromotionItem): readonly string[] {
  const objects = [
    ['backtest', run.backtest] as const,
    ['history', run.history] as const,
    // Sorted, because a table gives the members of a map back in any order.
    ...STAGES.flatMap((stage) =>
      Object.entries(run.gates[stage]?.artifacts ?? {})
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, object]) => [`${stage} ${name}`, object] as const),
    ),
    ...(run.manifest === undefined ? [] : [['signed manifest', run.manifest] as const]),
  ];
  return objects.map(
    ([name, object]) => `- ${name}: \`${object.key}\`, version \`${object.versionId}\`, SHA-256 \`${object.sha256}\``,
  );
}

/** Text from outside must not end a line, a table cell or a heading. */
function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replace(/[<>]/g, (mark) => (mark === '<' ? '&lt;' : '&gt;'));
}
