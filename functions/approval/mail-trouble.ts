import * as z from 'zod';
import type { Email } from '../platform/email.ts';
import { visibleLine } from '../platform/html.ts';
import { letter } from '../platform/letter.ts';
import type { Run } from '../registry/items.ts';
import type { GateItem, RequestItem } from './items.ts';
import { asked, instant } from './wording.ts';

/** The tag by which an email of an approval request is recognised; its value is the request's public id. */
export const REQUEST_TAG = 'approvalRequest';

/** What became of an email that was accepted for delivery. */
export interface MailTrouble {
  /** Of this report; a report that comes twice has the same. */
  readonly id: string;
  readonly kind: 'bounced' | 'complained of' | 'rejected';
  /** What the other side says, in one line. It was written by somebody else. */
  readonly detail: string;
  readonly at: string;
  /** Public id of the approval request; null when the email was none. */
  readonly requestId: string | null;
}

const recipients = z.array(z.looseObject({ diagnosticCode: z.string().optional(), status: z.string().optional() }));
const mail = z.looseObject({
  messageId: z.string(),
  timestamp: z.string(),
  tags: z.record(z.string(), z.array(z.string())).default({}),
});
const detail = z.discriminatedUnion('eventType', [
  z.looseObject({
    eventType: z.literal('Bounce'),
    mail,
    bounce: z.looseObject({
      bounceType: z.string(),
      bounceSubType: z.string(),
      bouncedRecipients: recipients.default([]),
      timestamp: z.string(),
      feedbackId: z.string(),
    }),
  }),
  z.looseObject({
    eventType: z.literal('Complaint'),
    mail,
    complaint: z.looseObject({
      complaintFeedbackType: z.string().nullish(),
      timestamp: z.string(),
      feedbackId: z.string(),
    }),
  }),
  z.looseObject({ eventType: z.literal('Reject'), mail, reject: z.looseObject({ reason: z.string() }) }),
]);
/** An event of SES on the bus, of the kinds that the rule lets through. */
export const mailEvent = z.looseObject({ detail });

const MAX_DETAIL = 300;

/** What an event says. */
export function troubleOf({ detail: said }: z.infer<typeof mailEvent>): MailTrouble {
  const [requestId = null] = said.mail.tags[REQUEST_TAG] ?? [];
  const line = (words: string) => visibleLine(words).slice(0, MAX_DETAIL);
  switch (said.eventType) {
    case 'Bounce': {
      const { bounceType, bounceSubType, bouncedRecipients, timestamp: at, feedbackId: id } = said.bounce;
      const why = bouncedRecipients.flatMap(({ diagnosticCode, status }) => diagnosticCode ?? status ?? []);
      const words = [`${bounceType}, ${bounceSubType}`, ...why].join('; ');
      return { id, kind: 'bounced', detail: line(words), at, requestId };
    }
    case 'Complaint': {
      const { complaintFeedbackType, timestamp: at, feedbackId: id } = said.complaint;
      return { id, kind: 'complained of', detail: line(complaintFeedbackType ?? 'no reason was given'), at, requestId };
    }
    case 'Reject':
      return {
        ...{ id: said.mail.messageId, kind: 'rejected', detail: line(said.reject.reason) },
        ...{ at: said.mail.timestamp, requestId },
      };
  }
}

/** Tells the owner that somebody may not know that they are asked. It has no link: those belong to approvers. */
export function troubleEmail(
  trouble: MailTrouble,
  {
    gate,
    run,
    request,
    owner,
  }: { readonly gate: GateItem; readonly run: Run; readonly request: RequestItem; readonly owner: string },
): Email {
  const { name, email, id } = request.approver;
  const what = asked(run, gate.stage);
  const again = `npm run ask-again -- --promotion ${run.promotionId} --approver ${id}`;
  return letter(`Not delivered to ${name}: ${what}`, [
    { kind: 'text', text: `Dear ${owner},` },
    { kind: 'headline', text: `The request to ${name} was ${trouble.kind}.`, tone: 'bad' },
    {
      kind: 'facts',
      title: null,
      rows: [
        ['Asked for', what],
        ['Address', email],
        ['What came back', trouble.detail],
        ['When', instant(trouble.at)],
        ['The request expires', instant(gate.expiresAt)],
      ],
    },
    {
      kind: 'list',
      title: 'What you can do',
      lines: [
        `Once the address takes mail again, have it sent anew: ${again} --reason "…"`,
        `Give it to a stand-in whom the model's settings name: ${again} --stand-in ID --reason "…"`,
        "Correct the address by a change of the model's settings; open requests are void then, and new ones are sent.",
      ],
    },
    { kind: 'small', text: `Reference: ${run.promotionId}` },
  ]);
}
