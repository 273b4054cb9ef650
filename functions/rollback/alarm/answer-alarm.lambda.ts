import { GuardItemStore } from '../../evidence/guard/guard-item-store.ts';
import { appConfigData, cloudWatch, dynamo, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { sendAlert } from '../alert/send-alert.ts';
import { ServedPointerStore } from '../served-pointer-store.ts';
import { AlarmMetricsStore } from './alarm-metrics-store.ts';
import { type AnswerAlarmPorts, type Answered, answerAlarm } from './answer-alarm.ts';

const executions = new ExecutionStore(stepFunctions());
const dataPlane = new ServedPointerStore(appConfigData(), config('APPCONFIG_APPLICATION_ID'));
const alerting = wired.alerting();

const ports: AnswerAlarmPorts = {
  registry: wired.registry(),
  guards: new GuardItemStore(dynamo(), config('REGISTRY_TABLE')),
  metrics: new AlarmMetricsStore(cloudWatch()),
  served: (model) => dataPlane.served(model),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  startRollback: ({ name, input }) => executions.start(config('ROLLBACK_STATE_MACHINE_ARN'), name, input),
  sendAlert: (alert) => sendAlert(alerting, alert),
  tell: (signal, detail) => logger.warn(signal, { ...detail }),
  now: () => systemClock().toISOString(),
};

/** Answers an alarm that rings, and by schedule what goes on: a rollback of the version at fault, or word to people. */
export async function handler(event: unknown): Promise<Answered> {
  return answerAlarm(ports, event);
}
