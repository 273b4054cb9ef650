import type { ApprovalStore } from './approval-store.ts';
import type { Found } from './find-request.ts';
import type { RequestItem } from './items.ts';
import { instant } from './wording.ts';

/** What is known of whether somebody who has not decided knows that they are asked. */
export interface Reach {
  readonly words: string;
  /** They may not know. */
  readonly isDoubtful: boolean;
}

/** Requests of everybody who is asked at a gate; a request that was not made yet is not among them. */
export async function loadRequests(
  approvals: Pick<ApprovalStore, 'request'>,
  { gate, request }: Pick<Found, 'gate' | 'request'>,
): Promise<readonly RequestItem[]> {
  const all = await Promise.all(
    gate.approvers.map(({ requestId }) => (requestId === request.requestId ? request : approvals.request(requestId))),
  );
  return all.filter((one) => one !== null);
}

const CAME_BACK: Readonly<Record<NonNullable<RequestItem['undelivered']>['kind'], string>> = {
  bounced: 'their email came back',
  rejected: 'their email was refused',
  'complained of': 'their email was reported as unwanted',
};

/** Whether somebody was reached; `undefined`: their request was not made yet. */
export function reachOf(request: RequestItem | undefined): Reach {
  if (request?.undelivered !== undefined) {
    const { kind, at } = request.undelivered;
    const words = `${CAME_BACK[kind]} at ${instant(at)}, so they may not know; the model's owner was told, and can have them asked again`;
    return { words, isDoubtful: true };
  }
  if (request?.sentAt === undefined) return { words: 'not written to yet', isDoubtful: true };
  const reminded = request.remindedAt === undefined ? '' : `, reminded at ${instant(request.remindedAt)}`;
  return { words: `asked at ${instant(request.sentAt)}${reminded}`, isDoubtful: false };
}
