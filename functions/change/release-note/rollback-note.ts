import { instant } from '../../approval/wording.ts';
import { sentence } from '../../platform/sentence.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import { causeWords, versionWords } from '../../rollback/cause-words.ts';
import { errorWords, overallChange, segmentLines } from './expected.ts';
import { listed, type Note, paragraph, section } from './note.ts';
import { afterRollback, approvalLines, exceptFor, objectWords } from './note-facts.ts';
import type { GateReports, NotedApproval, ReleaseFacts } from './release-facts.ts';
import { versionDifferences } from './version-differences.ts';

/** A rollback as its ledger entry has it, and what is known of both versions. */
export interface RollbackNoteFacts {
  readonly model: string;
  /** Position of its `rolled-back` entry. */
  readonly ledgerPosition: number;
  /** UTC; when the document that is gone back to went out. */
  readonly since: string;
  /** Empty: the safe forecast. */
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly requestedBy: string;
  readonly detail: string;
  readonly seconds: number;
  readonly deploymentNumber: number | null;
  readonly documentSha256: string;
  readonly owner: Pick<ModelItem['owner'], 'name' | 'email' | 'team'>;
  readonly killSwitch: ReleaseFacts['killSwitch'];
  /** The promotion that brought the version that was taken out, and of the one that serves; null: there is none. */
  readonly fromRun: PromotionItem | null;
  readonly toRun: PromotionItem | null;
  /** What the gates had found of the version that was taken out, against the one that serves; null: not that. */
  readonly reports: GateReports | null;
  /** By which the version that serves again was let in. */
  readonly approvals: readonly NotedApproval[];
}

/** The note of a rollback. Same facts, same note. */
export function renderRollbackNote(facts: RollbackNoteFacts): Note {
  const { model, from, to, fromRun, toRun } = facts;
  return {
    title: `${model}: rolled back to ${versionWords(to)}`,
    lead: lead(facts),
    sections: [
      ...section('What to expect', listed(expectation(facts))),
      ...section('Why', listed(whyLines(facts))),
      ...section('What changed', ...changed(facts)),
      ...section(`Known failure modes of ${versionWords(to)}`, listed(toRun?.knownFailureModes ?? [])),
      ...section(`What had been known of ${versionWords(from)}`, listed(fromRun?.knownFailureModes ?? [])),
      ...section(
        'Approved by',
        paragraph(
          `Nobody has to approve a rollback. ${facts.approvals.length > 0 ? 'What serves again was let in by:' : ''}`,
        ),
        listed(approvalLines(facts.approvals)),
      ),
      ...section('Way on', ...wayOn(facts)),
      ...section('Evidence', listed(evidence(facts))),
    ],
  };
}

function lead({ model, since, from, to, cause, owner, fromRun, killSwitch }: RollbackNoteFacts): readonly string[] {
  const because = lowered(causeWords(cause));
  const what = wasOnlyCandidate(fromRun)
    ? `version ${from} of ${model} serves no forecast any more and is withdrawn; all products in all stores${exceptFor(killSwitch)} are served by ${versionWords(to)}, as before it`
    : `the forecasts of ${model} for all products in all stores${exceptFor(killSwitch)} come from ${versionWords(to)} again, not from ${versionWords(from)}; expect them to be as they were before that`;
  return [`Since ${instant(since)}, ${what} (cause: ${because}).`, afterRollback(from, owner)];
}

/** A candidate that never went into production took nothing over. */
function wasOnlyCandidate(fromRun: PromotionItem | null): boolean {
  return fromRun !== null && fromRun.pointer === undefined;
}

function lowered(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function expectation({ from, to, reports }: RollbackNoteFacts): readonly string[] {
  const words = reports === null ? null : errorWords(overallChange(reports));
  if (reports === null || words === null) {
    return [
      `No gate compared ${versionWords(from)} with ${versionWords(to)}; what the difference is was not measured.`,
    ];
  }
  return [
    `Before it was let in, the error of ${versionWords(from)} had been measured to be ${words} than that of ${versionWords(to)}; whatever it gained or lost is undone. By segment, it had been:`,
    ...segmentLines(reports),
  ];
}

function whyLines({ cause, detail, requestedBy, seconds, ledgerPosition }: RollbackNoteFacts): readonly string[] {
  return [
    `Cause: ${cause}`,
    ...(detail === '' ? [] : [`Detail: ${detail}`]),
    `Asked for by ${requestedBy}; it took ${seconds} seconds from the request to the confirmed switch (ledger position ${ledgerPosition}).`,
  ];
}

function changed({ from, to, fromRun, toRun }: RollbackNoteFacts) {
  if (toRun === null) return [paragraph(`${sentence(versionWords(to))} serves; it was not trained by a promotion.`)];
  return [
    paragraph(`${sentence(versionWords(to))} against ${versionWords(from)}:`),
    listed(versionDifferences(toRun, fromRun)),
  ];
}

function wayOn({ from, to, fromRun }: RollbackNoteFacts) {
  return [
    paragraph(
      from === ''
        ? `A new version goes through all stages again.`
        : `Version ${from} is withdrawn and never serves again; a new version goes through all stages, against ${versionWords(to)}.`,
    ),
    ...(fromRun === null ? [] : [paragraph(`Rollback plan of its change record: ${fromRun.change.rollbackPlan}`)]),
  ];
}

function evidence({ documentSha256, deploymentNumber, ledgerPosition, fromRun, toRun }: RollbackNoteFacts) {
  return [
    `pointer document: SHA-256 ${documentSha256}${deploymentNumber === null ? '' : `, deployment ${deploymentNumber}`}, ledger position ${ledgerPosition}`,
    ...manifestOf('manifest of what serves', toRun),
    ...manifestOf('manifest of what was taken out', fromRun),
  ];
}

function manifestOf(name: string, run: PromotionItem | null): readonly string[] {
  return run?.manifest === undefined ? [] : [`${name}: ${objectWords(run.manifest)}`];
}
