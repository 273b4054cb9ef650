import * as z from 'zod';

const store = z.object({
  emails: z.array(
    z.object({
      messageId: z.string(),
      destination: z.object({ to: z.array(z.string()) }),
      subject: z.string(),
      body: z.object({ text: z.string().optional(), html: z.string().optional() }),
    }),
  ),
});

export type InboxEmail = z.infer<typeof store>['emails'][number];

/** Every email of an inbox, in the order of arrival. */
export async function readInbox(inboxUrl: string): Promise<readonly InboxEmail[]> {
  const response = await fetch(new URL('/store', inboxUrl));
  return store.parse(await response.json()).emails;
}

export interface Answer {
  /** What the approver types by hand: the version, or the model's name. */
  readonly typed: string;
  readonly justification: string;
}

/** Somebody who reads emails and answers approval requests in the way of a person: open the link, fill the form, send it. */
export class InboxReader {
  readonly #inboxUrl: string;
  readonly #answered = new Set<string>();

  constructor(inboxUrl: string) {
    this.#inboxUrl = inboxUrl;
  }

  /** Approves the newest unanswered request of `promotionId` that was sent to `email`; false when there is none yet. */
  async approve(promotionId: string, email: string, answer: Answer): Promise<boolean> {
    const link = await this.#unanswered(promotionId, email);
    if (link === null) return false;
    const page = await fetch(link);
    if (page.status !== 200) throw new Error(`The approval page answered ${page.status}.`);
    await page.text();
    const decided = await fetch(link, {
      method: 'POST',
      body: new URLSearchParams({
        decision: 'approve',
        version: answer.typed,
        justification: answer.justification,
      }),
    });
    if (decided.status !== 200)
      throw new Error(`The approval was not taken: ${decided.status} ${await decided.text()}`);
    this.#answered.add(link);
    return true;
  }

  async #unanswered(promotionId: string, email: string): Promise<string | null> {
    const emails = await readInbox(this.#inboxUrl);
    const links = emails
      .filter((one) => one.destination.to.includes(email) && (one.body.text ?? '').includes(promotionId))
      .flatMap((one) => /https?:\/\/\S+\/approvals\/\S+/.exec(one.body.text ?? '') ?? []);
    return links.findLast((link) => !this.#answered.has(link)) ?? null;
  }
}
