import { armedAnswer } from '../../kill-switch/armed.ts';
import { parseEvent } from '../../platform/boundary.ts';
import { dynamo, lambda, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { type ConfigName, config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { DrillStore } from '../drill-store.ts';
import { drillName } from '../due-drill.ts';
import { checkedAnswer } from '../record-readiness.ts';
import { askFunction } from './ask-functions-store.ts';
import { type MayExpose, type MayExposePorts, mayExpose, mayExposeEvent } from './may-expose.ts';

const drills = new DrillStore(dynamo(), config('REGISTRY_TABLE'));
const executions = new ExecutionStore(stepFunctions());
const now = () => systemClock().toISOString();
const onSilence = (functionName: string, cause: string) => logger.warn('NO_ANSWER', { functionName, cause });
const asking = (name: ConfigName, timeoutMs: number) => ({
  ...{ client: lambda(), functionName: config(name), timeoutMs, onSilence },
});

/** What would have to stop a canary. */
const ARMED = { rollback: 'ROLL_BACK_FUNCTION', 'the kill switch': 'KILL_SWITCH_FUNCTION' } as const;

const ports: MayExposePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  drills,
  readiness: async (model) => {
    const answer = await askFunction({
      ...asking('CHECK_READINESS_FUNCTION', 60_000),
      event: { model },
      schema: checkedAnswer,
    });
    return answer?.[0] ?? null;
  },
  armed: async (model) => {
    const ask = { event: { model, dryRun: true }, schema: armedAnswer };
    const asked = Object.entries(ARMED).map(async ([name, setting]) => [
      name,
      await askFunction({ ...asking(setting, 20_000), ...ask }),
    ]);
    return Object.fromEntries(await Promise.all(asked));
  },
  startDrill: async (model) => {
    const [newest = null] = await drills.newest(model, 1);
    const name = drillName(model, newest, now());
    await executions.start(config('DRILL_STATE_MACHINE_ARN'), name, { model, requestedBy: 'system:may-expose' });
  },
  now,
};

/** Says whether the first canary document of a promotion may go out. */
export async function handler(event: unknown): Promise<MayExpose> {
  const answer = await mayExpose(ports, parseEvent(mayExposeEvent, event).promotionId);
  logger.info('May expose', { ...answer });
  return answer;
}
