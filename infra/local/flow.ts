import { createAppConfig } from './appconfig/appconfig.ts';
import { createEvents, type Events } from './events.ts';
import { accessDenied } from './gateway/protocol.ts';
import type { Iam } from './iam/iam.ts';
import type { LambdaHost } from './lambda/lambda-host.ts';
import type { Monitoring } from './monitoring.ts';
import type { InvokeResult, Now } from './service.ts';
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

/** The event bus, the state machines and AppConfig: what invokes functions under roles or permissions of its own. */
export function createFlow({ iam, host, monitoring, now, log, ...kept }: FlowOptions) {
  /** Role ARNs by the state machine's name or the ARN of an extension's function. */
  const roles = new Map<string, string>();
  /** @throws AwsError AccessDeniedException unless the role's policies allow it */
  const invokeAs = async (
    roleOf: string,
    session: string,
    call: { readonly arn: string; readonly payload: unknown },
  ) => {
    const roleName = roles.get(roleOf)?.split('/').at(-1) ?? '';
    const action = { action: 'lambda:InvokeFunction', resource: call.arn };
    const refusal = iam.refusal({ principal: { kind: 'role', roleName, session }, ...action });
    if (refusal !== undefined) throw accessDenied('lambda', refusal);
    return host.invoke(call.arn, call.payload);
  };
  const onStatusChange = (detail: Readonly<Record<string, unknown>>): void => {
    const detailType = 'Step Functions Execution Status Change';
    events.putEvent({ source: 'aws.states', detailType, detail, resources: [String(detail['executionArn'])] });
    const name = ENDED_METRICS[String(detail['status'])];
    const dimensions = { StateMachineArn: String(detail['stateMachineArn']) };
    if (name !== undefined) monitoring.count({ namespace: 'AWS/States', name, dimensions });
  };
  const stepFunctions: StepFunctions = createStepFunctions({
    ...{ now, onStatusChange },
    invoke: (machine, arn, payload): Promise<InvokeResult> => invokeAs(machine, machine, { arn, payload }),
  });
  const events: Events = createEvents({
    ...{ now, log },
    deliver: async ({ arn, sourceArn, event }) => {
      const functionName = host.find(arn).name;
      iam.demandInvokePermission({ functionName, servicePrincipal: 'events.amazonaws.com', sourceArn });
      await host.enqueue(arn, event);
    },
  });
  const appConfig = createAppConfig({
    ...{ now, ...kept },
    invoke: (arn, payload) => invokeAs(arn, 'appconfig', { arn, payload }),
  });
  return {
    ...{ stepFunctions, events, appConfig },
    /** Keeps which role a state machine, by its name, or an extension's function, by its ARN, is invoked under. */
    keepRole: (of: string, roleArn: string): void => void roles.set(of, roleArn),
  };
}
