import { signInView } from '../sign-in/sign-in-section.ts';
import { approvalPage } from './approval-page.ts';
import { EMPTY_FORM } from './decision-form.ts';
import { type FindRequestPorts, findRequest, type Link } from './find-request.ts';
import { unknownLinkPage } from './outcome-page.ts';
import { loadReview, type ReviewPorts } from './review.ts';

export interface ShowPorts extends FindRequestPorts, ReviewPorts {
  readonly approvals: FindRequestPorts['approvals'] & ReviewPorts['approvals'];
}

/** The page behind a link. Changes nothing. */
export async function showApproval(
  ports: ShowPorts,
  link: Link,
  now: Date,
): Promise<{ readonly status: 200 | 404; readonly page: string }> {
  const found = await findRequest(ports, link);
  if (found === null) return { status: 404, page: unknownLinkPage() };
  const review = await loadReview(ports, found, now, link.secret);
  const signIn = signInView('approvals', link, found.request.approver);
  return { status: 200, page: approvalPage(review, now, { typed: EMPTY_FORM, faults: [], signIn }) };
}
