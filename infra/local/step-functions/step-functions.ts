import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { jsonService } from '../gateway/json-service.ts';
import { ACCOUNT, AwsError, type Now, REGION, type Service } from '../service.ts';
import {
  Executions,
  type ExecutionsOptions,
  type StateMachineRecord,
  type StepFunctionsSnapshot,
} from './executions.ts';
import { allowLongTimers } from './long-timers.ts';
import { createOperations, startOnce } from './operations.ts';
import { loadDefinition } from './state-machine-definition.ts';

export interface StepFunctionsOptions extends Omit<ExecutionsOptions, 'now'> {
  readonly now?: Now;
}

export interface StepFunctions extends Service {
  /** Creates AWS::StepFunctions::StateMachine from resolved properties; answers its ARN. @throws AwsError InvalidDefinition */
  createStateMachine(properties: unknown): string;
  /** Creates AWS::StepFunctions::StateMachineVersion; answers its ARN. */
  createVersion(properties: unknown): string;
  /** Creates AWS::StepFunctions::StateMachineAlias, all of it to one version; answers its ARN. */
  createAlias(properties: unknown): string;
  /** Starts an execution as a rule or schedule does. */
  start(stateMachineArn: string, input: string): void;
  snapshot(): StepFunctionsSnapshot;
  /** Takes executions over. Those that were open come back ABORTED, and their status change is told. */
  restore(snapshot: StepFunctionsSnapshot): void;
  stop(): Promise<void>;
}

const machineSchema = z.looseObject({
  StateMachineName: z.string(),
  StateMachineType: z.literal('STANDARD').default('STANDARD'),
  DefinitionString: z.string(),
  DefinitionSubstitutions: z.record(z.string(), z.coerce.string()).default({}),
  RoleArn: z.string().default(''),
});
const versionSchema = z.looseObject({ StateMachineArn: z.string() });
const aliasSchema = z.looseObject({
  Name: z.string(),
  DeploymentPreference: z.looseObject({ StateMachineVersionArn: z.string() }),
});

/** The Step Functions API on this machine, in front of an ASL interpreter. */
export function createStepFunctions(options: StepFunctionsOptions): StepFunctions {
  allowLongTimers();
  const now = options.now ?? (() => new Date());
  const machines = new Map<string, StateMachineRecord>();
  const aliases = new Map<string, string>();
  const executions = new Executions({ ...options, now });
  const state = { machines, aliases, executions };
  const machineOf = (arn: string): StateMachineRecord => {
    const machine = machines.get(arn);
    if (machine === undefined) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  };
  return {
    handle: jsonService(createOperations(state)),
    createStateMachine: (properties) => {
      const machine = machineFrom(properties, now());
      machines.set(machine.arn, machine);
      return machine.arn;
    },
    createVersion: (properties) => {
      const machine = machineOf(versionSchema.parse(properties).StateMachineArn);
      const version = `${machine.arn}:${machine.versions.length + 1}`;
      machine.versions.push(version);
      return version;
    },
    createAlias: (properties) => {
      const { Name, DeploymentPreference } = aliasSchema.parse(properties);
      const { StateMachineVersionArn } = DeploymentPreference;
      const alias = `${machineOf(StateMachineVersionArn.replace(/:\d+$/, '')).arn}:${Name}`;
      aliases.set(alias, StateMachineVersionArn);
      return alias;
    },
    start: (stateMachineArn, input) => void startOnce(state, { stateMachineArn, input, name: randomUUID() }),
    snapshot: () => ({ executions: [...executions.records.values()] }),
    restore: (snapshot) => executions.restore(snapshot),
    stop: () => executions.stop(),
  };
}

function machineFrom(properties: unknown, createdAt: Date): StateMachineRecord {
  const { StateMachineName: name, RoleArn: roleArn, ...given } = machineSchema.parse(properties);
  const { DefinitionString, DefinitionSubstitutions } = given;
  const text = DefinitionString.replace(/\$\{(\w+)\}/g, (whole, key: string) => DefinitionSubstitutions[key] ?? whole);
  const arn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;
  return { arn, name, roleArn, loaded: loadDefinition(text), createdAt, versions: [] };
}
