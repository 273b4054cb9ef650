import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createAppConfig } from './appconfig.ts';
import { createCustomResources } from './custom-resource.ts';
import { createDynamoDb, type DynamoDbEngine, startDynamoDb } from './dynamodb.ts';
import { createEvents, type Events } from './events.ts';
import { startGateway } from './gateway.ts';
import { createHttpApis } from './http-api.ts';
import { createIam } from './iam.ts';
import { keepExecutions } from './kept-executions.ts';
import { createKms } from './kms.ts';
import { createLambdaApi } from './lambda-api.ts';
import { createLambdaHost } from './lambda-host.ts';
import { PlatformFault } from './platform-fault.ts';
import { deliver, roleInvoker } from './role-session.ts';
import { createS3 } from './s3.ts';
import type { Now, Service } from './service.ts';
import { createSes } from './ses.ts';
import { createSns } from './sns.ts';
import { createStepFunctions, type StepFunctions } from './step-functions.ts';

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
  const now = options.now ?? (() => new Date());
  const log = options.log ?? (() => undefined);
  const iam = createIam();
  const gateway = await startGateway({ iam, port: options.port ?? 0, log });
  const engine = await startEngine(options).catch(async (error: unknown) => {
    await gateway.stop();
    throw error;
  });
  const host = createLambdaHost({ endpoint: () => gateway.endpoint, log: options.functionLog ?? (() => undefined) });
  const flow = createFlow({ ...subdirectory(options.dataDir, 'appconfig'), iam, host, now, log });
  const s3 = createS3({ now, ...subdirectory(options.dataDir, 's3') });
  const kms = createKms(subdirectory(options.dataDir, 'kms'));
  const ses = await createSes();
  const sns = createSns({ now, deliver: ses.deliver, invoke: host.invoke });
  const customResourceUrl = (): string => `${gateway.endpoint}/custom-resource`;
  const customResources = createCustomResources({ ...options, invoke: host.invoke, baseUrl: customResourceUrl });
  const httpApis = createHttpApis({ iam, host, now, log });
  const { stepFunctions: states, appConfig } = flow;
  const pointer = { appconfig: appConfig.control, appconfigdata: appConfig.data };
  const own = { dynamodb: createDynamoDb(engine), lambda: createLambdaApi(host) };
  const services = { ...own, ...pointer, s3, kms, ses, sns, states };
  for (const [name, service] of Object.entries<Service>(services)) gateway.mount(name, service);
  gateway.mountPublic('http-api', httpApis);
  gateway.mountPublic('custom-resource', customResources);
  const followers: { stop(): Promise<void> }[] = [];
  const executions = keepExecutions(states, options.dataDir);
  return {
    ...{ iam, gateway, host, engine, s3, kms, ses, sns, customResources, httpApis, followers, ...flow },
    httpApiUrl: () => `${gateway.endpoint}/http-api`,
    /** Called when all resources exist. */
    resume: executions.restore,
    stop: once(async () => {
      flow.events.stop();
      executions.stop();
      await Promise.all([states.stop(), host.stop(), ...followers.map((follower) => follower.stop())]);
      await gateway.stop();
      await Promise.all([s3.stop?.(), kms.stop?.(), ses.stop?.(), sns.stop?.(), engine.stop()]);
    }),
  };
}

/** The event bus, the state machines and AppConfig: what invokes functions under roles of its own. */
function createFlow(parts: {
  readonly dataDir?: string;
  readonly iam: ReturnType<typeof createIam>;
  readonly host: ReturnType<typeof createLambdaHost>;
  readonly now: Now;
  readonly log: (line: string) => void;
}) {
  const { iam, host, now, log } = parts;
  const machineRoles = new Map<string, string>();
  const extensionRoles = new Map<string, string>();
  const invokeAs = roleInvoker(iam, host);
  const stepFunctions: StepFunctions = createStepFunctions({
    now,
    invoke: (machine, functionArn, payload) =>
      invokeAs({ roleArn: machineRoles.get(machine) ?? '', session: machine }, functionArn, payload),
    onStatusChange: (detail) => {
      const resources = [String(detail['executionArn'])];
      const detailType = 'Step Functions Execution Status Change';
      events.putEvent({ source: 'aws.states', detailType, detail, resources });
    },
  });
  const events: Events = createEvents({
    now,
    log,
    deliver: (target) => deliver(target, { iam, host, stepFunctions }),
  });
  const appConfig = createAppConfig({
    now,
    ...(parts.dataDir === undefined ? {} : { dataDir: parts.dataDir }),
    invoke: (functionArn, payload) =>
      invokeAs({ roleArn: extensionRoles.get(functionArn) ?? '', session: 'appconfig' }, functionArn, payload),
  });
  return {
    ...{ stepFunctions, events, appConfig },
    /** Keep which role a state machine runs under, and which one AppConfig takes for a function. */
    machineRole: (machine: string, roleArn: string): void => void machineRoles.set(machine, roleArn),
    extensionRole: (functionArn: string, roleArn: string): void => void extensionRoles.set(functionArn, roleArn),
  };
}

async function startEngine(options: PartsOptions): Promise<DynamoDbEngine> {
  const fault = (message: string, cause?: unknown): PlatformFault =>
    new PlatformFault(message, 'Then run npm start again.', cause);
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

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
