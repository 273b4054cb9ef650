import { withdrawOpenGate } from '../approval/close-gate.ts';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import { systemActor } from '../platform/people.ts';
import * as wired from '../platform/wiring.ts';
import { type Closed, type ClosePorts, closeEvent, closePromotion } from './close-promotion.ts';

const ledger = wired.ledger();
const approvals = wired.approvals();
const approvalWrites = wired.approvalWrites();

const ports: ClosePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger,
  withdrawGate: async (run, reason, at) => {
    const actor = systemActor('promotion');
    await withdrawOpenGate({ approvals, approvalWrites, ledger }, run.promotionId, { reason, at, actor });
  },
};

/** Records the end of a promotion or change and frees its model. */
export async function handler(event: unknown): Promise<Closed> {
  const closed = await closePromotion(ports, parseEvent(closeEvent, event), systemClock().toISOString());
  logger.info('Closed', { ...closed });
  return closed;
}
