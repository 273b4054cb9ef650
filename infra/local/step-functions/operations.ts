import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { AwsError, type Service, type ServiceRequest } from '../service.ts';
import type { ExecutionRecord, Executions, StateMachineRecord } from './executions.ts';
import { MAX_DATA_BYTES } from './lambda-task.ts';

const TARGET = 'AWSStepFunctions.';
const ERROR_LENGTH = 256;
const CAUSE_LENGTH = 32_768;
/** No white space, brackets, wildcards, quotes, other special characters or control characters. */
const FORBIDDEN_IN_NAMES = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

export interface StepFunctionsState {
  readonly machines: ReadonlyMap<string, StateMachineRecord>;
  /** Alias ARN to version ARN. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly executions: Executions;
}

type Authorize = ServiceRequest['authorize'];
type Operation = (members: Record<string, unknown>, authorize: Authorize) => unknown;
interface StartInput {
  readonly stateMachineArn: string;
  readonly input: string;
  readonly name: string;
}

export interface StepFunctionsOperations {
  readonly handle: Service['handle'];
  /** @throws AwsError InvalidName, InvalidExecutionInput, ExecutionAlreadyExists, StateMachineDoesNotExist */
  start(input: StartInput): ExecutionRecord;
}

/** The operations of the API (AWS JSON 1.0) on the state. */
export function createOperations(state: StepFunctionsState): StepFunctionsOperations {
  const operations: Record<string, Operation> = {
    ...executionOperations(state),
    ...listOperations(state),
    ...taskOperations(state),
    ...machineOperations(state),
  };
  return {
    start: (input) => startOnce(state, input),
    handle: async ({ headers, body, authorize }) => {
      const name = headers['x-amz-target']?.replace(TARGET, '') ?? '';
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (operation === undefined) throw new AwsError('UnknownOperationException', `Unknown operation: ${name}`);
      const answer = await operation(parseMembers(body), authorize);
      const contentType = { 'content-type': 'application/x-amz-json-1.0' };
      return { status: 200, headers: contentType, body: JSON.stringify(answer) };
    },
  };
}

function parseMembers(body: Buffer): Record<string, unknown> {
  const text = body.length === 0 ? '{}' : body.toString('utf8');
  if (!isJson(text)) throw new AwsError('SerializationException', 'The request is not JSON.');
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
}

function read<T>(schema: z.ZodType<T>, members: Record<string, unknown>): T {
  const parsed = schema.safeParse(members);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `Value at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`,
  );
  throw new AwsError('ValidationException', `${faults.length} validation error detected: ${faults.join('; ')}`);
}

const Page = { maxResults: z.int().min(0).max(1000).default(100), nextToken: z.string().optional() };
const ExecutionRef = z.object({ executionArn: z.string().max(256) });
const MachineRef = z.object({ stateMachineArn: z.string().max(256), ...Page });
const jsonText = z.string().refine((text) => Buffer.byteLength(text) <= MAX_DATA_BYTES, {
  message: `Member must have length less than or equal to ${MAX_DATA_BYTES}`,
});
const StartSchema = z.object({
  stateMachineArn: z.string().max(256),
  name: z.string().min(1).max(80).optional(),
  input: jsonText.default('{}'),
});
const StopSchema = z.object({
  executionArn: z.string().max(256),
  error: z.string().max(ERROR_LENGTH).optional(),
  cause: z.string().max(CAUSE_LENGTH).optional(),
});
const ListSchema = z.object({ ...MachineRef.shape, statusFilter: z.string().optional() });
const HistorySchema = z.object({ ...ExecutionRef.shape, ...Page, reverseOrder: z.boolean().default(false) });
const token = z.string().min(1).max(2048);
const SuccessSchema = z.object({ taskToken: token, output: jsonText });
const FailureSchema = z.object({
  taskToken: token,
  error: z.string().max(ERROR_LENGTH).default('States.TaskFailed'),
  cause: z.string().max(CAUSE_LENGTH).default(''),
});

