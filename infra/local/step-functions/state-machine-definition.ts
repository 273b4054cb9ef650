import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import * as z from 'zod';
import { AwsError } from '../service.ts';

const MAX_DEFINITION_BYTES = 1024 * 1024;
/** A task without a timeout waits as long as an execution may last. */
const MAX_EXECUTION_SECONDS = 365 * 24 * 3600;
const WAIT_SUFFIX = '.waitForTaskToken';

const MachineSchema = z.looseObject({
  StartAt: z.string(),
  States: z.record(z.string(), z.looseObject({ Type: z.string() })),
});
type Machine = z.infer<typeof MachineSchema>;
type State = Machine['States'][string];

/** Fields of the Amazon States Language that the interpreter would ignore or get wrong. */
const UNSUPPORTED_FIELDS = [
  'Arguments',
  'Assign',
  'Credentials',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'ItemBatcher',
  'ItemReader',
  'Output',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
];

/** What a Task state runs. */
export interface TaskSpec {
  readonly kind: 'lambda:invoke' | 'function';
  readonly waitsForToken: boolean;
  /** The function, for a state that names it as its resource. */
  readonly functionArn: string;
  /** The interpreter hands over `{input, timeoutSeconds}` instead of the input alone. */
  readonly wrapped: boolean;
}

/** A definition that the interpreter runs as Step Functions would run the original. */
export interface LoadedDefinition {
  readonly definition: StateMachineDefinition;
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  /** Where a state's own part of the context object lies, by the state's name: `$$.In.<id>`. */
  readonly stateIds: ReadonlyMap<string, string>;
}

interface Loading {
  readonly maxRetryDelaySeconds: number;
  readonly tasks: Map<string, TaskSpec>;
  readonly stateIds: Map<string, string>;
  readonly faults: string[];
}

/**
 * Reads a definition (JSON text) and rewrites what the interpreter does otherwise than Step Functions: the context object
 * is the execution's own also inside Map and Parallel, a timeout is read from the state's input, and without one a task
 * waits. Retry delays are capped at `maxRetryDelaySeconds`.
 * @throws AwsError InvalidDefinition, naming every fault and every feature that does not run on this machine
 */
export function loadDefinition(text: string, maxRetryDelaySeconds = Number.POSITIVE_INFINITY): LoadedDefinition {
  if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES) throw invalid(['the definition is larger than 1 MiB']);
  const machine = parseMachine(text);
  const loading = { maxRetryDelaySeconds, tasks: new Map(), stateIds: new Map(), faults: [] };
  const definition = rewriteMachine(machine, loading);
  if (loading.faults.length > 0) throw invalid(loading.faults);
  try {
    new StateMachine(machine);
  } catch (error) {
    throw invalid([error instanceof Error ? error.message : String(error)]);
  }
  return { definition, tasks: loading.tasks, stateIds: loading.stateIds };
}

function invalid(faults: readonly string[]): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${faults.join('; ')}'`);
}

function parseMachine(text: string): Machine & StateMachineDefinition {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid([`INVALID_JSON_DESCRIPTION: ${error instanceof Error ? error.message : error}`]);
  }
  const machine = MachineSchema.safeParse(document);
  if (!machine.success) throw invalid([z.prettifyError(machine.error)]);
  if (!isDefinition(machine.data)) throw invalid(['StartAt names no state']);
  return machine.data;
}

/** The interpreter's own type; its validator and the rules of this file have the last word on the content. */
function isDefinition(machine: Machine): machine is Machine & StateMachineDefinition {
  return Object.hasOwn(machine.States, machine.StartAt);
}

function rewriteMachine(machine: Machine, loading: Loading): StateMachineDefinition {
  if (machine['QueryLanguage'] === 'JSONata') loading.faults.push('JSONata does not run on this machine, use JSONPath');
  const states = Object.entries(machine.States).map(([name, state]) => [name, rewriteState(name, state, loading)]);
  const rewritten: Machine = { ...machine, States: Object.fromEntries(states) };
  if (!isDefinition(rewritten)) throw invalid([`StartAt names no state: ${machine.StartAt}`]);
  return rewritten;
}

function rewriteState(name: string, state: State, loading: Loading): State {
  if (loading.stateIds.has(name)) loading.faults.push(`the state name ${name} is used twice`);
  loading.stateIds.set(name, `s${loading.stateIds.size}`);
  refuseUnsupported(name, state, loading.faults);
  const { Branches, ItemProcessor, Iterator: iterator, ...own } = state;
  const rewritten: State = { ...own, ...rewritePaths(own, name, loading), Type: state.Type };
  if (rewritten['ResultPath'] === '$') delete rewritten['ResultPath'];
  const nested = (value: unknown): unknown => rewriteNested(value, loading);
  if (Array.isArray(Branches)) rewritten['Branches'] = Branches.map(nested);
  const processor = ItemProcessor ?? iterator;
  if (processor !== undefined) rewritten['ItemProcessor'] = nested(processor);
  rewriteRules(rewritten, loading);
  if (state.Type === 'Task') return rewriteTask(name, rewritten, loading);
  // The interpreter takes an empty Result for none.
  if (state.Type === 'Pass' && 'Result' in state && !state['Result']) rewritten['Parameters'] = state['Result'];
  return rewritten;
}

