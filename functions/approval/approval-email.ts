import type { Email } from '../platform/email.ts';
import { type Block, letter } from '../platform/letter.ts';
import type { Approver } from '../platform/people.ts';
import { sentence } from '../platform/sentence.ts';
import type { PromotionItem, Run } from '../registry/items.ts';
import { exposureWords, pathWords } from './exposure-words.ts';
import type { Evidence } from './gate-evidence.ts';
import type { GateItem } from './items.ts';
import { verdictLine, verdictTone } from './key-figures.ts';
import { REQUEST_TAG } from './mail-trouble.ts';
import {
  asked,
  equalIsEnough,
  instant,
  onApproval,
  onExpiry,
  onRejection,
  severityFacts,
  typedName,
} from './wording.ts';

/** Address of one approver's page. It holds the secret: it goes into that approver's email and nowhere else. */
export function approvalLink(baseUrl: string, requestId: string, secret: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/approvals/${requestId}?k=${secret}`;
}

/**
 * Why somebody is written to: asked for the first time; asked again since the owner had the request sent anew or gave it
 * to them in another's place; reminded since half of the time is over.
 */
export type Occasion = 'asked' | 'resent' | 'delegated' | 'reminded';

export interface Asking {
  readonly gate: GateItem;
  readonly run: Run;
  readonly approver: Approver;
  /** Public id of the request, by which a report that it did not arrive names it. */
  readonly requestId: string;
  readonly link: string;
  /** What the newest gate found; null for a change without a version. */
  readonly evidence: Evidence | null;
  /** @default asked */
  readonly occasion?: Occasion;
}

/** The request to one approver: what is asked, the verdict with its key figures, one link, and then everything else. */
export function approvalEmail(asking: Asking): Email {
  const { gate, run, approver, requestId, link, evidence, occasion = 'asked' } = asking;
  const again = gate.round === 1 ? '' : ` (asked again, round ${gate.round})`;
  const written = letter(`${SUBJECTS[occasion]}: ${asked(run, gate.stage)}${again}`, [
    text(`Dear ${approver.name},`),
    text(`you are asked to decide on: ${asked(run, gate.stage)}.`),
    ...occasionOf(occasion, gate),
    ...(evidence === null
      ? []
      : [{ kind: 'headline', text: verdictLine(evidence), tone: verdictTone(evidence) } as const]),
    facts(null, [
      ['Asked by', `${run.requestedBy.name} <${run.requestedBy.email}>`],
      ['Approvals needed', String(gate.quorum)],
      ['Decide before', instant(gate.expiresAt)],
    ]),
    { kind: 'link', label: 'Read the evidence and decide', url: link },
    text(
      `You will be asked to type "${typedName(run)}" and to write a justification, which is recorded under your name.`,
    ),
    facts('What changes', changeFacts(run)),
    ...sections(asking),
    facts('What happens next', [
      ['If approved', onApproval(run, gate.stage)],
      ['If rejected', onRejection(run, gate.stage)],
      [`If too few decide before ${instant(gate.expiresAt)}`, sentence(onExpiry(run))],
    ]),
    small(
      "Opening the link changes nothing. It is meant for you alone, and whoever has it decides under your name: do not forward it. The model's owner can have it sent again.",
    ),
    small(`Reference: ${run.promotionId}`),
  ]);
  return { ...written, tags: { [REQUEST_TAG]: requestId } };
}

const SUBJECTS: Readonly<Record<Occasion, string>> = {
  asked: 'Approval needed',
  resent: 'Approval needed',
  delegated: 'Approval needed in place of another',
  reminded: 'Reminder, approval needed',
};

function occasionOf(occasion: Occasion, gate: GateItem): readonly Block[] {
  const words = {
    asked: [],
    resent: ["The model's owner had this sent to you again. The link of the email before no longer works."],
    delegated: ["The model's owner asks you in the place of an approver who cannot decide now."],
    reminded: [
      `Half of the time is over, and no decision of yours is recorded. This link and that of the email of ${instant(gate.openedAt)} lead to the same page.`,
    ],
  }[occasion];
  const round = gate.round === 1 ? [] : ['What was asked before has changed, so earlier requests are void.'];
  return [...words, ...round].map(text);
}

function changeFacts(run: Run): readonly (readonly [string, string])[] {
  const equal = equalIsEnough(run);
  return [
    ['Model', run.model],
    ...(run.kind === 'promotion' ? versionFacts(run) : []),
    ['Kind of change', run.change.type],
    ...severityFacts(run),
    ['Why', run.change.reason],
    ['Scope', run.change.scope],
    ['Expected impact', run.change.expectedImpact],
    ['Rollback plan', run.change.rollbackPlan],
    ...(equal === null ? [] : [['Equal is enough', equal] as const]),
  ];
}

function versionFacts({ version, baseline, training }: PromotionItem): readonly (readonly [string, string])[] {
  const { from, to, features, code } = training;
  return [
    ['Version', `${version}, in place of ${baseline === '' ? 'the safe forecast' : `version ${baseline}`}`],
    [
      'Trained on',
      `${from} to ${to}, ${features.length} ${features.length === 1 ? 'feature' : 'features'}, code ${code}`,
    ],
  ];
}

/** What a stage exposes, and how far the candidate has come; nothing for a change without a version. */
function sections({ gate, run }: Asking): readonly Block[] {
  const words = exposureWords(run, gate.stage);
  const path =
    run.kind === 'promotion' ? pathWords(run, gate.stage).map(({ stage, words: how }) => `${stage}: ${how}`) : [];
  const modes = run.kind === 'promotion' ? run.knownFailureModes : [];
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['Known failure modes', modes],
    ['What it exposes', words],
    ['The way there', path],
  ];
  return lists.filter(([, lines]) => lines.length > 0).map(([title, lines]) => ({ kind: 'list', title, lines }));
}

function text(words: string): Block {
  return { kind: 'text', text: words };
}
function small(words: string): Block {
  return { kind: 'small', text: words };
}
function facts(title: string | null, rows: readonly (readonly [string, string])[]): Block {
  return { kind: 'facts', title, rows };
}