function executionOperations(state: StepFunctionsState): Record<string, Operation> {
  return {
    StartExecution: (members, authorize) => {
      const { stateMachineArn, name = randomUUID(), input } = read(StartSchema, members);
      authorize('states:StartExecution', [unqualified(stateMachineArn)]);
      const { executionArn, startDate } = startOnce(state, { stateMachineArn, input, name });
      return { executionArn, startDate: startDate / 1000 };
    },
    StopExecution: async (members, authorize) => {
      const { executionArn, error, cause } = read(StopSchema, members);
      authorize('states:StopExecution', [executionArn]);
      return { stopDate: dates(await state.executions.abort(executionArn, error, cause)).stopDate };
    },
    DescribeExecution: (members, authorize) => {
      const { executionArn } = read(ExecutionRef, members);
      authorize('states:DescribeExecution', [executionArn]);
      const { history: _, ...record } = executionOf(state, executionArn);
      const details = { inputDetails: { included: true }, ...(record.output && { outputDetails: { included: true } }) };
      return { ...record, ...details, ...dates(record), redriveCount: 0 };
    },
  };
}

/** What is read of executions. */
function listOperations(state: StepFunctionsState): Record<string, Operation> {
  return {
    DescribeStateMachineForExecution: (members, authorize) => {
      const { executionArn } = read(ExecutionRef, members);
      authorize('states:DescribeStateMachineForExecution', [executionArn]);
      const { arn, createdAt, ...machine } = machineOf(state, executionOf(state, executionArn).stateMachineArn).machine;
      return { ...described(machine), stateMachineArn: arn, updateDate: createdAt.getTime() / 1000 };
    },
    GetExecutionHistory: (members, authorize) => {
      const { executionArn, reverseOrder, ...page } = read(HistorySchema, members);
      authorize('states:GetExecutionHistory', [executionArn]);
      const { history } = executionOf(state, executionArn);
      return paged('events', reverseOrder ? history.toReversed() : history, page);
    },
    ListExecutions: (members, authorize) => {
      const { stateMachineArn, statusFilter, ...page } = read(ListSchema, members);
      authorize('states:ListExecutions', [unqualified(stateMachineArn)]);
      machineOf(state, stateMachineArn);
      const ours = (record: ExecutionRecord): boolean =>
        [record.stateMachineArn, record.stateMachineAliasArn, record.stateMachineVersionArn].includes(
          stateMachineArn,
        ) &&
        (statusFilter === undefined || record.status === statusFilter);
      const newestFirst = [...state.executions.records.values()].filter(ours).reverse();
      const items = newestFirst.map(({ history: _, input, output, error, cause, ...r }) => ({ ...r, ...dates(r) }));
      return paged('executions', items, page);
    },
  };
}

/** Callbacks are authorized on the machine that waits. A token that nothing waits for concerns no resource. */
function taskOperations({ executions: { tokens } }: StepFunctionsState): Record<string, Operation> {
  return {
    SendTaskSuccess: (members, authorize) => {
      const { taskToken, output } = read(SuccessSchema, members);
      authorize('states:SendTaskSuccess', [tokens.stateMachineOf(taskToken)]);
      if (!isJson(output)) throw new AwsError('InvalidOutput', `Invalid Output: '${output.slice(0, 100)}'`);
      tokens.answer(taskToken, { output: JSON.parse(output) });
      return {};
    },
    SendTaskFailure: (members, authorize) => {
      const { taskToken, error, cause } = read(FailureSchema, members);
      authorize('states:SendTaskFailure', [tokens.stateMachineOf(taskToken)]);
      tokens.answer(taskToken, { error, cause });
      return {};
    },
    SendTaskHeartbeat: (members, authorize) => {
      const { taskToken } = read(z.object({ taskToken: token }), members);
      authorize('states:SendTaskHeartbeat', [tokens.stateMachineOf(taskToken)]);
      return {};
    },
  };
}

