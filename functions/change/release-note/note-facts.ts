import { instant } from '../../approval/wording.ts';
import { STAGES } from '../../promotion/life-cycle.ts';
import type { ModelItem, PromotionItem, Run, StoredObject } from '../../registry/items.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import { type Block, paragraph } from './note.ts';
import type { NotedApproval, ReleaseFacts } from './release-facts.ts';

type NotedRun = Pick<Run, 'severity'> & { readonly change: Run['change'] & Partial<PromotionItem['change']> };

/** The change record in full, and how severe the rule says it is. */
export function reasonsFor({ change, severity }: NotedRun): readonly Block[] {
  const { equalIsEnough: equal } = change;
  const critical = change.critical ? ', critical' : '';
  return [
    paragraph(change.reason),
    paragraph(`Scope: ${change.scope}`),
    paragraph(`Expected impact: ${change.expectedImpact}`),
    paragraph(
      `Kind of change: ${change.type}${severity === undefined ? critical : `; severity ${severity.level} (${severity.because})`}.`,
    ),
    ...(equal === undefined
      ? []
      : [paragraph(`Held to be no worse, not to be better, for the sake of ${equal.because}: ${equal.explanation}`)]),
  ];
}

/** What whoever sees something odd does, and what that can lead to. */
export function whatToDo(owner: Pick<ModelItem['owner'], 'name' | 'email' | 'team'>, target: string): string {
  return `If forecasts look wrong to you, tell ${owner.name} (${owner.team}, ${owner.email}): one person can bring back ${versionWords(target)} within minutes, and nothing that was forecast before is lost.`;
}

/** What whoever had forecasts of a withdrawn version does. */
export function afterRollback(from: string, owner: Pick<ModelItem['owner'], 'name' | 'email' | 'team'>): string {
  return `Forecasts that ${versionWords(from)} had handed over are recalled team by team, so look at what you decided by them; if forecasts still look wrong to you, tell ${owner.name} (${owner.team}, ${owner.email}): one person can go back further, or have the safe forecast serve, within minutes.`;
}

/** What a kill switch keeps from the version that serves, to be said in the middle of a sentence. */
export function exceptFor(killSwitch: ReleaseFacts['killSwitch']): string {
  if (killSwitch === null) return '';
  const { fallback, fallbackSegments } = killSwitch;
  const what = fallbackSegments.length === 0 ? 'all of them' : fallbackSegments.join(', ');
  return ` (but for ${what}, which the safe forecast ${fallback} serves as long as a kill switch stands)`;
}

export function approvalLines(approvals: readonly NotedApproval[]): readonly string[] {
  return approvals.map(
    (one) =>
      `${one.name} <${one.email}>, ${one.stage}, ${one.decision === 'approve' ? 'approved' : 'rejected'} ${instant(one.at)}: ${one.justification} (ledger position ${one.seq})`,
  );
}

/** Every object that the decision rests on, with the version and the digest by which it can be checked. */
export function evidenceLines(run: PromotionItem): readonly string[] {
  const objects = [
    ['artifact', run.artifact] as const,
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
  return objects.map(([name, object]) => `${name}: ${objectWords(object)}`);
}

export function objectWords({ bucket, key, versionId, sha256 }: StoredObject): string {
  return `s3://${bucket}/${key}, version ${versionId}, SHA-256 ${sha256}`;
}
