import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Email, SendEmail } from '../platform/email.ts';
import { isReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { approvalEmail, approvalLink } from './approval-email.ts';
import type { ApprovalStore, GateRef } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { loadEvidence } from './gate-evidence.ts';
import type { GateItem, RequestItem } from './items.ts';
import { outcomeEmail } from './outcome-email.ts';
import { newSecret, type RandomBytes } from './secret.ts';

/** So often a reminder of one person is tried. */
export const MAX_REMINDERS = 3;

/** For so long after a gate was closed people are still told of it, in milliseconds. */
const TELLING_MS = 24 * 3_600_000;

export interface AttendPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly approvals: Pick<ApprovalStore, 'attended' | 'gates' | 'request' | 'carryOut'>;
  readonly approvalWrites: ApprovalWrites;
  readonly evidence: Pick<EvidenceStore, 'read'>;
  readonly sendEmail: SendEmail;
  readonly random: RandomBytes;
  readonly baseUrl: string;
}

/** How often people were written to, and what could not be; the next look tries that again. */
export interface Attended {
  readonly reminded: number;
  readonly told: number;
  readonly failed: readonly { readonly promotionId: string; readonly error: string }[];
}

interface Counts {
  reminded: number;
  told: number;
  readonly failed: { readonly promotionId: string; readonly error: string }[];
}

/**
 * Looks after the gates of which people were not told the end yet: reminds, once half of the time is over, each who has not
 * decided, once; and tells everybody who was asked how it ended, however it did. Safe to repeat; one gate's or person's
 * failure does not keep the others waiting.
 */
export async function attendGates(ports: AttendPorts, now: Date): Promise<Attended> {
  const counts: Counts = { reminded: 0, told: 0, failed: [] };
  for (const ref of await ports.approvals.attended()) {
    await tried(counts, ref.promotionId, () => attend(ports, ref, now, counts));
  }
  return counts;
}

/** The name of an error alone: its message may hold an address. */
async function tried(counts: Counts, promotionId: string, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    // Another look was first with this person.
    if (isReleaseError(error, 'CONDITION_FAILED')) return true;
    counts.failed.push({ promotionId, error: error instanceof Error ? error.name : 'unknown' });
    return false;
  }
}

async function attend(ports: AttendPorts, ref: GateRef, now: Date, counts: Counts): Promise<void> {
  const model = parsePromotionId(ref.promotionId)?.model;
  const [run, gates] = await Promise.all([
    model === undefined ? null : ports.registry.run(model, ref.promotionId),
    ports.approvals.gates(ref.promotionId),
  ]);
  const gate = gates.find(({ stage, round }) => stage === ref.stage && round === ref.round);
  if (run === null || gate === undefined) return ports.approvals.carryOut([ports.approvalWrites.attendedEnough(ref)]);
  const attending = { ports, run, gate, now, counts };
  if (gate.status === 'open' && run.end === undefined) return remind(attending);
  return tell(attending, gates);
}

interface Attending {
  readonly ports: AttendPorts;
  readonly run: Run;
  readonly gate: GateItem;
  readonly now: Date;
  readonly counts: Counts;
}

async function remind(attending: Attending): Promise<void> {
  const { ports, run, gate, now, counts } = attending;
  if (now.getTime() < halfTime(gate) || now.toISOString() >= gate.expiresAt) return;
  const asked = await askedOf(attending);
  const due = asked.filter(
    ({ decidedAt, remindedAt, reminders = 0 }) =>
      decidedAt === undefined && remindedAt === undefined && reminders < MAX_REMINDERS,
  );
  if (due.length === 0) return;
  const evidence = (await loadEvidence(ports.evidence, run)).at(-1) ?? null;
  for (const request of due) {
    await tried(counts, run.promotionId, async () => {
      const { secret, sha256 } = newSecret(ports.random);
      // A link of its own, since only the digest of the first is kept; both work.
      await ports.approvals.carryOut([
        ports.approvalWrites.gateIsOpen(gate),
        ports.approvalWrites.remind(request, sha256),
      ]);
      const { approver, requestId } = request;
      const link = approvalLink(ports.baseUrl, requestId, secret);
      await send(
        ports,
        request,
        approvalEmail({ gate, run, evidence, approver, requestId, link, occasion: 'reminded' }),
      );
      await ports.approvals.carryOut([ports.approvalWrites.noted(requestId, 'remindedAt', now.toISOString())]);
      counts.reminded += 1;
    });
  }
}

/** When half of the time to decide is over, in milliseconds. */
function halfTime({ openedAt, expiresAt }: GateItem): number {
  return (Date.parse(openedAt) + Date.parse(expiresAt)) / 2;
}

async function tell(attending: Attending, gates: readonly GateItem[]): Promise<void> {
  const { ports, run, gate, now, counts } = attending;
  const asked = await askedOf(attending);
  const untold = asked.filter((request) => request.toldAt === undefined && !isAskedAgain(request, gate, gates));
  let missing = 0;
  for (const request of untold) {
    const done = await tried(counts, run.promotionId, async () => {
      await send(ports, request, outcomeEmail(gate, run, request.approver));
      await ports.approvals.carryOut([ports.approvalWrites.noted(request.requestId, 'toldAt', now.toISOString())]);
      counts.told += 1;
    });
    if (!done) missing += 1;
  }
  const closedAt = Date.parse(gate.closedAt ?? run.endedAt ?? gate.expiresAt);
  if (missing > 0 && now.getTime() < closedAt + TELLING_MS) return;
  await ports.approvals.carryOut([ports.approvalWrites.attendedEnough(gate)]);
}

/** Whoever is asked anew learns from that request that the one before is void. */
function isAskedAgain({ approver }: RequestItem, gate: GateItem, gates: readonly GateItem[]): boolean {
  return (
    gate.status === 'void' &&
    gates.some(
      (later) =>
        later.stage === gate.stage && later.round > gate.round && later.approvers.some(({ id }) => id === approver.id),
    )
  );
}

/** The requests of those who have theirs. */
async function askedOf({ ports, gate }: Attending): Promise<readonly RequestItem[]> {
  const requests = await Promise.all(gate.approvers.map(({ requestId }) => ports.approvals.request(requestId)));
  return requests.filter((request) => request !== null).filter(({ sentAt }) => sentAt !== undefined);
}

function send(ports: AttendPorts, { approver }: RequestItem, email: Email): Promise<void> {
  return ports.sendEmail(approver.email, email);
}
