import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import { kmsSigner } from '../../functions/platform/signing-store.ts';
import { AppConfigStore, type PointerPlace } from '../../functions/pointer/appconfig-store.ts';
import { type PointerDocument, verifyDocument } from '../../functions/pointer/document.ts';
import { parseServed } from '../../functions/pointer/flag.ts';
import { ModelEnvironmentStore } from '../../functions/pointer/model-environment-store.ts';
import { ServedPointerStore } from '../../functions/rollback/served-pointer-store.ts';
import { ReleaseStage, type StageAppConfig } from '../fakes/release-stage.ts';
import type { Scene } from '../fakes/scene.ts';
import type { Tables } from '../fakes/tables.ts';
import { createTestKey } from '../fakes/test-key.ts';

/** A shadow or a first canary step beside production; null: no promotion is under way. */
export type Beside = 'shadow' | 'canary' | null;

export interface Measured {
  readonly beside: Beside;
  /** From the request until the data plane serves the previous version, and until the polling reader does. */
  readonly planeMs: number;
  readonly readerMs: number;
  /** Calls of AWS that the function made until it had moved the pointer; those of the ledger's intent apart. */
  readonly calls: readonly string[];
  readonly intentCalls: number;
  /** States that the execution had entered by then. */
  readonly states: number;
}

interface Call {
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
}

const MOVES = /^POST .*\/deployments\/?$/;
const PAUSE_MS = 20;
const PATIENCE_MS = 60_000;

/** A model of the stack on this machine whose versions are promoted by the steps alone, without the gates' evidence. */
export class BenchModel {
  readonly model: string;
  readonly stage: ReleaseStage;
  readonly reader: PointerReader;
  #round = 0;
  /** Requests that come all the time: a reader looks only when it is asked. */
  #use: NodeJS.Timeout | undefined;

  constructor(stand: BenchStand, model: string, place: PointerPlace) {
    this.model = model;
    const appConfig = new StackAppConfig(stand, model, place);
    this.stage = new ReleaseStage(stand.tables, model, {
      appConfig,
      applicationId: stand.applicationId,
      strategyId: stand.strategyId,
      signing: { sign: stand.sign, publicKeyPem: stand.scene.publicKey },
      now: () => new Date().toISOString(),
    });
    // As inference reads it, with its own poll.
    this.reader = new PointerReader({
      client: stand.scene.stack.clients.appConfigData,
      application: stand.applicationId,
      model,
      publicKeyPem: stand.scene.publicKey,
      copyFolder: null,
    });
  }

  /** Has a version serve that can be gone back from, in the middle of a candidate's promotion if that is asked for. */
  async prepare(beside: Beside): Promise<{ readonly from: string; readonly to: string }> {
    if (this.#round === 0) {
      await this.stage.onboard();
      await this.stage.promote('1.0');
    }
    this.#round += 1;
    const from = `2.${this.#round}`;
    await this.stage.promote(from);
    if (beside === 'shadow') await this.stage.shadowed(`3.${this.#round}`);
    if (beside === 'canary') await this.stage.canaried(`3.${this.#round}`);
    // Until it looks again it goes by what it saw last, which may be the version of the round before.
    this.#use ??= setInterval(() => void this.reader.current(), PAUSE_MS);
    await until(performance.now(), async () => (await this.reader.current()).document.productionVersion === from);
    return { from, to: '1.0' };
  }

  stop(): void {
    clearInterval(this.#use);
  }
}

class StackAppConfig extends AppConfigStore implements StageAppConfig {
  readonly place: PointerPlace;
  readonly #stand: BenchStand;
  readonly #model: string;

  constructor(stand: BenchStand, model: string, place: PointerPlace) {
    super(stand.appConfig, stand.applicationId);
    this.#stand = stand;
    this.#model = model;
    this.place = place;
  }

  served(): Promise<Uint8Array> {
    return this.#stand.served.served(this.#model);
  }

  async liveDocument(): Promise<PointerDocument | null> {
    const { live } = await this.deployedState(this.place);
    return live === null ? null : this.#stand.document(this.#model);
  }
}

/** What rollbacks are measured on: the stack on this machine, its clients, and the calls that its functions make. */
export class BenchStand {
  readonly scene: Scene;
  readonly appConfig: AppConfigClient;
  readonly applicationId: string;
  readonly strategyId: string;
  readonly served: ServedPointerStore;
  readonly sign: ReturnType<typeof kmsSigner>;
  readonly tables: Tables;
  #calls: Call[] = [];

