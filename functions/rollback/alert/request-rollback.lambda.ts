import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import { unknownLinkPage } from '../../approval/outcome-page.ts';
import { appConfig, dynamo, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { AppConfigStore } from '../../pointer/appconfig-store.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { AlertStore } from './alert-store.ts';
import { executionArnOf } from './execution-arn.ts';
import { type RequestRollbackPorts, requestRollback } from './request-rollback.ts';
import { readRollbackForm } from './rollback-form.ts';
import { rollbackFailurePage, rollbackOutcomePage, rollbackPage } from './rollback-page.ts';

const machine = config('ROLLBACK_STATE_MACHINE_ARN');
const executions = new ExecutionStore(stepFunctions());

const ports: RequestRollbackPorts = {
  registry: wired.registry(),
  alerts: new AlertStore(dynamo(), config('APPROVALS_TABLE')),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  status: (name) => executions.status(executionArnOf(machine, name)),
  start: (name, input) => executions.start(machine, name, input),
  now: () => systemClock().toISOString(),
};

/** POST of an alert's link: starts the rollback that one person asks for. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  try {
    const { link, body } = readHttp(event);
    const typed = readRollbackForm(body);
    const outcome = await requestRollback(ports, link, typed);
    logger.info('Rollback requested', { status: outcome.status });
    if (outcome.status === 404) return answerPage(404, unknownLinkPage());
    if (outcome.status !== 400) return answerPage(outcome.status, rollbackOutcomePage(outcome));
    return answerPage(400, rollbackPage(outcome.opened, { typed, faults: outcome.faults }));
  } catch (error) {
    logger.error('ROLLBACK_NOT_STARTED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, rollbackFailurePage());
  }
}
