import * as z from 'zod';
import { sentLink } from '../../approval/sent-link.ts';
import { sha256Hex } from '../../platform/json.ts';
import { approver, downstreamTeam, normalEmail } from '../../platform/people.ts';
import { signedInSchema } from '../../sign-in/session.ts';

/** What can be held for the sake of those who work by the forecasts: stages of a promotion, and a change without a version. */
export const HELD_STAGES = ['canary', 'production', 'change'] as const;
export type HeldStage = (typeof HELD_STAGES)[number];

/** One team's acknowledgement. What it noted is in the ledger. */
const acknowledgement = z.object({
  email: z.string(),
  team: z.string(),
  /** Who acknowledged for the team. */
  name: z.string(),
  at: z.string(),
  /** Position of its `notice-acknowledged` entry. */
  seq: z.int().min(1),
});
export type Acknowledgement = Readonly<z.infer<typeof acknowledgement>>;

/**
 * The notice of a critical change ahead, as kept on its run. It is a promise: a policy that is changed later alters
 * neither its lead time nor who is asked.
 */
export const advanceNotice = z.object({
  teams: z.array(downstreamTeam).readonly(),
  leadTime: z.string(),
  acknowledge: z.enum(['none', 'all']),
  /** UTC; when the letters to all teams had been accepted for delivery. Absent until then: the lead time does not run. */
  givenAt: z.string().exactOptional(),
  /** UTC; the canary starts, or the change takes effect, no earlier. */
  earliestAt: z.string().exactOptional(),
  acknowledgements: z.array(acknowledgement).readonly(),
});
export type AdvanceNotice = Readonly<z.infer<typeof advanceNotice>>;

/** One approver's decision that a run goes on in spite of what holds it. */
export const holdException = z.object({
  stage: z.enum(HELD_STAGES),
  /** What it lifts, by code and path, as holds name it; nothing that comes up later. */
  holds: z.array(z.string()).min(1),
  approver,
  at: z.string(),
  /** Whom the issuer vouched for; absent where the link stood alone. */
  signedIn: signedInSchema.exactOptional(),
  /** Position of its `hold-excepted` entry, which has the reason. */
  seq: z.int().min(1),
});
export type HoldException = Readonly<z.infer<typeof holdException>>;

/** One personal link: of a team that is told, or of an approver who may make an exception. */
export const noticeLink = sentLink.extend({
  model: z.string(),
  promotionId: z.string(),
  for: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('team'), ...downstreamTeam.shape }),
    z.object({
      ...{ kind: z.literal('approver'), stage: z.enum(HELD_STAGES), approver },
      /** The canary step that is not gone beyond; absent: what is held did not begin. */
      step: z.int().min(0).exactOptional(),
    }),
  ]),
});
export type NoticeLink = Readonly<z.infer<typeof noticeLink>>;

/** Exists while a notice may have to be sent, repeated or taken back. */
export const openNotice = z.object({ model: z.string(), promotionId: z.string() });
export type OpenNotice = Readonly<z.infer<typeof openNotice>>;

/** One link per person and run (and stage, and step of a canary that runs). The id is public, in the link's path; it proves nothing. */
export function noticeLinkId(promotionId: string, whose: NoticeLink['for']): string {
  const who = whose.kind === 'team' ? [normalEmail(whose.email)] : [whose.stage, normalEmail(whose.approver.email)];
  if (whose.kind === 'approver' && whose.step !== undefined) who.push(String(whose.step));
  return sha256Hex(JSON.stringify([promotionId, whose.kind, ...who])).slice(0, 32);
}

/** Address of one person's page. It holds the secret: it goes into that person's email and nowhere else. */
export function noticeAddress(baseUrl: string, linkId: string, secret: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/notices/${linkId}?k=${secret}`;
}
