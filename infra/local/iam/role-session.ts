import type { Target } from '../events/events.ts';
import { accessDenied } from '../gateway/protocol.ts';
import type { LambdaHost } from '../lambda/lambda-host.ts';
import type { InvokeResult } from '../service.ts';
import type { StepFunctions } from '../step-functions/step-functions.ts';
import type { Iam } from './iam.ts';

/** A role taken by a service, under the session name that the service gives itself. */
export interface RoleSession {
  readonly roleArn: string;
  readonly session: string;
}

/** @throws AwsError AccessDeniedException unless the role's policies allow the action */
export function demandRole(iam: Iam, role: RoleSession, action: string, resource: string): void {
  const roleName = role.roleArn.slice(role.roleArn.lastIndexOf('/') + 1);
  const principal = { kind: 'role', roleName, session: role.session } as const;
  const refusal = iam.refusal({ principal, action, resource });
  if (refusal !== undefined) throw accessDenied('lambda', refusal);
}

export type InvokeAs = (role: RoleSession, functionArn: string, payload: unknown) => Promise<InvokeResult>;

/** Invokes functions with the rights of a role. @throws AwsError AccessDeniedException when its policies do not allow it */
export function roleInvoker(iam: Iam, host: LambdaHost): InvokeAs {
  return async (role, functionArn, payload) => {
    demandRole(iam, role, 'lambda:InvokeFunction', functionArn);
    return host.invoke(functionArn, payload);
  };
}

/**
 * Hands an event to the target of a rule or schedule: under its role if it has one, else by the function's permission.
 * @throws AwsError AccessDeniedException
 */
export async function deliver(
  target: Target,
  parts: { readonly iam: Iam; readonly host: LambdaHost; readonly stepFunctions: StepFunctions },
): Promise<void> {
  const { iam, host, stepFunctions } = parts;
  const role = { roleArn: target.roleArn ?? '', session: 'events' };
  if (target.arn.includes(':states:')) {
    demandRole(iam, role, 'states:StartExecution', target.arn);
    stepFunctions.start(target.arn, JSON.stringify(target.event));
    return;
  }
  if (target.roleArn !== undefined) demandRole(iam, role, 'lambda:InvokeFunction', target.arn);
  else {
    const functionName = host.find(target.arn).name;
    iam.demandInvokePermission({ functionName, servicePrincipal: 'events.amazonaws.com', sourceArn: target.sourceArn });
  }
  await host.enqueue(target.arn, target.event);
}
