import * as z from 'zod';
import { announce, noticeOfEnd } from '../change/announce.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, ses, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { completeMove } from '../pointer/complete-move.ts';
import { endExposure } from '../pointer/end-exposure.ts';
import { type CloseDeadPorts, closeDeadPromotions } from './close-dead-promotion.ts';
import { type Closed, closePromotion } from './close-promotion.ts';
import { takeOutInput } from './dead-promotion.ts';
import { ExecutionStore } from './execution-store.ts';

/** A status change of one execution, or a schedule's tick (which names none). */
const eventSchema = z.object({ detail: z.object({ executionArn: z.string().optional() }).optional() });

const registry = wired.registry();
const executions = new ExecutionStore(stepFunctions());
const status: CloseDeadPorts['status'] = (arn) => executions.status(arn);
const takeOut: CloseDeadPorts['takeOut'] = (left) =>
  executions.start(config('ROLLBACK_STATE_MACHINE_ARN'), left.promotionId, takeOutInput(left));
const exposures = wired.exposureEnding();
const end: CloseDeadPorts['endExposure'] = (promotionId) => endExposure(exposures, promotionId);
const pointer = new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));
const completing = { ...exposures, appConfig: pointer, writes: wired.registryWrites() };
const complete: CloseDeadPorts['completeMove'] = (promotionId) => completeMove(completing, promotionId);

const announcing = {
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: (_: unknown, count: number) => logger.error('NOTICE_NOT_SENT', { count }),
};
const tell: CloseDeadPorts['tell'] = async (closed) => {
  logger.warn('Closed a dead run', { ...closed });
  await announce(announcing, await noticeOfEnd(registry, closed.promotionId));
};
const closing = wired.closing('execution-status');

/** Closes promotions and changes whose execution ended without closing them, and tells the people concerned. */
export async function handler(event: unknown): Promise<readonly Closed[]> {
  const { detail } = parseEvent(eventSchema, event);
  const close: CloseDeadPorts['close'] = (one) => closePromotion(closing, one, systemClock().toISOString());
  const left = { takeOut, endExposure: end, completeMove: complete };
  return closeDeadPromotions({ registry, close, status, ...left, tell }, detail?.executionArn);
}
