import { dynamo } from '../../platform/clients.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { LetterMarkStore } from '../events/letter-mark-store.ts';
import { type AttendNoticesPorts, attendNotices } from './attend-notices.ts';
import { OpenNoticeStore } from './open-notice-store.ts';

const ports: AttendNoticesPorts = {
  ...wired.noticeSending(),
  registry: wired.registry(),
  approvals: wired.approvals(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  open: new OpenNoticeStore(dynamo(), config('REGISTRY_TABLE')),
  marks: new LetterMarkStore(dynamo(), config('REGISTRY_TABLE')),
  freezes: wired.freezes(),
  onFailed: (promotionId, error) =>
    logger.error('NOTICE_FAILED', { promotionId, error: error instanceof Error ? error : String(error) }),
};

/** By schedule: gives the notices of critical changes, reminds, and takes back what does not come. */
export async function handler(): Promise<void> {
  await attendNotices(ports);
}
