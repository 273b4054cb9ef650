import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCustomResources } from './cloudformation/custom-resource.ts';
import { createCloudTrail } from './cloudtrail.ts';
import { createConsole } from './console.ts';
import { createDynamoDb } from './dynamodb/dynamodb.ts';
import { type DynamoDbDatabase, type DynamoDbEngine, startDynamoDb } from './dynamodb-engine.ts';
import type { Events } from './events.ts';
import { createFlow } from './flow.ts';
import { type Gateway, startGateway } from './gateway/gateway.ts';
import { createHttpApis } from './http-api.ts';
import { createIam } from './iam/iam.ts';
import { createKms } from './kms.ts';
import { createLambdaApi } from './lambda/lambda-api.ts';
import { createLambdaHost } from './lambda/lambda-host.ts';
import { createMonitoring } from './monitoring.ts';
import { PlatformFault } from './platform-fault.ts';
import { createS3 } from './s3/s3.ts';
import type { Now, Service } from './service.ts';
import { createSes, type Ses } from './ses.ts';
import { createSns } from './sns.ts';
import { keepExecutions } from './step-functions/kept-executions.ts';

export interface PartsOptions {
  /** @default ModelRelease */
  readonly stackName?: string;
  /**
   * Port of the endpoint; 0 takes a free one.
   * @default 0
   */
  readonly port?: number;
  /** Keeps tables, objects, keys, configurations and executions in this directory; without it they live in memory. */
  readonly dataDir?: string;
  /** Where the tables live, in an engine that somebody else runs. @default an engine of its own */
  readonly database?: DynamoDbDatabase;
  /** Folder for compiled code of the functions, which may be shared and kept. @default nothing is kept */
  readonly compileCache?: string;
  /** @default the machine's clock */
  readonly now?: Now;
  /** Given a line for each thing that the platform itself has to say (HTTP access log, failed targets, defects). */
  readonly log?: (line: string) => void;
  /** Given each line that a function writes. */
  readonly functionLog?: (functionName: string, line: string) => void;
  /** Told that a part of the platform ended by itself; the platform can only be stopped then. */
  readonly onFailure?: (fault: PlatformFault) => void;
}

/** Everything that runs, before the template is created in it. */
export type Parts = Awaited<ReturnType<typeof createParts>>;

/** Starts the parts of a platform. @throws PlatformFault when the port is taken or Java is missing */
export async function createParts(options: PartsOptions & { readonly stackName: string }) {
  const { dataDir, now = () => new Date(), log = () => undefined } = options;
  const iam = createIam();
  const cloudTrail = createCloudTrail({ now, ...subdirectory(dataDir, 'cloudtrail') });
  const gateway = await startGateway({ iam, port: options.port ?? 0, log, onAnswered: cloudTrail.record });
  const engine = await startEngine(options).catch(async (error: unknown) => {
    await gateway.stop();
    throw error;
  });
  // The bus needs the functions, and what is seen of them rings alarms, which the bus is told of.
  let bus: Events | undefined;
  const putEvent: Events['putEvent'] = (event) => bus?.putEvent(event);
  const ses = await createSes({ now, putEvent });
  const observed = createObserved({ ...options, now, ses, gateway, putEvent });
  const { host } = observed;
  const flow = createFlow({ ...subdirectory(dataDir, 'appconfig'), ...observed, iam, now, log });
  bus = flow.events;
  const { invoke } = host;
  const baseUrl = `${gateway.endpoint}/custom-resource`;
  const parts = {
    ...{ iam, gateway, engine, ses, cloudTrail, ...observed, ...flow },
    s3: createS3({ now, ...subdirectory(dataDir, 's3') }),
    kms: createKms(subdirectory(dataDir, 'kms')),
    httpApis: createHttpApis({ iam, host, now, log }),
    console: createConsole({ host, functionName: `${options.stackName}-console` }),
    customResources: createCustomResources({ stackName: options.stackName, invoke, baseUrl }),
    executions: keepExecutions(flow.stepFunctions, dataDir),
    /** What reads streams, to be stopped with the platform. */
    followers: [] as { stop(): Promise<void> }[],
  };
  mountAll(parts);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= stopAll(parts);
    return stopped;
  };
  return { ...parts, stop };
}

type Running = Omit<Parts, 'stop'>;

function mountAll(parts: Running): void {
  const { gateway, appConfig } = parts;
  const services: Readonly<Record<string, Service>> = {
    ...{ dynamodb: createDynamoDb(parts.engine), s3: parts.s3, kms: parts.kms, ses: parts.ses, sns: parts.sns },
    ...{
      lambda: createLambdaApi(parts.host),
      states: parts.stepFunctions,
      monitoring: parts.monitoring.api,
      cloudtrail: parts.cloudTrail.service,
      events: parts.events.service,
    },
    ...{ appconfig: appConfig.control, appconfigdata: appConfig.data },
  };
  for (const [name, service] of Object.entries(services)) gateway.mount(name, service);
  gateway.mountPublic('http-api', parts.httpApis);
  gateway.mountPublic('console', parts.console);
  gateway.mountPublic('custom-resource', parts.customResources);
}

async function stopAll({ stepFunctions, host, followers, ...parts }: Running): Promise<void> {
  parts.events.stop();
  parts.monitoring.stop();
  parts.executions.stop();
  await Promise.all([stepFunctions.stop(), host.stop(), ...followers.map((follower) => follower.stop())]);
  await parts.gateway.stop();
  await Promise.all([parts.s3.stop?.(), parts.ses.stop?.(), parts.engine.stop()]);
}

/** The functions, and the alarms and notices that their failures and their logs raise. */
function createObserved(options: {
  readonly now: Now;
  readonly ses: Ses;
  readonly gateway: Gateway;
  readonly putEvent: Events['putEvent'];
  readonly functionLog?: PartsOptions['functionLog'];
  readonly compileCache?: PartsOptions['compileCache'];
}) {
  const { now, ses, gateway, putEvent, functionLog, compileCache } = options;
  const sns = createSns(ses.deliver);
  const monitoring = createMonitoring({ now, publish: sns.publish, putEvent });
  const host = createLambdaHost({
    endpoint: gateway.endpoint,
    compileCache,
    onInvoke: () => gateway.count('lambda', 'InvokeFunction'),
    onLine: ({ shortName, logGroup }, line) => {
      functionLog?.(shortName, line);
      monitoring.logLine(logGroup, line);
    },
    onError: ({ name }) =>
      monitoring.count({ namespace: 'AWS/Lambda', name: 'Errors', dimensions: { FunctionName: name } }),
  });
  return { host, sns, monitoring };
}

async function startEngine(options: PartsOptions): Promise<DynamoDbDatabase & Pick<DynamoDbEngine, 'stop'>> {
  const { database } = options;
  if (database !== undefined) return { ...database, stop: async () => undefined };
  const fault = (message: string, cause?: unknown): PlatformFault => {
    options.log?.(message);
    // Its last words are many lines; whoever wants them finds them in the log.
    const [summary = message] = message.split(' Start again;');
    return new PlatformFault(summary, 'Then run npm start again.', cause);
  };
  try {
    const onCrash = (message: string): void => options.onFailure?.(fault(message));
    return await startDynamoDb({ ...subdirectory(options.dataDir, 'dynamodb'), onCrash });
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error), error);
  }
}

function subdirectory(dataDir: string | undefined, name: string): { readonly dataDir?: string } {
  if (dataDir === undefined) return {};
  const directory = join(dataDir, name);
  mkdirSync(directory, { recursive: true });
  return { dataDir: directory };
}