function refuseUnsupported(name: string, state: State, faults: string[]): void {
  for (const field of UNSUPPORTED_FIELDS) {
    if (field in state) faults.push(`${field} of state ${name} does not run on this machine`);
  }
  if (state['QueryLanguage'] === 'JSONata') faults.push(`JSONata of state ${name} does not run on this machine`);
  if (JSON.stringify(state['ItemProcessor'] ?? {}).includes('"DISTRIBUTED"')) {
    faults.push(`the distributed map ${name} does not run on this machine`);
  }
  const { Parameters: parameters, Resource: resource, ...rest } = state;
  const own = { ...rest, Branches: undefined, ItemProcessor: undefined, Iterator: undefined };
  const waits = state.Type === 'Task' && typeof resource === 'string' && resource.endsWith(WAIT_SUFFIX);
  const reads = JSON.stringify(parameters ?? {}).includes('$$.Task.Token');
  if (waits && !reads) faults.push(`the task token $$.Task.Token must be passed on in Parameters of state ${name}`);
  if ((!waits && reads) || JSON.stringify(own).includes('$$.Task')) {
    faults.push(`$$.Task.Token can only be read in Parameters of a task that waits for it, not in state ${name}`);
  }
}

function rewriteNested(value: unknown, loading: Loading): unknown {
  const machine = MachineSchema.safeParse(value);
  if (machine.success) return rewriteMachine(machine.data, loading);
  loading.faults.push('a branch or iterator without StartAt and States');
  return value;
}

/** The paths into the context object, rewritten to where the execution keeps what they mean for this state. */
function rewritePaths(value: object, name: string, loading: Loading): Record<string, unknown> {
  const rewrite = (key: string, member: unknown): unknown => {
    if (typeof member === 'string') {
      return /(\.\$|Path|^Variable)$/.test(key) ? rewritePath(member, name, loading) : member;
    }
    if (Array.isArray(member)) return member.map((item) => rewrite('', item));
    return typeof member === 'object' && member !== null ? rewritePaths(member, name, loading) : member;
  };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rewrite(key, member)]));
}

function rewritePath(path: string, name: string, loading: Loading): string {
  return path.replace(/\$\$((?:\.\w+)*)/g, (whole, members: string) => {
    if (/^\.Execution(\.|$)/.test(members)) return `$$.Run${members.slice('.Execution'.length)}`;
    const own = /^\.State(\.Name|\.EnteredTime)$/.exec(members)?.[1];
    if (own !== undefined) return `$$.In.${loading.stateIds.get(name)}${own}`;
    if (/^\.(StateMachine\.(Id|Name)|Task\.Token|Map\.Item\.(Index|Value)(\..+)?)$/.test(members)) return whole;
    loading.faults.push(`${whole} in state ${name} is no part of the context object on this machine`);
    return whole;
  });
}

const RuleSchema = z.array(z.looseObject({ MaxDelaySeconds: z.number().optional() }));

function rewriteRules(state: State, loading: Loading): void {
  const retry = RuleSchema.safeParse(state['Retry']);
  if (retry.success && Number.isFinite(loading.maxRetryDelaySeconds)) {
    // The interpreter takes a cap of 0 for none.
    const cap = Math.max(loading.maxRetryDelaySeconds, 0.001);
    state['Retry'] = retry.data.map((rule) => ({
      ...rule,
      MaxDelaySeconds: Math.min(rule.MaxDelaySeconds ?? cap, cap),
    }));
  }
  const rules = RuleSchema.safeParse(state['Catch']);
  if (!rules.success) return;
  state['Catch'] = rules.data.map(({ ResultPath, ...rule }) => (ResultPath === '$' ? rule : { ...rule, ResultPath }));
}

function rewriteTask(name: string, state: State, loading: Loading): State {
  const { Resource, Parameters, TimeoutSeconds = MAX_EXECUTION_SECONDS, TimeoutSecondsPath, ...rest } = state;
  const resource = String(Resource);
  const kind = /^arn:aws:states:::lambda:invoke(\.waitForTaskToken)?$/.test(resource) ? 'lambda:invoke' : 'function';
  if (kind === 'function' && !/^arn:[^:]+:lambda:/.test(resource)) {
    loading.faults.push(`the resource ${resource} of state ${name} does not run on this machine`);
  }
  const parameters = z
    .record(z.string(), z.unknown())
    .catch({})
    .parse(Parameters ?? {});
  if (kind === 'lambda:invoke' && !('FunctionName' in parameters || 'FunctionName.$' in parameters)) {
    loading.faults.push(`state ${name} names no FunctionName in Parameters`);
  }
  if ('InvocationType' in parameters && parameters['InvocationType'] !== 'RequestResponse') {
    loading.faults.push(`InvocationType of state ${name} does not run on this machine`);
  }
  const wrapped = Parameters !== undefined || TimeoutSecondsPath !== undefined;
  loading.tasks.set(name, { kind, waitsForToken: resource.endsWith(WAIT_SUFFIX), functionArn: resource, wrapped });
  if (!wrapped) return { ...rest, Resource, TimeoutSeconds };
  // The interpreter reads TimeoutSecondsPath from what Parameters made, so the timeout travels inside.
  const timeout =
    TimeoutSecondsPath === undefined ? { timeoutSeconds: TimeoutSeconds } : { 'timeoutSeconds.$': TimeoutSecondsPath };
  const input = Parameters === undefined ? { 'input.$': '$' } : { input: Parameters };
  return { ...rest, Resource, Parameters: { ...input, ...timeout }, TimeoutSecondsPath: '$.timeoutSeconds' };
}
