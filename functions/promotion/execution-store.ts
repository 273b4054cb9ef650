import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { JsonObject } from '../platform/json.ts';
import type { ExecutionStatus } from './dead-promotion.ts';

/** Executions of our state machines, as Step Functions knows them. */
export class ExecutionStore {
  readonly #client: SFNClient;

  constructor(client: SFNClient) {
    this.#client = client;
  }

  /** `MISSING` when Step Functions knows no execution of that ARN, or none any more. */
  async status(executionArn: string): Promise<ExecutionStatus> {
    try {
      const { status } = await this.#client.send(new DescribeExecutionCommand({ executionArn }));
      return status ?? 'MISSING';
    } catch (error) {
      if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return 'MISSING';
      throw error;
    }
  }

  /** The input of an execution, parsed; null when Step Functions knows no execution of that ARN, or none any more. */
  async input(executionArn: string): Promise<unknown> {
    try {
      const { input } = await this.#client.send(new DescribeExecutionCommand({ executionArn }));
      return input === undefined ? null : JSON.parse(input);
    } catch (error) {
      if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return null;
      throw error;
    }
  }

  /** ARNs of the executions of a machine that run. */
  async running(stateMachineArn: string): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new ListExecutionsCommand({
          stateMachineArn,
          statusFilter: 'RUNNING',
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      );
      arns.push(...(page.executions ?? []).map(({ executionArn }) => executionArn ?? ''));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return arns;
  }

  /** Starts an execution, once under its name. */
  async start(stateMachineArn: string, name: string, input: JsonObject): Promise<void> {
    try {
      await this.#client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
    } catch (error) {
      if (error instanceof Error && error.name === 'ExecutionAlreadyExists') return;
      throw error;
    }
  }

  /** Stops an execution; one that no longer runs stays as it is. */
  async stop(executionArn: string, error: string, cause: string): Promise<void> {
    try {
      await this.#client.send(new StopExecutionCommand({ executionArn, error, cause }));
    } catch (failure) {
      if (failure instanceof Error && failure.name === 'ExecutionDoesNotExist') return;
      throw failure;
    }
  }
}
