import type { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import type { JsonObject } from '../../platform/json.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { modelIn } from '../../registry/registration.ts';
import { type CompleteRollback, completeRollback } from './complete-rollback.ts';

const jsonObject = z.custom<JsonObject>((value) => z.record(z.string(), z.json()).safeParse(value).success);

/** Executions of the rollback machine, by their names. */
export class RollbackExecutions {
  readonly #executions: ExecutionStore;
  /** ARN of the alias by which it is started. */
  readonly #aliasArn: string;

  constructor(client: SFNClient, aliasArn: string) {
    this.#executions = new ExecutionStore(client);
    this.#aliasArn = aliasArn;
  }

  async exists(executionName: string): Promise<boolean> {
    return (await this.#executions.status(this.#arnOf(executionName))) !== 'MISSING';
  }

  /** Models of which a rollback runs. */
  async models(): Promise<ReadonlySet<string>> {
    const running = await this.#executions.running(this.#machineArn());
    const inputs = await Promise.all(running.map((executionArn) => this.#executions.input(executionArn)));
    return new Set(inputs.map(modelIn).filter((model) => model !== null));
  }

  /** Has a rollback recorded that was not; safe to repeat. */
  readonly complete: CompleteRollback = (rollback, seen) => {
    const ports = {
      arnOf: (name: string) => this.#arnOf(name),
      status: (arn: string) => this.#executions.status(arn),
      inputOf: async (arn: string) => jsonObject.safeParse(await this.#executions.input(arn)).data ?? null,
      start: (name: string, input: JsonObject) => this.#executions.start(this.#aliasArn, name, input),
    };
    return completeRollback(ports, rollback, seen);
  };

  #machineArn(): string {
    return this.#aliasArn.split(':').slice(0, 7).join(':');
  }

  #arnOf(executionName: string): string {
    return `${this.#machineArn().replace(':stateMachine:', ':execution:')}:${executionName}`;
  }
}
