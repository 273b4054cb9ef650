import { askException } from '../../change/advance-notice/ask-exception.ts';
import { giveNotice } from '../../change/advance-notice/give-notice.ts';
import { OpenNoticeStore } from '../../change/advance-notice/open-notice-store.ts';
import { parseEvent } from '../../platform/boundary.ts';
import { dynamo, lambda, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { DrillStore } from '../drill-store.ts';
import { drillName } from '../due-drill.ts';
import { askWaysBack } from './ask-functions-store.ts';
import { type MayExpose, type MayExposePorts, mayExpose, mayExposeEvent } from './may-expose.ts';

const drills = new DrillStore(dynamo(), config('REGISTRY_TABLE'));
const executions = new ExecutionStore(stepFunctions());
const now = () => systemClock().toISOString();
const sending = {
  ...wired.noticeSending(),
  ...{ registry: wired.registry(), writes: wired.registryWrites(), ledger: wired.ledger() },
  open: new OpenNoticeStore(dynamo(), config('REGISTRY_TABLE')),
};

const ports: MayExposePorts = {
  ...sending,
  gates: (promotionId) => wired.approvals().gates(promotionId),
  giveNotice: (run, model) => giveNotice(sending, run, model),
  askException: (run, of) => askException(sending, run, of),
  freezes: wired.freezes(),
  drills,
  ...askWaysBack({
    client: lambda(),
    readinessFunction: config('CHECK_READINESS_FUNCTION'),
    stopping: { rollback: config('ROLL_BACK_FUNCTION'), 'the kill switch': config('KILL_SWITCH_FUNCTION') },
    onSilence: (functionName, cause) => logger.warn('NO_ANSWER', { functionName, cause }),
  }),
  startDrill: async (model) => {
    const [newest = null] = await drills.newest(model, 1);
    const name = drillName(model, newest, now());
    await executions.start(config('DRILL_STATE_MACHINE_ARN'), name, { model, requestedBy: 'system:may-expose' });
  },
  now,
};

/** Says whether the first canary document of a promotion, or the one for all, may go out, and whether a change may take effect. */
export async function handler(event: unknown): Promise<MayExpose> {
  const answer = await mayExpose(ports, parseEvent(mayExposeEvent, event).promotionId);
  logger.info('May expose', { ...answer });
  return answer;
}
