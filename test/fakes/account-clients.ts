import { Readable } from 'node:stream';
import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { CONFIG_NAMES } from '../../functions/platform/config.ts';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import { createKms } from '../../infra/local/kms.ts';
import { REGION, type ServiceRequest } from '../../infra/local/service.ts';
import { Account, applicationArn, VOUCH_ARN } from './account.ts';
import type { ServiceName } from './account-faults.ts';
import { ANA } from './inputs.ts';

/*
 * Takes the place of functions/platform/clients.ts in tests that run the entries of functions as they are: the same SDK
 * clients, whose requests are answered by an account in this process. Each file of tests has an account of its own.
 */

interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function plainRequest(request: SdkRequest): Promise<Omit<ServiceRequest, 'authorize'>> {
  const { method, path, query = {}, headers, body } = request;
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one ?? '')]),
  );
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    path,
    query: new URLSearchParams(parameters),
    headers: Object.fromEntries(lower),
    body: await bytes(body),
  };
}

async function bytes(body: unknown): Promise<Buffer> {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Readable) return Buffer.concat(await body.toArray());
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Buffer.alloc(0);
}

function handlerOf(service: ServiceName): NonNullable<DynamoDBClientConfig['requestHandler']> {
  return {
    handle: async (request: SdkRequest) => {
      const { status, headers, body } = await account.handle(service, await plainRequest(request));
      const chunks = request.method === 'HEAD' ? [] : [Buffer.from(body ?? '')];
      const response = { statusCode: status, headers: { ...headers }, body: Readable.from(chunks) };
      return { response, $metadata: {} };
    },
  };
}

const options = (service: ServiceName) => ({
  region: REGION,
  endpoint: 'http://account.test',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  // What the SDK's own repetitions did not mend is what a step sees.
  maxAttempts: 1,
  // It would warn of each stream that a case makes fail.
  logger: { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  requestHandler: handlerOf(service),
});

const kmsService = createKms();
const [signing, chaining] = ['signing', 'ledger'].map((name) =>
  kmsService.createKey(name, { KeySpec: 'ECC_NIST_P256' }),
);
export const account = await Account.start(kmsService);

const clients = {
  dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(options('dynamodb')), {
    marshallOptions: { removeUndefinedValues: true },
  }),
  s3: new S3Client({ ...options('s3'), forcePathStyle: true }),
  kms: new KMSClient(options('kms')),
  appConfig: new AppConfigClient(options('appconfig')),
  appConfigData: new AppConfigDataClient(options('appconfigdata')),
  stepFunctions: new SFNClient(options('states')),
  ses: new SESv2Client(options('ses')),
  sns: new SNSClient(options('sns')),
  eventBridge: new EventBridgeClient(options('events')),
  lambda: new LambdaClient(options('lambda')),
};
export const dynamo = () => clients.dynamo;
export const s3 = () => clients.s3;
export const inferenceS3 = () => clients.s3;
export const kms = () => clients.kms;
export const appConfig = () => clients.appConfig;
export const appConfigData = () => clients.appConfigData;
export const stepFunctions = () => clients.stepFunctions;
export const ses = () => clients.ses;
export const sns = () => clients.sns;
export const eventBridge = () => clients.eventBridge;
export const lambda = () => clients.lambda;
export const completeLogLambda = () => clients.lambda;

const { applicationId, strategyId } = account.setUp();
export const ledgerKeyPem = await readPublicKey(clients.kms, chaining?.arn ?? '');
export const pointerKeyPem = await readPublicKey(clients.kms, signing?.arn ?? '');

const SETTINGS: Readonly<Record<string, string>> = {
  REGISTRY_TABLE: 'registry',
  LEDGER_TABLE: 'ledger',
  APPROVALS_TABLE: 'approvals',
  EVIDENCE_BUCKET: account.bucket,
  PREDICTION_BUCKET: account.bucket,
  SIGNING_KEY_ID: signing?.arn ?? '',
  LEDGER_KEY_ID: chaining?.arn ?? '',
  POINTER_PUBLIC_KEY: pointerKeyPem,
  LEDGER_PUBLIC_KEY: ledgerKeyPem,
  APPCONFIG_APPLICATION_ID: applicationId,
  APPCONFIG_APPLICATION_ARN: applicationArn(applicationId),
  VOUCH_FUNCTION_ARN: VOUCH_ARN,
  INSTANT_STRATEGY_ID: strategyId,
  APPROVAL_BASE_URL: 'https://approve.example/',
  // The personal link stands alone.
  OIDC_ISSUER: '',
  SENDER_EMAIL: 'release@shop.example',
  FIRST_APPROVERS: JSON.stringify([ANA]),
  FREEZES: '[]',
  RETENTION_DAYS: '1',
  RETENTION_MODE: 'GOVERNANCE',
  INCOMING_PREFIXES: '',
  SPLIT_ABOVE_MB: '1000',
  POINTER_POLL_SECONDS: '0',
  CANDIDATE_WAIT_MS: '500',
};
for (const name of CONFIG_NAMES) {
  const arn = `arn:aws:states:${REGION}:000000000000:stateMachine:${name.toLowerCase().replaceAll('_', '-')}`;
  process.env[name] = SETTINGS[name] ?? (name.endsWith('_ARN') ? arn : name.toLowerCase());
}
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
