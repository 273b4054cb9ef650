import { createAppConfig } from './appconfig/appconfig.ts';
import { createEvents, type Events } from './events.ts';
import { accessDenied } from './gateway/protocol.ts';
import type { Iam } from './iam/iam.ts';
import type { LambdaHost } from './lambda/lambda-host.ts';
import type { Monitoring } from './monitoring.ts';
import type { Invoke, Now } from './service.ts';
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

/** Invokes functions under a role kept for whom it is done. @throws AwsError AccessDeniedException unless its policies allow it */
function createInvokers(iam: Iam, host: LambdaHost) {
  /** Role ARNs by the state machine's name or the ARN of an extension's function. */
  const roles = new Map<string, string>();
  const invokerOf = (keeper: string, session: string): Invoke => {
    return async (resource, payload) => {
      const roleName = roles.get(keeper)?.split('/').at(-1) ?? '';
      const principal = { kind: 'role', roleName, session } as const;
      const refusal = iam.refusal({ principal, action: 'lambda:InvokeFunction', resource });
      if (refusal !== undefined) throw accessDenied('lambda', refusal);
      return host.invoke(resource, payload);
    };
  };
  return { invokerOf, keepRole: (keeper: string, roleArn: string): void => void roles.set(keeper, roleArn) };
}

/** The event bus, the state machines and AppConfig: what invokes functions under roles or permissions of its own. */
export function createFlow({ iam, host, monitoring, now, log, ...kept }: FlowOptions) {
  const { invokerOf, keepRole } = createInvokers(iam, host);
  const onStatusChange = (detail: Readonly<Record<string, unknown>>): void => {
    const detailType = 'Step Functions Execution Status Change';
    events.putEvent({ source: 'aws.states', detailType, detail, resources: [String(detail['executionArn'])] });
    const name = ENDED_METRICS[String(detail['status'])];
    const dimensions = { StateMachineArn: String(detail['stateMachineArn']) };
    if (name !== undefined) monitoring.count({ namespace: 'AWS/States', name, dimensions });
  };
  const stepFunctions: StepFunctions = createStepFunctions({
    ...{ now, onStatusChange },
    invoke: (machine, functionArn, payload) => invokerOf(machine, machine)(functionArn, payload),
  });
  const events: Events = createEvents({
    ...{ now, log },
    deliver: async ({ arn, sourceArn, event }) => {
      const functionName = host.find(arn).name;
      iam.demandInvokePermission({ functionName, servicePrincipal: 'events.amazonaws.com', sourceArn });
      await host.enqueue(arn, event);
    },
  });
  const invoke: Invoke = (functionArn, payload) => invokerOf(functionArn, 'appconfig')(functionArn, payload);
  const appConfig = createAppConfig({ now, ...kept, invoke });
  // keepRole takes a state machine's name, or the ARN of an extension's function.
  return { stepFunctions, events, appConfig, keepRole };
}
