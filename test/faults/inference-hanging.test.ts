import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ForecastAnswer } from '../../functions/inference/serving/forecast.ts';
import { logger } from '../../functions/platform/logger.ts';
import { servedContent } from '../../functions/pointer/flag.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { CANARY, eventOf } from '../inference/stand.ts';
import { signedDocument } from '../pointer/fixtures.ts';

const FAR = '2099-01-01T00:00:00.000Z';
/** Models are waited for 3 s, candidates 2 s longer the first time, the log and what is handed over 2 s. */
const FIRST_MS = 7_000;
/** What could not be loaded is not looked for again at once; the pointer, past its poll interval, is for 250 ms. */
const NEXT_MS = 2_250;
const SLACK_MS = 3_000;
const key = createTestKey();

/** The forecast function as Lambda loads it, with every service behind it taking connections and saying nothing. */
describe('While S3, Lambda and AppConfig all hang', () => {
  let server: Server;
  let handler: (event: unknown, context: { readonly awsRequestId: string }) => Promise<ForecastAnswer>;
  const sockets = new Set<Socket>();
  const appConfig = mockClient(AppConfigDataClient);
  const lambda = mockClient(LambdaClient);
  const errors = vi.spyOn(logger, 'error').mockImplementation(() => undefined);
  const warnings = vi.spyOn(logger, 'warn').mockImplementation(() => undefined);
  const temporary = mkdtempSync(join(tmpdir(), 'hanging-'));
  const figures: string[] = [];

  beforeAll(async () => {
    server = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const environment = {
      ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'forecast', AWS_SECRET_ACCESS_KEY: 'local' },
      // Names that are no host name, so that the bucket goes into the path.
      ...{ AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`, EVIDENCE_BUCKET: 'Evidence' },
      ...{ PREDICTION_BUCKET: 'Predictions', APPCONFIG_APPLICATION_ID: 'app1', POINTER_POLL_SECONDS: '0' },
      ...{
        POINTER_PUBLIC_KEY: key.publicKeyPem,
        COMPLETE_LOG_FUNCTION: 'complete-log',
        CANDIDATE_WAIT_MS: '500',
        TMPDIR: temporary,
      },
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const shadow = { shadowVersion: '3.0.0', shadowUntil: FAR, previousVersion: '1.0.0' };
    const text = servedContent(
      await signedDocument(key, { ...CANARY, canaryUntil: FAR, canaryPercentage: 100, ...shadow }),
    );
    const Configuration = Object.assign(new TextEncoder().encode(text), { transformToString: () => text });
    appConfig.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'first' });
    appConfig
      .on(GetLatestConfigurationCommand)
      .resolvesOnce({ Configuration, NextPollConfigurationToken: 'next' })
      .callsFake(() => new Promise(() => undefined));
    lambda.on(InvokeCommand).callsFake(() => new Promise(() => undefined));
    ({ handler } = await import('../../functions/inference/forecast.lambda.ts'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const mock of [errors, warnings, appConfig, lambda]) {
      if ('restore' in mock) mock.restore();
      else mock.mockRestore();
    }
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(temporary, { recursive: true, force: true });
    console.info(['Milliseconds that an answer takes while everything hangs:', ...figures].join('\n  '));
  });

  const ask = async (requestId: string) => {
    errors.mockClear();
    const from = performance.now();
    const answer = await handler(eventOf({ requestId }), { awsRequestId: requestId });
    const tookMs = Math.round(performance.now() - from);
    figures.push(`${requestId}: ${tookMs}`);
    return { answer, tookMs, told: new Set(errors.mock.calls.map(([name]) => name)) };
  };

  it('callers get the safe forecast within the sum of the limits, and what is missing is told', async () => {
    const { answer, tookMs, told } = await ask('first');
    expect(answer.revision).toBe(3);
    expect(new Set(answer.forecasts.map(({ version, arm }) => `${arm} ${version}`))).toEqual(
      new Set(['fallback seasonal-naive']),
    );
    expect(tookMs).toBeLessThan(FIRST_MS + SLACK_MS);
    expect(told).toEqual(new Set(['MODEL_NOT_LOADED', 'PREDICTIONS_NOT_LOGGED', 'SHADOW_DROPPED']));
  }, 60_000);

  it('the next one waits for no model again', async () => {
    const { answer, tookMs } = await ask('next');
    expect(answer.forecasts).toHaveLength(6);
    expect(tookMs).toBeLessThan(NEXT_MS + SLACK_MS);
  }, 60_000);
});
