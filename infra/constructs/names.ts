import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Physical names. State machines, functions and roles are named, so that policies and environments can speak of them
 * without a reference: references between a machine, its functions and their roles would go in circles.
 */
export const STATE_MACHINES = ['onboarding', 'promotion', 'rollback', 'drill'] as const;
export type StateMachineName = (typeof STATE_MACHINES)[number];

/** The machines that wait for people, and therefore take callbacks. */
export const WAITING_MACHINES = ['onboarding', 'promotion'] as const satisfies readonly StateMachineName[];

/** Alias of a state machine that callers start, so that every execution names the version that it ran. */
export const LIVE = 'live';

export function stateMachineName(scope: IConstruct, machine: StateMachineName): string {
  return `${Stack.of(scope).stackName}-${machine}`;
}

export function stateMachineArn(scope: IConstruct, machine: StateMachineName): string {
  return arn(scope, 'states', `stateMachine:${stateMachineName(scope, machine)}`);
}

/** Matches every execution of a machine. */
export function executionArns(scope: IConstruct, machine: StateMachineName): string {
  return arn(scope, 'states', `execution:${stateMachineName(scope, machine)}:*`);
}

export function functionName(scope: IConstruct, name: string): string {
  return `${Stack.of(scope).stackName}-${name}`;
}

export function functionArn(scope: IConstruct, name: string): string {
  return arn(scope, 'lambda', `function:${functionName(scope, name)}`);
}

/** The role of a function carries the function's name. */
export function functionRoleArn(scope: IConstruct, name: string): string {
  const stack = Stack.of(scope);
  return `arn:${stack.partition}:iam::${stack.account}:role/${functionName(scope, name)}`;
}

/** ARN of a resource of this account and region. */
export function arn(scope: IConstruct, service: string, resource: string): string {
  const stack = Stack.of(scope);
  return `arn:${stack.partition}:${service}:${stack.region}:${stack.account}:${resource}`;
}

/** `roll-back` becomes `RollBack`: construct ids and the substitutions of the state machine definitions. */
export function pascalCase(name: string): string {
  return name
    .split('-')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
}
