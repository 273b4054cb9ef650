import { parseEvent } from '../platform/boundary.ts';
import { ses } from '../platform/clients.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { mailEvent, troubleOf } from './mail-trouble.ts';
import { type Reported, type ReportTroublePorts, reportMailTrouble } from './report-mail-trouble.ts';

const ports: ReportTroublePorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  approvalWrites: wired.approvalWrites(),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
};

/** An email came back. Whose it was is told to the owner, if somebody waits for it; an alarm rings for any. */
export async function handler(event: unknown): Promise<Reported> {
  const trouble = troubleOf(parseEvent(mailEvent, event));
  const reported = await reportMailTrouble(ports, trouble);
  logger.error('EMAIL_CAME_BACK', { kind: trouble.kind, detail: trouble.detail, at: trouble.at, ...reported });
  return reported;
}
