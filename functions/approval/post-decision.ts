import { signInView } from '../sign-in/sign-in-section.ts';
import { approvalPage } from './approval-page.ts';
import { type DecidePorts, decide } from './decide.ts';
import { readForm } from './decision-form.ts';
import type { Link } from './find-request.ts';
import { outcomePage, unknownLinkPage } from './outcome-page.ts';
import { loadReview, type ReviewPorts } from './review.ts';

export interface PostPorts extends DecidePorts {
  readonly reviewing: ReviewPorts;
}

export interface Posted {
  readonly status: 200 | 400 | 401 | 403 | 404 | 409 | 410;
  readonly page: string;
}

/**
 * Takes the form that somebody sent from the page behind a link, and answers the page of its outcome: with field faults, or
 * without a session of the person addressed where one is needed, the same form with all that was typed.
 * @throws ReleaseError as `decide` does; nothing is decided then
 */
export async function postDecision(ports: PostPorts, link: Link, body: string, now: Date): Promise<Posted> {
  const typed = readForm(body);
  const outcome = await decide(ports, link, typed, now);
  if (outcome.status === 404) return { status: 404, page: unknownLinkPage() };
  const { status, found } = outcome;
  const signIn = signInView('approvals', link, found.request.approver, true);
  const isOther = status === 403 && outcome.session !== undefined;
  if (status !== 400 && status !== 401 && !isOther) return { status, page: outcomePage(outcome) };
  const review = await loadReview(ports.reviewing, found, now, link.secret);
  const faults = status === 400 ? outcome.faults : [];
  return { status, page: approvalPage(review, now, { typed, faults, signIn }) };
}
