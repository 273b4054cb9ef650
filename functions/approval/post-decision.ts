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
  readonly status: 200 | 400 | 403 | 404 | 409 | 410;
  readonly page: string;
}

/**
 * Takes the form that somebody sent from the page behind a link, and answers the page of its outcome: with field faults the
 * same form with all that was typed.
 * @throws ReleaseError as `decide` does; nothing is decided then
 */
export async function postDecision(ports: PostPorts, link: Link, body: string, now: Date): Promise<Posted> {
  const typed = readForm(body);
  const outcome = await decide(ports, link, typed, now);
  if (outcome.status === 404) return { status: 404, page: unknownLinkPage() };
  if (outcome.status !== 400) return { status: outcome.status, page: outcomePage(outcome) };
  const review = await loadReview(ports.reviewing, outcome.found, now, link.secret);
  return { status: 400, page: approvalPage(review, now, { typed, faults: outcome.faults }) };
}
