import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import * as z from 'zod';
import { AwsError } from '../service.ts';

/** A task without a timeout waits as long as an execution may last. */
const MAX_EXECUTION_SECONDS = 365 * 24 * 3600;
const INVOKE = 'arn:aws:states:::lambda:invoke';
const INVOKE_AND_WAIT = `${INVOKE}.waitForTaskToken`;
const TOKEN = '$$.Task.Token';
/** The parts of the context object that are there. */
const CONTEXT =
  /^\$\$\.(Execution\.(Id|Name|StartTime|RoleArn|Input(\.[\w.]+)?)|State\.(Name|EnteredTime)|StateMachine\.(Id|Name)|Task\.Token)$/;
/** What is there besides for each item of a loop. */
const ITEM = /^\$\$\.Map\.Item\.(Index|Value)$/;

const optional = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, z.unknown().optional()]));
const shared = optional('Comment InputPath OutputPath Next End ResultPath');
const taskSchema = z.strictObject({
  ...shared,
  ...optional('ResultSelector TimeoutSeconds TimeoutSecondsPath Retry Catch'),
  Type: z.literal('Task'),
  Resource: z.enum([INVOKE, INVOKE_AND_WAIT]),
  Parameters: z.strictObject({
    ...optional('Payload Payload.$'),
    FunctionName: z.string().startsWith('arn:aws:lambda:'),
  }),
});
const plainSchema = z.strictObject({
  ...shared,
  ...optional('Result Parameters Choices Default Seconds SecondsPath Timestamp TimestampPath Error Cause CausePath'),
  Type: z.enum(['Pass', 'Choice', 'Wait', 'Succeed', 'Fail']),
});
const stepSchema = z.discriminatedUnion('Type', [taskSchema, plainSchema]);
/** A loop over items in the execution's own history; a loop within it, or one of executions of their own, is not run here. */
const mapSchema = z.strictObject({
  ...shared,
  ...optional('ItemsPath ItemSelector MaxConcurrency ResultSelector Retry Catch'),
  Type: z.literal('Map'),
  ItemProcessor: z.strictObject({
    ...optional('Comment'),
    ProcessorConfig: z.strictObject({ Mode: z.literal('INLINE') }).optional(),
    StartAt: z.string(),
    States: z.record(z.string(), stepSchema),
  }),
});
const machineSchema = z.strictObject({
  ...optional('Comment TimeoutSeconds'),
  StartAt: z.string(),
  States: z.record(z.string(), z.discriminatedUnion('Type', [stepSchema, mapSchema])),
});
type Machine = z.infer<typeof machineSchema>;
type AnyState = Machine['States'][string];
type State = Readonly<Record<string, unknown>>;

/** A definition that the interpreter runs as Step Functions would run the original. */
export interface LoadedDefinition {
  readonly definition: StateMachineDefinition;
  /** Whether a task waits for its token, by the state's name. */
  readonly tasks: ReadonlyMap<string, boolean>;
  /** Names of the states; what the context object holds for state n lies at `$$.In.s<n>`. */
  readonly states: readonly string[];
}

/**
 * Reads a definition (JSON text) and rewrites what the interpreter does otherwise than Step Functions: it knows no
 * `$$.State`, reads a timeout from what Parameters made instead of the state's input, and gives a task 60 seconds.
 * @throws AwsError InvalidDefinition, naming every fault and every feature that does not run on this machine
 */
export function loadDefinition(text: string): LoadedDefinition {
  const machine = parseMachine(text);
  const states = Object.entries(machine.States).flatMap(([name, state]) => [[name, state] as const, ...within(state)]);
  const faults = states.flatMap(([name, state]) => contextFaults(name, state));
  if (faults.length > 0) throw invalid(faults.join('; '));
  const order = states.map(([name]) => name);
  const rewritten = { ...machine, States: rewriteAll(machine.States, order) };
  if (!isDefinition(rewritten)) throw invalid('StartAt names no state');
  const tasks = states.flatMap(([name, state]) =>
    state.Type === 'Task' ? [[name, state.Resource === INVOKE_AND_WAIT] as const] : [],
  );
  return { definition: rewritten, tasks: new Map(tasks), states: order };
}

/** The states of a loop. */
function within(state: AnyState): readonly (readonly [string, AnyState])[] {
  return state.Type === 'Map' ? Object.entries(state.ItemProcessor.States) : [];
}

function parseMachine(text: string): Machine {
  try {
    const parsed = machineSchema.safeParse(JSON.parse(text));
    if (!parsed.success) throw invalid(`it cannot run on this machine: ${z.prettifyError(parsed.error)}`);
    if (!isDefinition(parsed.data)) throw invalid('StartAt names no state');
    // The interpreter's own validator knows the rest of the language.
    new StateMachine(parsed.data);
    return parsed.data;
  } catch (error) {
    throw error instanceof AwsError ? error : invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(fault: string): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${fault}'`);
}

/** The interpreter's own type; its validator and the rules of this file have the last word on the content. */
function isDefinition(machine: {
  readonly StartAt: string;
  readonly States: object;
}): machine is StateMachineDefinition {
  return Object.hasOwn(machine.States, machine.StartAt);
}

function contextFaults(
  name: string,
  { Parameters = {}, ItemSelector = {}, ItemProcessor: _states, ...own }: State,
): readonly string[] {
  const items = JSON.stringify(ItemSelector).match(/\$\$[\w.]*/g) ?? [];
  const paths = [
    ...(JSON.stringify([own, Parameters]).match(/\$\$[\w.]*/g) ?? []),
    ...items.filter((path) => !ITEM.test(path)),
  ];
  const waits = own['Resource'] === INVOKE_AND_WAIT;
  const reads = JSON.stringify(Parameters).includes(TOKEN);
  return [
    ...paths.filter((path) => !CONTEXT.test(path)).map((path) => `there is no ${path} for state ${name}`),
    ...(waits !== reads || JSON.stringify(own).includes(TOKEN)
      ? [`${TOKEN} must be read by Parameters of a task that waits for it, and nowhere else: state ${name}`]
      : []),
  ];
}

function rewriteAll(states: Machine['States'], order: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      if (state.Type !== 'Map') return [name, rewrite(state, order.indexOf(name))];
      const { ItemProcessor, ...loop } = state;
      const { ProcessorConfig: _mode, ...processor } = ItemProcessor;
      return [
        name,
        {
          ...record(rewrite(loop, order.indexOf(name))),
          ItemProcessor: { ...processor, States: rewriteAll(processor.States, order) },
        },
      ];
    }),
  );
}

function record(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(value);
}

function rewrite(state: State, index: number): unknown {
  // The interpreter takes a result path of $ for a member of that name.
  const text = JSON.stringify(state, (key, value) => (key === 'ResultPath' && value === '$' ? undefined : value));
  const {
    TimeoutSeconds = MAX_EXECUTION_SECONDS,
    TimeoutSecondsPath,
    Parameters,
    ...rest
  } = z.record(z.string(), z.unknown()).parse(JSON.parse(text.replaceAll('$$.State.', () => `$$.In.s${index}.`)));
  if (state['Type'] !== 'Task') return Parameters === undefined ? rest : { ...rest, Parameters };
  const timeout =
    TimeoutSecondsPath === undefined ? { timeoutSeconds: TimeoutSeconds } : { 'timeoutSeconds.$': TimeoutSecondsPath };
  return { ...rest, Parameters: { call: Parameters, ...timeout }, TimeoutSecondsPath: '$.timeoutSeconds' };
}
