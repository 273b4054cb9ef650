import {
  AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PointerEvent } from '../../functions/inference/pointer/pointer-event.ts';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { AppConfigStore, type PointerPlace } from '../../functions/pointer/appconfig-store.ts';
import { signDocument } from '../../functions/pointer/document.ts';
import { hostedContent, parseServed } from '../../functions/pointer/flag.ts';
import { ModelEnvironmentStore } from '../../functions/pointer/model-environment-store.ts';
import { vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import { ServedPointerStore } from '../../functions/rollback/served-pointer-store.ts';
import { type AppConfig, createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import { ReleaseStage, type StageAppConfig } from '../fakes/release-stage.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { RETURNING, unsignedDocument } from '../pointer/fixtures.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const MODEL = 'demand';
const VOUCH = 'arn:aws:lambda:eu-west-1:000000000000:function:vouch';

let tables: Tables;
let stage: ReleaseStage;
let control: Served;
let data: Served;
let client: AppConfigClient;
let dataClient: AppConfigDataClient;
let applicationId: string;
let strategyId: string;
let place: PointerPlace;
let at = Date.now();

/** AppConfig through its real client and protocol. */
class LocalAppConfig extends AppConfigStore implements StageAppConfig {
  readonly place: PointerPlace = place;
  readonly #served = new ServedPointerStore(dataClient, applicationId);

  served(): Promise<Uint8Array> {
    return this.#served.served(MODEL);
  }

  async liveDocument() {
    const { live } = await this.deployedState(this.place);
    const parsed = live === null ? null : parseServed(await this.served());
    return parsed?.ok ? parsed.value : null;
  }
}

function associate(appConfig: AppConfig): void {
  const { Arn } = appConfig.createExtension({
    Name: 'vouch',
    Actions: { PRE_START_DEPLOYMENT: [{ Name: 'vouch', Uri: VOUCH }] },
  });
  const ResourceIdentifier = `arn:aws:appconfig:eu-west-1:000000000000:application/${applicationId}`;
  appConfig.createExtensionAssociation({ ExtensionIdentifier: Arn, ResourceIdentifier });
}

beforeAll(async () => {
  tables = await startTables();
  const invoke = async (_arn: string, event: unknown) => ({
    payload: JSON.parse(JSON.stringify((await vouchDeployment(stage.vouching, event)) ?? null)),
  });
  const appConfig = createAppConfig({ invoke });
  control = await serveOne('appconfig', appConfig.control);
  data = await serveOne('appconfig', appConfig.data);
  client = new AppConfigClient(control.client);
  dataClient = new AppConfigDataClient(data.client);
  applicationId = appConfig.createApplication({ Name: 'model-release' }).Id;
  const instant = { DeploymentDurationInMinutes: 0, FinalBakeTimeInMinutes: 0, GrowthFactor: 100 };
  strategyId = appConfig.createDeploymentStrategy({ Name: 'instant', ...instant }).Id;
  associate(appConfig);
  place = await new ModelEnvironmentStore(client, applicationId).ensure(MODEL);
  const engine = { appConfig: new LocalAppConfig(client, applicationId), applicationId, strategyId };
  stage = new ReleaseStage(tables, MODEL, engine);
});
afterAll(async () => {
  await Promise.all([control.stop(), data.stop(), tables.stop()]);
});

async function deployByHand(content: string): Promise<unknown> {
  const ids = { ApplicationId: applicationId, ConfigurationProfileId: place.profileId };
  const { VersionNumber } = await client.send(
    new CreateHostedConfigurationVersionCommand({
      ...ids,
      Content: Buffer.from(content),
      ContentType: 'application/json',
    }),
  );
  return client.send(
    new StartDeploymentCommand({
      ...ids,
      EnvironmentId: place.environmentId,
      DeploymentStrategyId: strategyId,
      ConfigurationVersion: String(VersionNumber),
    }),
  );
}

describe('The pointer on an AppConfig that speaks the real protocol', () => {
  it('is seen by one reader through onboarding, two promotions and a rollback', async () => {
    const events: PointerEvent[] = [];
    await stage.onboard();
    const reader = new PointerReader({
      client: dataClient,
      application: 'model-release',
      model: MODEL,
      publicKeyPem: stage.key.publicKeyPem,
      now: () => at,
      steady: () => at,
      copyFolder: null,
      onEvent: (event) => events.push(event),
      pollSeconds: 1,
      refreshTimeoutMs: 10_000,
    });
    const serves = async () => {
      at += 1000;
      const { document } = await reader.current();
      return document.productionVersion || document.fallback;
    };
    expect(await serves()).toBe('seasonal-naive');
    await stage.promote('1.0');
    expect(await serves()).toBe('1.0');
    await stage.promote('2.0');
    expect(await serves()).toBe('2.0');
    const answer = await stage.rollBack({ cause: 'safety' });
    expect(answer).toMatchObject({ outcome: 'deployed', from: '2.0', to: '1.0' });
    expect(await serves()).toBe('1.0');
    expect(await stage.finish(answer)).toMatchObject({ end: 'rolled-back', cause: 'safety' });
    expect(events.map((event) => event.kind === 'moved' && event.backward)).toEqual([false, false, false, true]);
  });

  it('is moved by nobody by hand: not unsigned, not for another model, not to a withdrawn version', async () => {
    const withdrawn = unsignedDocument({ ...RETURNING, productionVersion: '2.0' });
    const signed = await signDocument(stage.key.sign, MODEL, withdrawn);
    const foreign = await signDocument(stage.key.sign, 'other', { ...withdrawn, productionVersion: '1.0' });
    const attempts = [
      ['SIGNATURE_INVALID', { ...signed, signature: 'bm9uZQ==' }],
      ['SIGNATURE_INVALID', foreign],
      ['VERSION_WITHDRAWN', signed],
      ['NO_INTENT', await signDocument(stage.key.sign, MODEL, unsignedDocument({ productionVersion: '1.0' }))],
    ] as const;
    for (const [code, document] of attempts) {
      await expect(deployByHand(hostedContent(document))).rejects.toMatchObject({
        name: 'BadRequestException',
        message: expect.stringContaining(code),
      });
    }
  });

  it('goes back with a broken registry by what AppConfig alone knows', async () => {
    await stage.promote('3.0');
    const down = () => Promise.reject(new Error('DynamoDB is down.'));
    const ports = {
      ...stage.rollBackPorts(),
      registry: { model: down, waysBack: down },
      ledger: { append: down },
    };
    const answer = await rollBack(ports, stage.rollbackEvent({}, 'rollback-2'));
    expect(answer).toMatchObject({ outcome: 'deployed', from: '3.0', to: '1.0' });
    await stage.finish(answer);
  });

  it('reverts, by AppConfig itself, when nothing can be deployed', async () => {
    await stage.promote('4.0');
    const ports = stage.rollBackPorts();
    const appConfig = new LocalAppConfig(client, applicationId);
    appConfig.startDeployment = () => Promise.reject(new Error('StartDeployment is down.'));
    const answer = await rollBack({ ...ports, appConfig }, stage.rollbackEvent({}, 'rollback-3'));
    expect(answer).toMatchObject({ outcome: 'deployed', from: '4.0', to: '1.0', how: 'reverted' });
    expect(await stage.finish(answer)).toMatchObject({ to: '1.0' });
  });
});
