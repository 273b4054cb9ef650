import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type JsonOperation, operation } from '../gateway/json-service.ts';
import { AwsError } from '../service.ts';
import type { ExecutionRecord, Executions, StateMachineRecord } from './executions.ts';
import { MAX_DATA_BYTES } from './lambda-task.ts';

/** No white space, brackets, wildcards, quotes, other special characters or control characters. */
const FORBIDDEN_IN_NAMES = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

export interface StepFunctionsState {
  readonly machines: ReadonlyMap<string, StateMachineRecord>;
  /** Alias ARN to version ARN. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly executions: Executions;
}

interface StartInput {
  readonly stateMachineArn: string;
  readonly input: string;
  readonly name: string;
}

const arn = z.string().max(256);
const executionRef = z.object({ executionArn: arn });
const pageSchema = z.object({ maxResults: z.int().min(0).max(1000).default(0), nextToken: z.string().optional() });
const jsonText = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_DATA_BYTES, `is longer than ${MAX_DATA_BYTES} bytes`);
const startSchema = z.object({
  stateMachineArn: arn,
  name: z.string().min(1).max(80).optional(),
  input: jsonText.default('{}'),
});
const failure = { error: z.string().max(256).optional(), cause: z.string().max(32_768).optional() };
const stopSchema = executionRef.extend(failure);
const listSchema = pageSchema.extend({ stateMachineArn: arn, statusFilter: z.string().optional() });
const historySchema = pageSchema.extend({ executionArn: arn, reverseOrder: z.boolean().default(false) });
const tokenRef = z.object({ taskToken: z.string().min(1).max(2048) });

/** The operations of the API on the state. */
export function createOperations(state: StepFunctionsState): Readonly<Record<string, JsonOperation>> {
  return { ...executionOperations(state), ...listOperations(state), ...taskOperations(state) };
}

function executionOperations(state: StepFunctionsState): Record<string, JsonOperation> {
  return {
    StartExecution: operation(startSchema, ({ stateMachineArn, name = randomUUID(), input }, authorize) => {
      authorize('states:StartExecution', [unqualified(stateMachineArn)]);
      const { executionArn, startDate } = startOnce(state, { stateMachineArn, input, name });
      return { executionArn, startDate: startDate / 1000 };
    }),
    StopExecution: operation(stopSchema, async ({ executionArn, error, cause }, authorize) => {
      authorize('states:StopExecution', [executionArn]);
      await state.executions.abort(executionArn, error, cause);
      return { stopDate: dates(executionOf(state, executionArn)).stopDate };
    }),
    DescribeExecution: operation(executionRef, ({ executionArn }, authorize) => {
      authorize('states:DescribeExecution', [executionArn]);
      const { history: _, ...record } = executionOf(state, executionArn);
      const details = { inputDetails: { included: true }, ...(record.output && { outputDetails: { included: true } }) };
      return { ...record, ...details, ...dates(record), redriveCount: 0 };
    }),
  };
}

function listOperations(state: StepFunctionsState): Record<string, JsonOperation> {
  return {
    GetExecutionHistory: operation(historySchema, ({ executionArn, reverseOrder, ...page }, authorize) => {
      authorize('states:GetExecutionHistory', [executionArn]);
      const { history } = executionOf(state, executionArn);
      return paged('events', reverseOrder ? history.toReversed() : history, page);
    }),
    ListExecutions: operation(listSchema, ({ stateMachineArn: wanted, statusFilter, ...page }, authorize) => {
      authorize('states:ListExecutions', [unqualified(wanted)]);
      machineOf(state, wanted);
      const ours = (record: ExecutionRecord): boolean =>
        [record.stateMachineArn, record.stateMachineAliasArn, record.stateMachineVersionArn].includes(wanted) &&
        (statusFilter ?? record.status) === record.status;
      const newestFirst = [...state.executions.records.values()].filter(ours).reverse();
      const items = newestFirst.map(({ history: _, input, output, error, cause, ...r }) => ({ ...r, ...dates(r) }));
      return paged('executions', items, page);
    }),
    ListStateMachines: operation(pageSchema, (page, authorize) => {
      authorize('states:ListStateMachines', ['*']);
      const machines = [...state.machines.values()].map(({ arn: stateMachineArn, name, createdAt }) => ({
        ...{ stateMachineArn, name, type: 'STANDARD', creationDate: createdAt.getTime() / 1000 },
      }));
      return paged('stateMachines', machines, page);
    }),
  };
}

/** Callbacks are authorized on the machine that waits. A token that nothing waits for concerns no resource. */
function taskOperations({ executions: { tokens } }: StepFunctionsState): Record<string, JsonOperation> {
  return {
    SendTaskSuccess: operation(tokenRef.extend({ output: jsonText }), ({ taskToken, output }, authorize) => {
      authorize('states:SendTaskSuccess', [tokens.stateMachineOf(taskToken)]);
      if (!isJson(output)) throw new AwsError('InvalidOutput', `Invalid Output: '${output.slice(0, 100)}'`);
      tokens.answer(taskToken, { output: JSON.parse(output) });
      return {};
    }),
    SendTaskFailure: operation(tokenRef.extend(failure), ({ taskToken, error, cause }, authorize) => {
      authorize('states:SendTaskFailure', [tokens.stateMachineOf(taskToken)]);
      tokens.answer(taskToken, { error: error ?? 'States.TaskFailed', cause: cause ?? '' });
      return {};
    }),
    SendTaskHeartbeat: operation(tokenRef, ({ taskToken }, authorize) => {
      authorize('states:SendTaskHeartbeat', [tokens.stateMachineOf(taskToken)]);
      return {};
    }),
  };
}

/**
 * Starts an execution unless the same one runs already.
 * @throws AwsError InvalidName, InvalidExecutionInput, ExecutionAlreadyExists, StateMachineDoesNotExist
 */
export function startOnce(state: StepFunctionsState, { stateMachineArn, input, name }: StartInput): ExecutionRecord {
  const { machine, ...qualifier } = machineOf(state, stateMachineArn);
  if (name.length > 80 || FORBIDDEN_IN_NAMES.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  if (!isJson(input)) {
    const message = `Invalid State Machine Execution Input: '${input.slice(0, 100)}' is not JSON`;
    throw new AwsError('InvalidExecutionInput', message);
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

function machineOf(state: StepFunctionsState, wanted: string): QualifiedMachine {
  if (!/^arn:aws:states:[\w-]+:\d{12}:stateMachine:[^:]+(:[\w-]+)?$/.test(wanted)) {
    throw new AwsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${wanted}'`);
  }
  const machine = state.machines.get(unqualified(wanted));
  const version = state.aliases.get(wanted);
  if (machine?.arn === wanted) return { machine };
  if (machine !== undefined && version !== undefined) {
    return { machine, stateMachineAliasArn: wanted, stateMachineVersionArn: version };
  }
  if (machine?.versions.includes(wanted)) return { machine, stateMachineVersionArn: wanted };
  throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${wanted}'`);
}

function executionOf(state: StepFunctionsState, wanted: string): ExecutionRecord {
  const record = state.executions.records.get(wanted);
  if (record !== undefined) return record;
  if (/^arn:aws:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+$/.test(wanted)) {
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${wanted}'`);
  }
  throw new AwsError('InvalidArn', `Invalid Arn: '${wanted}'`);
}

/** The ARN of the machine itself: policies name it, whatever version or alias is asked for. */
function unqualified(stateMachineArn: string): string {
  return stateMachineArn.split(':').slice(0, 7).join(':');
}

function dates({ startDate, stopDate }: { readonly startDate: number; readonly stopDate?: number }) {
  return { startDate: startDate / 1000, ...(stopDate !== undefined && { stopDate: stopDate / 1000 }) };
}

function paged(member: string, items: readonly unknown[], page: z.infer<typeof pageSchema>) {
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
