import { change, percent, signed } from '../evidence/finding.ts';
import type { EvaluationReport, GroupReport } from '../evidence/report.ts';
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
  readonly report: EvaluationReport;
  readonly approvals: readonly NotedApproval[];
}

/** The release note as Markdown: what changed, gains and losses per segment, known risks, the way back. Same facts, same bytes. */
export function releaseNote(facts: ReleaseFacts): string {
  const { run } = facts;
  return [
    `# ${run.model} ${run.version}`,
    '',
    `In production since ${run.pointer?.movedAt ?? 'the move that this note belongs to'}, in place of ${run.baseline === '' ? 'the safe forecast' : run.baseline}. Promotion \`${run.promotionId}\`.`,
    '',
    ...section('Why', [
      run.change.reason,
      '',
      `Scope: ${run.change.scope}`,
      '',
      `Expected impact: ${run.change.expectedImpact}`,
    ]),
    ...section('What changed', changes(facts)),
    ...section('Accuracy in the backtest', accuracy(facts.report)),
    ...section(
      'Known failure modes',
      run.knownFailureModes.map((mode) => `- ${oneLine(mode)}`),
    ),
    ...section(
      'Warnings of the judge',
      facts.report.warnings.map((one) => `- ${one.code}: ${oneLine(one.message)}`),
    ),
    ...section('Approved by', facts.approvals.map(approvalLine)),
    ...section('Way back', [run.change.rollbackPlan]),
    ...section('Evidence', evidence(run)),
  ].join('\n');
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

function accuracy(report: EvaluationReport): readonly string[] {
  const groups = [
    ...(report.overall === null ? [] : [report.overall]),
    ...report.segments.filter((one) => one.sufficient),
  ];
  if (groups.length === 0) return [];
  return [
    'Error is the weighted absolute percentage error (WAPE); bias is forecast minus demand, as a share of demand.',
    '',
    '| segment | change of error | WAPE | before | bias | before | rows |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...groups.map(accuracyLine),
  ];
}

function accuracyLine(group: GroupReport): string {
  const cells = [
    group.name,
    change(group.rel_wape),
    percent(group.wape_candidate),
    percent(group.wape_baseline),
    signed(group.bias_candidate),
    signed(group.bias_baseline),
    String(group.n_rows),
  ];
  return `| ${cells.map((cell) => oneLine(cell)).join(' | ')} |`;
}

function approvalLine(one: NotedApproval): string {
  return `- ${oneLine(one.name)} <${one.email}>, ${one.stage}, ${one.at}: ${oneLine(one.justification)} (ledger position ${one.seq})`;
}

function evidence(run: PromotionItem): readonly string[] {
  const objects = [
    ['backtest', run.backtest] as const,
    ['history', run.history] as const,
    ...Object.entries(run.gates.offline?.artifacts ?? {}),
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
