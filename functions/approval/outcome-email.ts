import type { Email } from '../platform/email.ts';
import { letter } from '../platform/letter.ts';
import type { Approver } from '../platform/people.ts';
import type { Run } from '../registry/items.ts';
import type { GateItem } from './items.ts';
import { asked, END_WORDS, instant, onApproval, onExpiry, onRejection, STATUS_WORDS } from './wording.ts';

/** What became of what somebody was asked: who decided what, and what follows. It asks for nothing and has no link. */
export function outcomeEmail(gate: GateItem, run: Run, approver: Approver): Email {
  const what = asked(run, gate.stage);
  const word = gate.status === 'open' ? 'Ended' : STATUS_WORDS[gate.status];
  const decisions = gate.decisions.map(
    (one) =>
      `${one.approver.name} ${one.decision === 'approve' ? 'approved' : 'rejected'} at ${instant(one.at)}, ledger position ${one.seq}: ${one.justification}`,
  );
  return letter(`${word}: ${what}`, [
    { kind: 'text', text: `Dear ${approver.name},` },
    { kind: 'text', text: `you were asked to decide on: ${what}. Nothing is left for you to do.` },
    { kind: 'headline', text: `${word}. ${follows(gate, run)}`, tone: TONES[gate.status] },
    { kind: 'list', title: 'Decisions', lines: decisions.length === 0 ? ['Nobody decided.'] : decisions },
    { kind: 'small', text: `Reference: ${run.promotionId}` },
  ]);
}

const TONES = {
  approved: 'good',
  rejected: 'bad',
  open: 'warn',
  expired: 'warn',
  void: 'warn',
  withdrawn: 'warn',
} as const satisfies Record<GateItem['status'], 'good' | 'bad' | 'warn'>;

function follows(gate: GateItem, run: Run): string {
  const reason = gate.reason?.message ?? '';
  switch (gate.status) {
    case 'approved':
      return onApproval(run, gate.stage);
    case 'rejected':
      return onRejection(run, gate.stage);
    case 'expired':
      return `Too few people decided before ${instant(gate.expiresAt)}: ${onExpiry(run)}`;
    case 'void':
      return `${reason} Those who decide on what it is now are asked anew.`.trim();
    case 'withdrawn':
      return `${reason} Nothing is left to decide.`.trim();
    case 'open':
      return run.end === undefined ? '' : `It has ended: ${END_WORDS[run.end].toLowerCase()}.`;
  }
}
