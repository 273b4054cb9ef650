import type { Link } from '../../approval/find-request.ts';
import { typedName } from '../../approval/wording.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { normalEmail, personActor } from '../../platform/people.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import { type AcknowledgeForm, parseAcknowledgeForm } from '../../rollback/recall/acknowledge-form.ts';
import type { Session, SignedIn } from '../../sign-in/session.ts';
import { recordedSignIn, type Standing, standingOf } from '../../sign-in/standing.ts';
import { standsStill, versionOf } from './announced-run.ts';
import { type FindNoticePorts, type FoundNotice, findNotice } from './find-notice.ts';
import { unchanged } from './give-notice.ts';
import { hasLetInAs, secondApprovers } from './hold-exceptions.ts';
import { holdName } from './notice-checks.ts';
import type { Acknowledgement, HoldException } from './notice-item.ts';

export interface AnswerNoticePorts extends FindNoticePorts {
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

/** How a post went; `status` is the HTTP status. */
export type NoticeAnswered =
  | { readonly status: 200 | 409 | 410; readonly found: FoundNotice; readonly seq?: number }
  /** `session`: of somebody else than the approver whom the link was sent to. */
  | { readonly status: 403; readonly found: FoundNotice; readonly session?: Session }
  | { readonly status: 401; readonly found: FoundNotice }
  | { readonly status: 400; readonly found: FoundNotice; readonly faults: readonly Reason[] }
  | { readonly status: 404 };

/** The reason for an exception is said in at least so many characters. */
export const REASON_MIN = 20;

const MAX_RACES = 10;

/**
 * Takes what a link's recipient posts: a team's acknowledgement, or an approver's exception. 409 when it was given before,
 * 410 when nothing is asked for (any more), 403 for whoever is no second approver, or is signed in as somebody else, 401 for an
 * approver who has to sign in. Safe to repeat: a second post finds the first.
 * @throws ReleaseError CORRUPT_ITEM, LEDGER_CONTENTION; nothing is recorded then
 */
export async function answerNotice(
  ports: AnswerNoticePorts,
  link: Link,
  typed: AcknowledgeForm,
  at: string,
): Promise<NoticeAnswered> {
  for (let race = 0; race < MAX_RACES; race++) {
    const found = await findNotice(ports, link, at);
    if (found === null) return { status: 404 };
    const refused = refusal(found);
    if (refused !== null) return { status: refused, found };
    const standing = noticeStanding(link, found);
    if (standing.kind === 'missing') return { status: 401, found };
    if (standing.kind === 'other') return { status: 403, found, session: standing.session };
    const { signedIn } = recordedSignIn(standing);
    if (found.whose.kind === 'approver' && hasLetInAs(signedIn, { stage: found.whose.stage, gates: found.gates })) {
      return { status: 403, found };
    }
    const form = parseNoticeForm(found, typed);
    if (!form.ok) return { status: 400, found, faults: form.reasons };
    const seq = await record(ports, found, { ...form.value, at, ...(signedIn === undefined ? {} : { signedIn }) });
    if (seq !== null) return { status: 200, found, seq };
  }
  throw new ReleaseError('LEDGER_CONTENTION', 'Others kept answering for the same run; nothing was recorded.');
}

/** An exception lets something in, as an approval does. An acknowledgement does not, and a team's mailbox is read by many. */
function noticeStanding({ signIn }: Link, { whose }: FoundNotice): Standing {
  return whose.kind === 'team' ? { kind: 'free' } : standingOf(signIn, whose.approver);
}

/** Why there is nothing to answer by this link, as the HTTP status; null while there is. */
export function refusal(found: FoundNotice): 403 | 409 | 410 | null {
  if (found.run.end !== undefined) return 410;
  if (found.whose.kind === 'team') {
    if (acknowledgementOf(found) !== undefined) return 409;
    return found.run.advanceNotice === undefined ? 410 : null;
  }
  if (found.holding.length === 0) return exceptionOf(found) === undefined ? 410 : 409;
  return secondApproverOf(found) === undefined ? 403 : null;
}

/** The recipient of the link, while the registry has them as one who may make the exception. */
function secondApproverOf({ whose, run, model, gates }: FoundNotice) {
  if (whose.kind === 'team') return undefined;
  const able = secondApprovers(run, model, { stage: whose.stage, gates });
  return able.find(
    ({ id, email }) => id === whose.approver.id && normalEmail(email) === normalEmail(whose.approver.email),
  );
}

/** What the team of the link acknowledged before. */
export function acknowledgementOf({ whose, run }: FoundNotice): Acknowledgement | undefined {
  if (whose.kind !== 'team') return undefined;
  const own = normalEmail(whose.email);
  return run.advanceNotice?.acknowledgements.find(({ email }) => normalEmail(email) === own);
}

/** The exception that the approver of the link made before. */
export function exceptionOf({ whose, run }: FoundNotice): HoldException | undefined {
  if (whose.kind === 'team') return undefined;
  return run.holdExceptions?.findLast(
    ({ stage, approver }) => stage === whose.stage && approver.id === whose.approver.id,
  );
}

/** What has to be typed by hand. */
export function typedByHand({ whose, run }: FoundNotice): string {
  return whose.kind === 'team' ? run.model : typedName(run);
}

function parseNoticeForm(found: FoundNotice, typed: AcknowledgeForm) {
  if (found.whose.kind === 'team') return parseAcknowledgeForm(typed, found.run.model);
  const name = found.whose.approver.name.slice(0, 120);
  const parsed = parseAcknowledgeForm({ ...typed, name }, typedByHand(found));
  const length = typed.note.trim().length;
  if (length >= REASON_MIN) return parsed;
  const missing: Reason = {
    ...{
      code: 'INVALID_FIELD',
      path: 'note',
      message: `Say why it cannot wait, in at least ${REASON_MIN} characters.`,
    },
    ...{ got: `${length} characters`, allowed: `at least ${REASON_MIN} characters` },
  };
  return { ok: false as const, reasons: [...(parsed.ok ? [] : parsed.reasons), missing] };
}

interface Said {
  readonly name: string;
  readonly note: string;
  readonly at: string;
  readonly signedIn?: SignedIn;
}

/** Position of the entry; null when somebody changed the run since it was read. */
async function record(ports: AnswerNoticePorts, found: FoundNotice, said: Said): Promise<number | null> {
  try {
    return found.whose.kind === 'team' ? await acknowledge(ports, found, said) : await except(ports, found, said);
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return null;
    throw error;
  }
}

async function acknowledge(ports: AnswerNoticePorts, found: FoundNotice, { name, note, at }: Said) {
  const { run, whose } = found;
  const notice = run.advanceNotice;
  if (notice === undefined || whose.kind !== 'team') return null;
  const { model, promotionId } = run;
  const { team, email } = whose;
  const data = { promotionId, ...versionOf(run), team, email, name, ...(note === '' ? {} : { note }) };
  const draft = { model, type: 'notice-acknowledged' as const, at, actor: personActor({ name, email }), data };
  const { seq } = await ports.ledger.append(draft, (position) => {
    const acknowledgements = [...notice.acknowledgements, { email, team, name, at, seq: position }];
    return [ports.writes.updateRun(run, { advanceNotice: { ...notice, acknowledgements } }, unchanged(notice))];
  });
  return seq;
}

async function except(ports: AnswerNoticePorts, found: FoundNotice, { note, at, signedIn }: Said) {
  const { run, whose, holding } = found;
  const approver = secondApproverOf(found);
  if (whose.kind !== 'approver' || approver === undefined) return null;
  const { stage } = whose;
  const { model, promotionId, holdExceptions: exceptions = [] } = run;
  const holds = [...new Set(holding.map(holdName))];
  const reasons = holding.map(({ until: _, ...reason }) => ({ ...reason }));
  const by = signedIn === undefined ? {} : { signedIn: { ...signedIn } };
  const running = run.kind === 'promotion' && standsStill(run) ? { step: run.canaryStep } : {};
  const said = { stage, ...running, approver, ...by, reason: note, holds, lifted: reasons };
  const data = { promotionId, ...versionOf(run), ...said };
  const draft = { model, type: 'hold-excepted' as const, at, actor: personActor(approver), data };
  const first = exceptions.length === 0;
  const condition = {
    expression: first ? 'attribute_not_exists(holdExceptions)' : 'size(holdExceptions) = :exceptions',
    values: first ? {} : { ':exceptions': exceptions.length },
  };
  const { seq } = await ports.ledger.append(draft, (position) => {
    const made = [...exceptions, { stage, holds, approver, at, ...by, seq: position }];
    return [ports.writes.updateRun(run, { holdExceptions: made }, condition)];
  });
  return seq;
}
