import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { anchorEvent, followStream } from '../../functions/ledger/anchor-ledger.ts';
import { registryKeys } from '../../functions/platform/keys.ts';
import { systemActor } from '../../functions/platform/people.ts';
import { documentSha256, type PointerDocument, signDocument } from '../../functions/pointer/document.ts';
import { vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { reconcileStage } from '../pointer/reconcile/reconcile-stage.ts';

let tables: Tables;
let stage: ReleaseStage;
let scene: ReturnType<typeof reconcileStage>;
onFreshStage(
  (next, on) => {
    stage = next;
    tables = on;
    scene = reconcileStage(stage, tables);
  },
  ['1.0.0', '2.0.0'],
);

const serving = async () => {
  const document = await stage.appConfig.liveDocument();
  if (document === null) throw new Error('Nothing is deployed.');
  return document;
};
const liveVersion = async () => (await stage.appConfig.deployedState()).live?.hostedVersion ?? 0;
/** Hosted versions that were made and never deployed, newest first. */
const last = () => stage.appConfig.versions.length;

async function refusalOf(hostedVersion: number, over: object = {}): Promise<string | undefined> {
  const event = { ...(await stage.appConfig.event(hostedVersion)), ...over };
  return (await vouchDeployment(stage.vouching, event))?.Details[0]?.Name;
}

async function lookTwice() {
  await scene.look();
  return scene.look();
}

describe('Nobody brings back by the way back', () => {
  it("a document that was decided on once, into the model's own environment under the name of the drills'", async () => {
    const own = { Id: stage.appConfig.place.environmentId, Name: 'drill' };
    const old = await liveVersion();
    await stage.finish(await stage.rollBack());
    for (const Environment of [own, { Name: 'drill' }]) {
      expect(await refusalOf(old, { Environment })).toBe('WRONG_PLACE');
    }
    // Where nothing serves it may be rehearsed with, and from there it leads nowhere else.
    expect(await refusalOf(old, { Environment: { Id: 'drills', Name: 'drill' } })).toBeUndefined();
    expect(await refusalOf(old)).toBe('RUN_ENDED');
  });

  it('a withdrawn version, by the document of a kill switch that was thrown while it served', async () => {
    await stage.kill('model', { segments: ['region:north'] });
    const thrown = await liveVersion();
    await stage.finish(await stage.rollBack());
    expect(await refusalOf(thrown)).toBe('VERSION_WITHDRAWN');
    // With the vouching gone as well: undone at the second look.
    stage.appConfig.deployByHand(thrown);
    expect(await lookTwice()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serving()).toMatchObject({ productionVersion: '1.0.0', fallbackSegments: ['region:north'] });
  });

  it('a kill switch that was left: it stops, and is told', async () => {
    await stage.kill('model');
    const thrown = await liveVersion();
    await stage.restore();
    stage.appConfig.deployByHand(thrown);
    expect(await lookTwice()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'backward' }]);
    expect(scene.did.alerts).toHaveLength(1);
  });

  it('what a kill switch covers, by a document of before it, one of a narrower switch, or an intent that nothing came of', async () => {
    await stage.kill('model', { segments: ['region:north'] });
    const narrow = await liveVersion();
    const before = await serving();
    await stage.kill('model');
    const standing = { productionVersion: '2.0.0', fallback: 'seasonal-naive' };
    stage.appConfig.deployByHand(narrow);
    expect(await lookTwice()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serving()).toMatchObject(standing);
    expect((await serving()).fallbackSegments).toEqual([]);
    const { signature: _, ...unsigned } = before;
    const forged = await signDocument(stage.key.sign, stage.model, { ...unsigned, revision: last() + 1 });
    const draft = { model: stage.model, type: 'kill-switch-intended' as const, actor: systemActor('kill-switch') };
    const data = { level: 'model', documentSha256: documentSha256(stage.model, forged) };
    await stage.ledger.append({ ...draft, at: stage.now(), data }, []);
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(forged));
    expect(await lookTwice()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serving()).toMatchObject(standing);
    expect((await serving()).fallbackSegments).toEqual([]);
  });

  it('a candidate, by an intent to throw a kill switch: what goes forward is asked for its approval', async () => {
    const { signature: _, ...unsigned } = await serving();
    await stage.candidate('3.0.0');
    const wanted = { ...unsigned, revision: last() + 1, productionVersion: '3.0.0', salt: 'demand_3-0-0_1' };
    const forged: PointerDocument = await signDocument(stage.key.sign, stage.model, {
      ...wanted,
      promotionId: 'demand_3-0-0_1',
    });
    const draft = { model: stage.model, type: 'kill-switch-intended' as const, actor: systemActor('kill-switch') };
    const data = { level: 'model', documentSha256: documentSha256(stage.model, forged) };
    await stage.ledger.append({ ...draft, at: stage.now(), data }, []);
    const number = stage.appConfig.hostByHand(forged);
    expect(await refusalOf(number)).toBe('NO_INTENT');
    stage.appConfig.deployByHand(number);
    expect(await lookTwice()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serving()).toMatchObject({ productionVersion: '2.0.0' });
  });

  it('a withdrawn version, by stopping the deployment of the rollback: nobody is asked, and it is undone', async () => {
    await stage.finish(await stage.rollBack());
    const { live } = await stage.appConfig.deployedState();
    await stage.appConfig.stopDeployment('env1', live?.number ?? 0);
    expect(await serving()).toMatchObject({ productionVersion: '2.0.0' });
    expect(await lookTwice()).toMatchObject([{ code: 'DEPLOYMENT_STOPPED', direction: 'forward' }]);
    expect(await serving()).toMatchObject({ productionVersion: '1.0.0' });
  });

  it('another version, by an item that calls its document the way back of the one that serves', async () => {
    const serves = await liveVersion();
    const other = await stage.registry.returnDocument(stage.model, '1.0.0');
    const mine = (await stage.appConfig.hostedVersions()).find(({ number }) => number === serves);
    if (other === null || mine === undefined) throw new Error('There is no way back.');
    // What was decided is gone as well, so that the ledger alone tells what it was.
    stage.appConfig.versions[serves - 1] = { ...mine, content: '{}' };
    const item = { ...registryKeys.returnDocument(stage.model, '2.0.0'), ...other, version: '2.0.0' };
    await tables.client.send(new PutCommand({ TableName: tables.registry, Item: item }));
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{"version":"1"}'));
    await scene.look();
    await expect(scene.look()).rejects.toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
  });
});

describe('Nobody changes a row of the ledger unseen', () => {
  it.each(['MODIFY', 'REMOVE'])('the stream that tells of %s raises the alarm', async (eventName) => {
    const tampered: unknown[] = [];
    const record = { eventName, dynamodb: { Keys: { model: { S: stage.model }, seq: { N: '5' } } } };
    await followStream(anchorEvent.parse({ Records: [record] }).Records ?? [], {
      ...{ modelNames: async () => [], head: async () => null, write: async () => {}, isSigned: () => true },
      tampered: (finding) => tampered.push(finding),
    });
    const what = eventName === 'MODIFY' ? 'MODIFIED' : 'REMOVED';
    expect(tampered).toEqual([{ model: stage.model, seq: 5, what }]);
  });
});
