import { answerPage, type HttpAnswer, readHttp } from '../../approval/approval-http.ts';
import type { Link } from '../../approval/find-request.ts';
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
import { openAlert, type ShowRollbackPorts } from './request-rollback.ts';
import { rollbackFailurePage, rollbackPage } from './rollback-page.ts';

const executions = new ExecutionStore(stepFunctions());

const ports: ShowRollbackPorts = {
  registry: wired.registry(),
  alerts: new AlertStore(dynamo(), config('APPROVALS_TABLE')),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  status: (name) => executions.status(executionArnOf(config('ROLLBACK_STATE_MACHINE_ARN'), name)),
  now: () => systemClock().toISOString(),
};

/** GET and HEAD of an alert's link. Reads only, however often it is called and by whom. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const { method, link } = readHttp(event);
  const answer = await answerTo(link);
  return method === 'HEAD' ? { ...answer, body: '' } : answer;
}

async function answerTo(link: Link): Promise<HttpAnswer> {
  try {
    const opened = await openAlert(ports, link);
    return opened === null ? answerPage(404, unknownLinkPage()) : answerPage(200, rollbackPage(opened));
  } catch (error) {
    logger.error('PAGE_FAILED', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, rollbackFailurePage());
  }
}