  constructor(scene: Scene) {
    this.scene = scene;
    // No output names these; the functions have them. What a step may do, its function may.
    const { environment } = scene.stack.platform.functions.find('ModelRelease-move-pointer');
    // A connection that was kept too long may be closed under a call: that is none of what is measured.
    const mover = { ...scene.clientSettings('move-pointer'), maxAttempts: 4 };
    this.appConfig = new AppConfigClient(mover);
    this.applicationId = scene.output('AppConfigApplicationId');
    this.strategyId = environment['INSTANT_STRATEGY_ID'] ?? '';
    this.served = new ServedPointerStore(scene.stack.clients.appConfigData, this.applicationId);
    this.sign = kmsSigner(new KMSClient(mover), scene.output('SigningKeyArn'));
    const ledger = scene.output('LedgerTableName');
    const gatekeeper = { ...scene.clientSettings('read-gate'), maxAttempts: 4 };
    const signEntry = kmsSigner(new KMSClient(gatekeeper), scene.output('LedgerKeyArn'));
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(gatekeeper), {
      marshallOptions: { removeUndefinedValues: true },
    });
    this.tables = {
      client,
      registry: scene.output('RegistryTableName'),
      ledger,
      approvals: environment['APPROVALS_TABLE'] ?? '',
      key: createTestKey(),
      openLedger: () => new DynamoLedger({ client, table: ledger, sign: signEntry }),
      stop: async () => {},
      get engine(): never {
        throw new Error('The tables are those of the stack.');
      },
    };
    scene.stack.platform.intercept((call) => {
      this.#calls.push(call);
    });
  }

  async model(name: string): Promise<BenchModel> {
    return new BenchModel(
      this,
      name,
      await new ModelEnvironmentStore(
        new AppConfigClient({ ...this.scene.clientSettings('apply-change'), maxAttempts: 4 }),
        this.applicationId,
      ).ensure(name),
    );
  }

  /** What a reader that starts now would go by. */
  async document(model: string): Promise<PointerDocument | null> {
    const parsed = parseServed(await this.served.served(model));
    return parsed.ok && verifyDocument(this.scene.publicKey, model, parsed.value) ? parsed.value : null;
  }

  /** Rolls a model back by the machine, as anybody would, and measures; the reader is waited for by `readerMs`. */
  async measure(one: BenchModel, beside: Beside, at: { readonly from: string; readonly to: string }) {
    const { sfn } = this.scene.stack.clients;
    const { model } = one;
    this.#calls = [];
    const start = performance.now();
    const input = { model, cause: 'safety', withdrawVersion: at.from, requestedBy: 'system:bench' };
    const begun = sfn.send(
      new StartExecutionCommand({
        stateMachineArn: this.scene.output('RollbackStateMachineArn'),
        name: `bench-${model}-${at.from.replaceAll('.', '-')}`,
        input: JSON.stringify(input),
      }),
    );
    const reader = until(start, async () => (await one.reader.current()).document.productionVersion === at.to);
    const planeMs = await until(start, async () => (await this.document(model))?.productionVersion === at.to);
    const { executionArn = '' } = await begun;
    // The function that moved the pointer goes on reading for the ledger: the next one begins when it is done.
    await until(start, async () => (await this.#statesUntilMoved(executionArn)) !== null);
    const made = this.#calls.filter(({ caller }) => caller === 'roll-back');
    const moved = made.findIndex(({ operation }) => MOVES.test(operation));
    const before = made.slice(0, moved + 1);
    // The query of the registry comes first; what else goes to the tables or the key before the pointer moves is the intent.
    const isIntent = ({ service }: Call, index: number) => index > 0 && service !== 'appconfig';
    const calls = before.filter((call, index) => !isIntent(call, index)).map(({ operation }) => operation);
    return {
      beside,
      planeMs,
      calls,
      intentCalls: before.length - calls.length,
      reader,
      executionArn,
    };
  }

  /** How an execution ended, and the states that it had entered before the function that moves the pointer was done. */
  async ended(executionArn: string): Promise<{ readonly status: string; readonly states: number }> {
    const { sfn } = this.scene.stack.clients;
    let status = 'RUNNING';
    while (status === 'RUNNING') {
      status = (await sfn.send(new DescribeExecutionCommand({ executionArn }))).status ?? '';
      if (status === 'RUNNING') await pause(100);
    }
    return { status, states: (await this.#statesUntilMoved(executionArn)) ?? 0 };
  }

  /** States that an execution entered before the function that moves the pointer was done; null while it is not. */
  async #statesUntilMoved(executionArn: string): Promise<number | null> {
    const asked = new GetExecutionHistoryCommand({ executionArn });
    const { events = [] } = await this.scene.stack.clients.sfn.send(asked);
    const done = events.findIndex(({ type }) => type === 'TaskStateExited');
    return done < 0 ? null : events.slice(0, done).filter(({ type }) => type?.endsWith('StateEntered')).length;
  }
}

async function until(start: number, holds: () => Promise<boolean>): Promise<number> {
  while (performance.now() - start < PATIENCE_MS) {
    if (await holds()) return performance.now() - start;
    await pause(PAUSE_MS);
  }
  throw new Error('It was not so within a minute.');
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
