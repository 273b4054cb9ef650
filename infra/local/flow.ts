import { createAppConfig } from './appconfig/appconfig.ts';
import { createEvents, type Events } from './events/events.ts';
import type { Iam } from './iam/iam.ts';
import { deliver, roleInvoker } from './iam/role-session.ts';
import type { LambdaHost } from './lambda/lambda-host.ts';
import type { Monitoring } from './monitoring/monitoring.ts';
import type { Now } from './service.ts';
import { createStepFunctions, type StepFunctions } from './step-functions/step-functions.ts';

export interface FlowOptions {
  readonly iam: Iam;
  readonly host: LambdaHost;
  readonly monitoring: Monitoring;
  readonly now: Now;
  readonly log: (line: string) => void;
  /** Directory that AppConfig keeps its state in, if it does. */
  readonly dataDir?: string;
}

/** CloudWatch's metrics of executions, by the status that an execution ends with. */
const ENDED_METRICS: Readonly<Record<string, string>> = {
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
  SUCCEEDED: 'ExecutionsSucceeded',
};

/** The event bus, the state machines and AppConfig: what invokes functions under roles of its own. */
export function createFlow({ iam, host, monitoring, now, log, ...kept }: FlowOptions) {
  const machineRoles = new Map<string, string>();
  const extensionRoles = new Map<string, string>();
  const invokeAs = roleInvoker(iam, host);
  const onStatusChange = (detail: Readonly<Record<string, unknown>>): void => {
    const detailType = 'Step Functions Execution Status Change';
    events.putEvent({ source: 'aws.states', detailType, detail, resources: [String(detail['executionArn'])] });
    const name = ENDED_METRICS[String(detail['status'])];
    const dimensions = { StateMachineArn: String(detail['stateMachineArn']) };
    if (name !== undefined) monitoring.count({ namespace: 'AWS/States', name, dimensions });
  };
  const stepFunctions: StepFunctions = createStepFunctions({
    now,
    onStatusChange,
    invoke: (machine, functionArn, payload) =>
      invokeAs({ roleArn: machineRoles.get(machine) ?? '', session: machine }, functionArn, payload),
  });
  const events: Events = createEvents({
    now,
    log,
    deliver: (target) => deliver(target, { iam, host, stepFunctions }),
  });
  const appConfig = createAppConfig({
    now,
    ...kept,
    invoke: (functionArn, payload) =>
      invokeAs({ roleArn: extensionRoles.get(functionArn) ?? '', session: 'appconfig' }, functionArn, payload),
  });
  return {
    ...{ stepFunctions, events, appConfig },
    /** Keeps which role a state machine runs under. */
    machineRole: (machine: string, roleArn: string): void => void machineRoles.set(machine, roleArn),
    /** Keeps which role AppConfig takes to invoke the function of an extension. */
    extensionRole: (functionArn: string, roleArn: string): void => void extensionRoles.set(functionArn, roleArn),
  };
}
