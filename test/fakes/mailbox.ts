import * as z from 'zod';
import { until } from './until.ts';

const JUSTIFICATION = 'The evidence holds in every region.';
const inbox = z.object({
  emails: z.array(
    z.object({ destination: z.object({ to: z.array(z.string()) }), body: z.object({ text: z.string().optional() }) }),
  ),
});

/** What people find in their mail, and what they do with the links in it. */
export class Mailbox {
  readonly #url: string;

  constructor(inboxUrl: string) {
    this.#url = inboxUrl;
  }

  /** Texts that were emailed to somebody about a run, oldest first. */
  async letters(promotionId: string, email: string): Promise<readonly string[]> {
    const { emails } = inbox.parse(await (await fetch(new URL('/store', this.#url))).json());
    return emails
      .filter((one) => one.destination.to.includes(email) && (one.body.text ?? '').includes(promotionId))
      .map((one) => one.body.text ?? '');
  }

  /** Links that were emailed to somebody about a run, oldest first; about one stage, when it is named. */
  async links(promotionId: string, email: string, stage = ''): Promise<readonly string[]> {
    const letters = await this.letters(promotionId, email);
    const asked = letters.filter((text) => stage === '' || text.includes(` into ${stage}.`));
    return asked.flatMap((text) => /https?:\/\/\S+\/approvals\/\S+/.exec(text) ?? []);
  }

  /** The newest link, once there are at least `count`. */
  async link(
    promotionId: string,
    email: string,
    { stage = '', count = 1 }: { readonly stage?: string; readonly count?: number } = {},
  ): Promise<string> {
    return until(async () => {
      const links = await this.links(promotionId, email, stage);
      return links.length >= count ? links.at(-1) : undefined;
    });
  }

  /** The letter that tells somebody how a run ended, once it is there. */
  async notice(promotionId: string, email: string, end: string): Promise<string> {
    return until(async () => {
      const letters = await this.letters(promotionId, email);
      return letters.find((text) => !text.includes('/approvals/') && text.includes(end));
    });
  }

  /** Sends the form behind a link; answers the HTTP status. */
  async answer(link: string, typed: string, decision: 'approve' | 'reject' = 'approve'): Promise<number> {
    const body = new URLSearchParams({ decision, version: typed, justification: JUSTIFICATION });
    const response = await fetch(link, { method: 'POST', body });
    await response.text();
    return response.status;
  }
}
