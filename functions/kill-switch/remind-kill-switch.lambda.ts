import { announce } from '../change/announce.ts';
import { dynamo, ses } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { KillSwitchStore } from './kill-switch-store.ts';
import { type RemindPorts, remind } from './remind.ts';

const announcing = {
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: (_: unknown, count: number) => logger.error('NOTICE_NOT_SENT', { count }),
};

const ports: RemindPorts = {
  registry: wired.registry(),
  switches: new KillSwitchStore(dynamo(), config('REGISTRY_TABLE')),
  announce: (notice) => announce(announcing, notice),
  escalate: ({ model, expiresAt, requestedBy, ledgerSeq }) =>
    logger.error('KILL_SWITCH_EXPIRED', { model, expiresAt, thrownBy: requestedBy.name, ledgerSeq }),
};

/** Reminds of kill switches before they expire, and raises the alarm for those that have. Ends none. */
export async function handler(): Promise<{ readonly reminders: number }> {
  return { reminders: await remind(ports, systemClock().toISOString()) };
}
