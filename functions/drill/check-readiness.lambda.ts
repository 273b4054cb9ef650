import * as z from 'zod';
import { IsolatedRunner } from '../inference/predictors/isolated-runner-store.ts';
import { knownPredictors } from '../inference/predictors/known-predictors-store.ts';
import { ModelStore } from '../inference/predictors/model-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { sendAlert } from '../rollback/alert/send-alert.ts';
import { ReadinessStore } from './readiness-store.ts';
import { type Checked, type CheckPorts, checkAll } from './record-readiness.ts';
import { faultOfSmoke, SMOKE_REQUESTS } from './smoke.ts';

/** A version that needs longer would be too late for a caller. */
const SMOKE_TIMEOUT_MS = 10_000;

const isolated = new IsolatedRunner();
const registry = wired.registry();
const publicKeyPem = config('POINTER_PUBLIC_KEY');

function ports(): CheckPorts {
  // What an earlier check found is not what is there now.
  const models = new ModelStore({
    ...{ evidence: wired.inferenceEvidence(), publicKeyPem, now: systemClock, loadTimeoutMs: 10_000 },
    predictorOf: knownPredictors(),
  });
  return {
    ...{ registry, publicKeyPem, ledger: wired.ledger() },
    readiness: new ReadinessStore(dynamo(), config('REGISTRY_TABLE')),
    appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
    fetch: (model, version) => models.fetch(model, version),
    smoke: async (artifact) => {
      const asked = { artifact, requests: SMOKE_REQUESTS, positions: SMOKE_REQUESTS.map((_, position) => position) };
      return faultOfSmoke(await isolated.run({ ...asked, stop: AbortSignal.timeout(SMOKE_TIMEOUT_MS) }));
    },
    alert: async (alert) => {
      await sendAlert(wired.alerting(), alert).catch((cause) => logger.error('ALERT_NOT_SENT', { cause }));
    },
    tell: (signal, detail) => logger.warn(signal, { ...detail }),
    now: () => systemClock().toISOString(),
  };
}

/** Checks whether models can be gone back from: the one of the event, or all of them. */
export async function handler(event: unknown): Promise<readonly Checked[]> {
  const { model } = parseEvent(z.looseObject({ model: z.string().optional() }), event ?? {});
  return checkAll(ports(), model === undefined ? await registry.modelNames() : [model]);
}