function machineOperations(state: StepFunctionsState): Record<string, Operation> {
  const machineRead = (action: string, members: Record<string, unknown>, authorize: Authorize) => {
    const { stateMachineArn, ...page } = read(MachineRef, members);
    authorize(`states:${action}`, [unqualified(stateMachineArn)]);
    const { machine } = machineOf(state, stateMachineArn);
    return { stateMachineArn, machine, page, creationDate: machine.createdAt.getTime() / 1000 };
  };
  return {
    ListStateMachines: (members, authorize) => {
      authorize('states:ListStateMachines', ['*']);
      const machines = [...state.machines.values()].map(({ arn, name, createdAt }) => ({
        ...{ stateMachineArn: arn, name, type: 'STANDARD', creationDate: createdAt.getTime() / 1000 },
      }));
      return paged('stateMachines', machines, read(z.object(Page), members));
    },
    DescribeStateMachine: (members, authorize) => {
      const { stateMachineArn, machine, creationDate } = machineRead('DescribeStateMachine', members, authorize);
      return { ...described(machine), stateMachineArn, status: 'ACTIVE', type: 'STANDARD', creationDate };
    },
    ListStateMachineVersions: (members, authorize) => {
      const { machine, page, creationDate } = machineRead('ListStateMachineVersions', members, authorize);
      const versions = machine.versions.map((stateMachineVersionArn) => ({ stateMachineVersionArn, creationDate }));
      return paged('stateMachineVersions', versions.reverse(), page);
    },
    ListStateMachineAliases: (members, authorize) => {
      const { machine, page, creationDate } = machineRead('ListStateMachineAliases', members, authorize);
      const arns = [...state.aliases.keys()].filter((arn) => unqualified(arn) === machine.arn);
      const aliases = arns.map((stateMachineAliasArn) => ({ stateMachineAliasArn, creationDate }));
      return paged('stateMachineAliases', aliases, page);
    },
  };
}

function startOnce(state: StepFunctionsState, { stateMachineArn, input, name }: StartInput): ExecutionRecord {
  const { machine, ...qualifier } = machineOf(state, stateMachineArn);
  if (name.length > 80 || FORBIDDEN_IN_NAMES.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  if (!isJson(input)) {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${input.slice(0, 100)}' is not JSON`,
    );
  }
  const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
  const existing = state.executions.records.get(executionArn);
  if (existing === undefined) return state.executions.start({ machine, name, input, ...qualifier });
  if (existing.status === 'RUNNING' && existing.input === input) return existing;
  throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
}

interface QualifiedMachine {
  readonly machine: StateMachineRecord;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
}

function machineOf(state: StepFunctionsState, arn: string): QualifiedMachine {
  if (!/^arn:aws:states:[\w-]+:\d{12}:stateMachine:[^:]+(:[\w-]+)?$/.test(arn)) {
    throw new AwsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${arn}'`);
  }
  const machine = state.machines.get(unqualified(arn));
  const version = state.aliases.get(arn);
  if (machine !== undefined && arn === machine.arn) return { machine };
  if (machine !== undefined && version !== undefined)
    return { machine, stateMachineAliasArn: arn, stateMachineVersionArn: version };
  if (machine?.versions.includes(arn)) return { machine, stateMachineVersionArn: arn };
  throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}

function executionOf(state: StepFunctionsState, arn: string): ExecutionRecord {
  const record = state.executions.records.get(arn);
  if (record !== undefined) return record;
  if (!/^arn:aws:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+$/.test(arn))
    throw new AwsError('InvalidArn', `Invalid Arn: '${arn}'`);
  throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
}

function described({ name, definition, roleArn }: Pick<StateMachineRecord, 'name' | 'definition' | 'roleArn'>) {
  return { name, definition, roleArn };
}

/** The ARN of the machine itself: policies name it, whatever version or alias is asked for. */
function unqualified(stateMachineArn: string): string {
  return stateMachineArn.split(':').slice(0, 7).join(':');
}

function dates({ startDate, stopDate }: { readonly startDate: number; readonly stopDate?: number }) {
  return { startDate: startDate / 1000, ...(stopDate !== undefined && { stopDate: stopDate / 1000 }) };
}

function paged(
  member: string,
  items: readonly unknown[],
  page: { readonly maxResults: number; readonly nextToken?: string | undefined },
) {
  const start = Number(page.nextToken ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new AwsError('InvalidToken', `Invalid Token: '${page.nextToken}'`);
  const end = start + (page.maxResults === 0 ? 100 : page.maxResults);
  return { [member]: items.slice(start, end), ...(end < items.length && { nextToken: String(end) }) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
