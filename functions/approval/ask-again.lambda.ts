import { parseInput } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type AskAgainPorts, type AskedAgain, askAgain } from './ask-again.ts';
import { askAgainInput } from './ask-again-input.ts';

const ports: AskAgainPorts = {
  ...wired.writingToApprovers(),
  registryWrites: wired.registryWrites(),
  ledger: wired.ledger(),
};

/** Sends one approver's request anew, or gives it to a stand-in, for the owner of the model. Decides nothing. */
export async function handler(event: unknown): Promise<AskedAgain> {
  const input = parseInput(askAgainInput, event, 'Correct the fields and call again.');
  if (!input.ok) return input;
  const asked = await askAgain(ports, input.value, systemClock());
  logger.info('Asked again', { promotionId: input.value.promotionId, approver: input.value.approver, ok: asked.ok });
  return asked;
}
