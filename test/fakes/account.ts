import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import type { DynamoDbDatabase } from '../../infra/local/dynamodb-engine.ts';
import { errorResponse, PROTOCOLS } from '../../infra/local/gateway/protocol.ts';
import { createS3, type S3 } from '../../infra/local/s3/s3.ts';
import { AwsError, type Service, type ServiceRequest, type ServiceResponse } from '../../infra/local/service.ts';
import { SERVICE_FAULTS, type ServiceName, THROTTLES } from './account-faults.ts';
import {
  createExecutions,
  createFunctions,
  createMail,
  type Executions,
  type Functions,
  type Mail,
} from './account-services.ts';
import { DynamoTables } from './account-tables.ts';
import { sharedDatabase } from './shared-database.ts';

/**
 * How one call of AWS fails. `throttled` and `failed` (5xx) have no effect; `unanswered` took effect, and its answer was
 * lost; `repeated` took effect, and the SDK sent it once more; after `killed` it took effect, and the process is gone.
 */
export const FAULTS = ['throttled', 'failed', 'unanswered', 'repeated', 'killed'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Cut {
  /** The n-th call of a step, from 1. */
  readonly at: number;
  readonly how: Fault;
}

/** A service that fails as long as a step runs. */
export interface Outage {
  readonly down: readonly ServiceName[];
}

/** One call as it was sent. */
export interface SentCall {
  readonly service: ServiceName;
  readonly operation: string;
  /** It asks and changes nothing. */
  readonly reads: boolean;
}

interface Session {
  readonly cut: Cut | Outage | undefined;
  readonly sent: SentCall[];
  /** Ends the step, as a lost process would. */
  readonly kill: () => void;
}

export interface Played<R> {
  readonly outcome: R | Error;
  readonly sent: readonly SentCall[];
}

/** The vouching extension's function, and the application that it guards. */
export const VOUCH_ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:vouch';
export const applicationArn = (id: string): string => `arn:aws:appconfig:eu-west-1:000000000000:application/${id}`;

export type Vouch = (event: unknown) => Promise<unknown>;

/** What the process was asked to do when it was lost. */
export class Killed extends Error {
  override readonly name = 'Lambda.Unknown';
}

/**
 * The services that promotion and rollback call, in this process, behind the real clients of the SDK: each call of a step
 * can be made to fail, and everything can be put back to where it was before the step.
 */
export class Account {
  readonly bucket = 'evidence';
  readonly tables: DynamoTables;
  readonly executions: Executions = createExecutions();
  readonly mail: Mail = createMail();
  readonly functions: Functions = createFunctions();
  readonly #kms: Service;
  /** For files of the account, and of whoever works in it. */
  readonly directory = mkdtempSync(join(tmpdir(), 'account-'));
  readonly #s3: S3;
  readonly #sessions = new AsyncLocalStorage<Session>();
  /** Objects written since each time that everything was saved. */
  readonly #since: { readonly path: string; readonly versionId: string }[][] = [];
  #appConfig: AppConfig;
  /** The vouching extension; none while the account is being set up. */
  vouch: Vouch = async () => undefined;

  private constructor(engine: DynamoDbDatabase, kms: Service) {
    this.tables = new DynamoTables(engine);
    this.#kms = kms;
    this.#s3 = createS3({ dataDir: this.directory });
    this.#s3.createBucket(this.bucket, { VersioningConfiguration: { Status: 'Enabled' }, ObjectLockEnabled: true });
    this.#appConfig = this.#openAppConfig();
  }

  static async start(kms: Service): Promise<Account> {
    const account = new Account(await sharedDatabase(), kms);
    await account.tables.create();
    return account;
  }

  async stop(): Promise<void> {
    await this.#s3.stop?.();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Application, strategy and extension as the stack has them. */
  setUp(): { readonly applicationId: string; readonly strategyId: string } {
    const { Id: applicationId } = this.#appConfig.createApplication({ Name: 'model-release' });
    const instant = { DeploymentDurationInMinutes: 0, FinalBakeTimeInMinutes: 0, GrowthFactor: 100 };
    const { Id: strategyId } = this.#appConfig.createDeploymentStrategy({ Name: 'instant', ...instant });
    const action = { Name: 'vouch', Uri: VOUCH_ARN };
    const { Arn } = this.#appConfig.createExtension({ Name: 'vouch', Actions: { PRE_START_DEPLOYMENT: [action] } });
    const ResourceIdentifier = applicationArn(applicationId);
    this.#appConfig.createExtensionAssociation({ ExtensionIdentifier: Arn, ResourceIdentifier });
    this.#appConfig.save();
    return { applicationId, strategyId };
  }

  /** Runs a step, one of its calls failing, or all of a service; a step that was killed does nothing any more. */
  async play<R>(step: () => Promise<R>, cut?: Cut | Outage): Promise<Played<R>> {
    const sent: SentCall[] = [];
    let kill = () => {};
    const gone = new Promise<never>((_, reject) => {
      kill = () => reject(new Killed('The process is gone.'));
    });
    const running = this.#sessions.run({ cut, sent, kill }, step);
    const outcome = await Promise.race([running, gone]).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    return { outcome, sent };
  }

  /** Answers one request of a client. */
  async handle(service: ServiceName, request: Omit<ServiceRequest, 'authorize'>): Promise<ServiceResponse> {
    const session = this.#sessions.getStore();
    const number = session === undefined ? 0 : session.sent.push(callOf(service, request));
    const cut = session?.cut;
    if (cut !== undefined && 'down' in cut) {
      return cut.down.includes(service)
        ? written(service, request, SERVICE_FAULTS[service])
        : this.#answer(service, request);
    }
    const { at, how } = cut ?? {};
    if (at === undefined || number < at) return this.#answer(service, request);
    if (number > at) return how === 'killed' ? never() : this.#answer(service, request);
    switch (how) {
      case 'throttled':
        return written(service, request, THROTTLES[service](request));
      case 'failed':
        return written(service, request, SERVICE_FAULTS[service]);
      case 'repeated':
        await this.#answer(service, request);
        return this.#answer(service, request);
      case 'unanswered':
        await this.#answer(service, request);
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      default:
        await this.#answer(service, request);
        session?.kill();
        return never();
    }
  }

  /** Remembers how everything is; what is answered puts it back to that. */
  async save(): Promise<() => Promise<void>> {
    const tables = await this.tables.save();
    const file = join(this.directory, 'appconfig.json');
    const appConfig = readFileSync(file, 'utf8');
    const [executions, mail] = [this.executions.save(), this.mail.save()];
    const since: { readonly path: string; readonly versionId: string }[] = [];
    this.#since.push(since);
    return async () => {
      await tables();
      writeFileSync(file, appConfig);
      this.#appConfig = this.#openAppConfig();
      executions();
      mail();
      for (const { path, versionId } of since.splice(0)) await this.#remove(path, versionId);
    };
  }

  #openAppConfig(): AppConfig {
    // The extension is a function of its own: what it calls is no call of the step that deploys.
    const invoke = async (_: string, event: unknown) => {
      const payload = await this.#sessions.exit(() => this.vouch(event));
      return { payload: JSON.parse(JSON.stringify(payload ?? null)) };
    };
    return createAppConfig({ invoke, dataDir: this.directory });
  }

  async #answer(service: ServiceName, request: Omit<ServiceRequest, 'authorize'>): Promise<ServiceResponse> {
    if (service === 'dynamodb') return this.tables.handle(request);
    try {
      const answer = await this.#service(service).handle({ ...request, authorize: () => undefined });
      const versionId = answer.headers?.['x-amz-version-id'];
      if (service === 's3' && request.method === 'PUT' && versionId !== undefined) {
        for (const since of this.#since) since.push({ path: request.path, versionId });
      }
      return answer;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return written(service, request, error);
    }
  }

  #service(name: Exclude<ServiceName, 'dynamodb'>): Service {
    switch (name) {
      case 'appconfig':
        return this.#appConfig.control;
      case 'appconfigdata':
        return this.#appConfig.data;
      case 's3':
        return this.#s3;
      case 'kms':
        return this.#kms;
      case 'states':
        return this.executions;
      case 'ses':
      case 'sns':
      case 'events':
        return this.mail;
      case 'lambda':
        return this.functions;
    }
  }

  async #remove(path: string, versionId: string): Promise<void> {
    const headers = { 'x-amz-bypass-governance-retention': 'true' };
    const query = new URLSearchParams({ versionId });
    const request = { method: 'DELETE', path, query, headers, body: Buffer.alloc(0) };
    await this.#s3.handle({ ...request, authorize: () => undefined });
  }
}

function written(service: ServiceName, request: Omit<ServiceRequest, 'authorize'>, error: AwsError): ServiceResponse {
  const contentType = request.headers['content-type'] ?? '';
  return errorResponse(error, { protocol: PROTOCOLS[service] ?? 'rest-json', requestId: 'request-1', contentType });
}

function never(): Promise<never> {
  return new Promise(() => {});
}

const READING = /^(Get|Query|Scan|List|Describe|Head|BatchGet|TransactGet)/;

function callOf(service: ServiceName, { method, path, headers }: Omit<ServiceRequest, 'authorize'>): SentCall {
  const target = headers['x-amz-target']?.split('.').at(-1);
  if (target !== undefined) return { service, operation: target, reads: READING.test(target) };
  const shape = path.replaceAll(/\/[A-Za-z0-9._%-]{6,}(?=\/|$)/g, (part) => (/^\/[a-z]+$/.test(part) ? part : '/*'));
  return { service, operation: `${method} ${shape}`, reads: method === 'GET' || method === 'HEAD' };
}
