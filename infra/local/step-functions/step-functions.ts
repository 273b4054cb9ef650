import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ACCOUNT, AwsError, type Now, REGION, type Service } from '../service.ts';
import {
  Executions,
  type ExecutionsOptions,
  type StateMachineRecord,
  type StepFunctionsSnapshot,
} from './executions.ts';
import { allowLongTimers } from './long-timers.ts';
import { createOperations } from './operations.ts';
import { loadDefinition } from './state-machine-definition.ts';

const ARN = `arn:aws:states:${REGION}:${ACCOUNT}`;

export interface StepFunctionsOptions extends Omit<ExecutionsOptions, 'now'> {
  readonly now?: Now;
  /** Caps the waits between retries, in seconds; the real ones without it. */
  readonly maxRetryDelaySeconds?: number;
}

export interface StepFunctions extends Service {
  /** Creates AWS::StepFunctions::StateMachine from resolved properties; answers its ARN. @throws AwsError InvalidDefinition */
  createStateMachine(properties: unknown): string;
  /** Creates AWS::StepFunctions::StateMachineVersion; answers its ARN. */
  createVersion(properties: unknown): string;
  /** Creates AWS::StepFunctions::StateMachineAlias, all of it to one version; answers its ARN. */
  createAlias(properties: unknown): string;
  /** Starts an execution as a rule or schedule does; answers its ARN. */
  start(stateMachineArn: string, input: string, name?: string): string;
  snapshot(): StepFunctionsSnapshot;
  /** Takes executions over. Those that were open come back ABORTED, and their status change is told. */
  restore(snapshot: StepFunctionsSnapshot): void;
  stop(): Promise<void>;
}

const MachineSchema = z.looseObject({
  StateMachineName: z.string(),
  StateMachineType: z.literal('STANDARD').default('STANDARD'),
  DefinitionString: z.string().optional(),
  Definition: z.unknown().optional(),
  DefinitionSubstitutions: z.record(z.string(), z.coerce.string()).default({}),
  RoleArn: z.string().default(''),
});
const VersionSchema = z.looseObject({ StateMachineArn: z.string() });
const VersionRefSchema = z.looseObject({ StateMachineVersionArn: z.string() });
const AliasSchema = z.looseObject({
  Name: z.string().default('live'),
  RoutingConfiguration: z.array(VersionRefSchema).length(1).optional(),
  DeploymentPreference: VersionRefSchema.optional(),
});

/** The Step Functions API on this machine, in front of an ASL interpreter. */
export function createStepFunctions(options: StepFunctionsOptions): StepFunctions {
  allowLongTimers();
  const now = options.now ?? (() => new Date());
  const machines = new Map<string, StateMachineRecord>();
  const aliases = new Map<string, string>();
  const executions = new Executions({ ...options, now });
  const operations = createOperations({ machines, aliases, executions });
  const machineOf = (arn: string): StateMachineRecord => {
    const machine = machines.get(arn);
    if (machine === undefined) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  };
  return {
    handle: operations.handle,
    createStateMachine: (properties) => {
      const machine = machineFrom(properties, now(), options.maxRetryDelaySeconds);
      machines.set(machine.arn, machine);
      return machine.arn;
    },
    createVersion: (properties) => {
      const machine = machineOf(VersionSchema.parse(properties).StateMachineArn);
      const version = `${machine.arn}:${machine.versions.length + 1}`;
      machine.versions.push(version);
      return version;
    },
    createAlias: (properties) => {
      const { Name, RoutingConfiguration, DeploymentPreference } = AliasSchema.parse(properties);
      const { StateMachineVersionArn } = VersionRefSchema.parse(DeploymentPreference ?? RoutingConfiguration?.[0]);
      const machine = machineOf(StateMachineVersionArn.replace(/:\d+$/, ''));
      aliases.set(`${machine.arn}:${Name}`, StateMachineVersionArn);
      return `${machine.arn}:${Name}`;
    },
    start: (stateMachineArn, input, name = randomUUID()) =>
      operations.start({ stateMachineArn, input, name }).executionArn,
    snapshot: () => executions.snapshot(),
    restore: (snapshot) => executions.restore(snapshot),
    stop: () => executions.stop(),
  };
}

function machineFrom(properties: unknown, createdAt: Date, maxRetryDelaySeconds?: number): StateMachineRecord {
  const { StateMachineName: name, DefinitionString, Definition, ...rest } = MachineSchema.parse(properties);
  const text = DefinitionString ?? JSON.stringify(Definition ?? null);
  const definition = text.replace(/\$\{(\w+)\}/g, (whole, key: string) => rest.DefinitionSubstitutions[key] ?? whole);
  const loaded = loadDefinition(definition, maxRetryDelaySeconds);
  const arn = `${ARN}:stateMachine:${name}`;
  return { arn, name, roleArn: rest.RoleArn, definition, loaded, createdAt, versions: [] };
}
