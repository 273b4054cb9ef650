import { parseEvent } from '../platform/boundary.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type ExposureEnded, endExposure } from './end-exposure.ts';
import { stepEvent } from './prepare-return.ts';

const ports = wired.exposureEnding();

/** Takes a candidate out of the pointer when its exposure is over, however it ended. */
export async function handler(event: unknown): Promise<ExposureEnded> {
  const ended = await endExposure(ports, parseEvent(stepEvent, event).promotionId);
  logger.info('Ended an exposure', { ...ended });
  return ended;
}
