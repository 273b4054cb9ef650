import { instant } from '../../approval/wording.ts';
import type { ChangeItem } from '../../registry/items.ts';
import { type Difference, settingsDiff } from '../../registry/settings-diff.ts';
import { type Block, listed, type Note, paragraph, section } from './note.ts';
import { approvalLines, objectWords, reasonsFor } from './note-facts.ts';
import type { NotedApproval } from './release-facts.ts';

/** An onboarding, or a change of owner, approvers, teams or policy, that took effect. */
export interface SettingsNoteFacts {
  readonly run: ChangeItem;
  /** UTC; position of the entry by which it took effect. */
  readonly at: string;
  readonly ledgerPosition: number;
  readonly approvals: readonly NotedApproval[];
}

/** The note of a change of settings. Same facts, same note. */
export function renderSettingsNote(facts: SettingsNoteFacts): Note {
  const { run } = facts;
  const differences = settingsDiff(run.before ?? null, run.proposal, run.adopt);
  return {
    title: run.kind === 'onboard' ? `${run.model}: set up` : `${run.model}: settings changed`,
    lead: lead(facts, differences),
    sections: [
      ...section('Why', ...reasonsFor(run)),
      ...section('What changed', ...table(run, differences)),
      ...section('Approved by', listed(approvalLines(facts.approvals))),
      ...section('Way back', paragraph(run.change.rollbackPlan)),
      ...section('Evidence', listed(evidence(facts))),
    ],
  };
}

function lead(facts: SettingsNoteFacts, differences: readonly Difference[]): readonly string[] {
  const { run, at } = facts;
  const { owner, policy } = run.proposal;
  const who = `${owner.name} (${owner.team}, ${owner.email})`;
  if (run.kind === 'onboard') {
    const serves =
      run.adopt === undefined
        ? `the safe forecast ${policy.safeForecast} serves all products in all stores until a version is promoted`
        : `version ${run.adopt.version}, taken over as it runs elsewhere and judged by no gate, serves all products in all stores`;
    return [
      `From ${instant(at)} on, releases of ${run.model} are managed here: ${serves}.`,
      `If forecasts look wrong to you, tell ${who}: one person can have the safe forecast serve within minutes.`,
    ];
  }
  const areas = areasOf(differences);
  const judged = areas.includes(RULES) ? ', and promotions that start from now on are judged by the new rules' : '';
  return [
    `From ${instant(at)} on, ${run.model} is run with other settings (${areas.join(', ') || 'none that differ'}); no forecast changes by that${judged}.`,
    `If that looks wrong to you, tell ${who}: it is changed back in the same way as it was changed, once it is approved.`,
  ];
}

const RULES = 'the rules of its gates and stages';
const AREAS = [
  ['owner', 'its owner'],
  ['approver ', 'its approvers'],
  ['downstream ', 'the teams that are told'],
  ['policy', RULES],
] as const;

function areasOf(differences: readonly Difference[]): readonly string[] {
  return AREAS.filter(([prefix]) => differences.some(({ path }) => path.startsWith(prefix))).map(([, words]) => words);
}

function table({ kind, before }: ChangeItem, differences: readonly Difference[]): readonly Block[] {
  if (differences.length === 0) return [paragraph('Nothing: it was so already.')];
  const isNew = kind === 'onboard' || before === undefined;
  const columns = isNew ? ['Setting', 'Now'] : ['Setting', 'Now', 'Before'];
  const rows = differences.map((one) => [one.path, one.after || 'none', ...(isNew ? [] : [one.before || 'none'])]);
  return [{ kind: 'table', about: 'Setting by setting.', columns, rows, words: true }];
}

function evidence({ run, ledgerPosition }: SettingsNoteFacts): readonly string[] {
  return [
    `change: ${run.promotionId}, ledger position ${ledgerPosition}`,
    `policy: version ${run.policyVersion}, SHA-256 ${run.policyDigest}`,
    ...(run.adopt === undefined ? [] : [`adopted artifact: ${objectWords(run.adopt.artifact)}`]),
    ...(run.manifest === undefined ? [] : [`manifest of the adopted version: ${objectWords(run.manifest)}`]),
  ];
}
