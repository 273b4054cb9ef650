import { describe, expect, it } from 'vitest';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { attributesOf, isReturnDocument, signDocument } from '../../functions/pointer/document.ts';
import { endExposure } from '../../functions/pointer/end-exposure.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
const furtherStage = onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0'],
);

async function ends() {
  const found = [];
  for await (const { body } of stage.ledger.entries(stage.model)) {
    if (body.type === 'exposure-ended') found.push(body.data);
  }
  return found;
}

async function live() {
  const document = await stage.appConfig.liveDocument();
  if (document === null) throw new Error('Nothing is deployed.');
  return document;
}

describe('Ending an exposure', () => {
  it.each([
    ['shadow', (version: string) => stage.shadowed(version)],
    ['canary', (version: string) => stage.canaried(version, 1)],
  ])('takes the %s out by the document that was prepared, and records it', async (name, expose) => {
    const id = await expose('2.0');
    const prepared = await stage.registry.returnDocument(stage.model, '1.0');
    const hosted = stage.appConfig.versions.length;
    const exposing = await live();
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: true });
    const document = await live();
    expect(isReturnDocument(document)).toBe(true);
    expect(document).toMatchObject({ productionVersion: '1.0', revision: prepared?.hostedVersion });
    expect(stage.appConfig.versions).toHaveLength(hosted);
    expect(stage.appConfig.deployments.at(-1)?.description).toBe(`Ends the exposure of ${id}`);
    const { signature: _, ...unsigned } = document;
    expect(await ends()).toEqual([
      {
        promotionId: id,
        version: '2.0',
        stage: name,
        hostedVersion: prepared?.hostedVersion,
        documentSha256: prepared?.documentSha256,
        deploymentNumber: stage.appConfig.deployments.length,
        deployedAt: stage.appConfig.deployments.at(-1)?.changedAt,
        document: attributesOf(unsigned),
        replaced: expect.objectContaining({ revision: exposing.revision }),
      },
    ]);
  });

  it('answers the same again, and records it once', async () => {
    const id = await stage.shadowed('2.0');
    const first = await stage.endExposure(id);
    expect(await stage.endExposure(id)).toEqual(first);
    expect(await ends()).toHaveLength(1);
  });

  it('needs no run that is open', async () => {
    const id = await stage.canaried('2.0');
    await stage.close(id, 'withdrawn');
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: true });
    expect(await live()).toMatchObject({ canaryVersion: '' });
  });

  it('leaves the safe forecast serving where no version does', async () => {
    const other = furtherStage();
    await other.onboard();
    const id = await other.shadowed('1.0');
    expect(await other.endExposure(id)).toMatchObject({ ended: true });
    expect(await other.appConfig.liveDocument()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive' });
  });

  it.each([
    ['a promotion that nobody knows', async () => 'nobody_1-0_1'],
    ['something that is no id', async () => 'nonsense'],
    ['an onboarding', async () => `${stage.model}_onboard_1`],
    ['a promotion whose version serves', async () => `${stage.model}_1-0_1`],
    ['a promotion that was never exposed', async () => stage.candidate('2.0')],
  ])('changes nothing for %s', async (_what, idOf) => {
    const promotionId = await idOf();
    const before = await stage.state();
    expect(await stage.endExposure(promotionId)).toEqual({ promotionId, ended: false });
    expect(await stage.state()).toEqual(before);
  });

  it('never touches a document that serves the version, with the one before beside it', async () => {
    const id = await stage.candidate('2.0');
    await stage.prepare(id);
    await stage.move(id);
    for (const promotionId of [id, `${stage.model}_1-0_1`]) {
      expect(await stage.endExposure(promotionId)).toEqual({ promotionId, ended: false });
    }
    expect(await live()).toMatchObject({ productionVersion: '2.0', shadowVersion: '1.0' });
  });

  it('leaves the exposure of another promotion of the same version alone', async () => {
    const first = await stage.shadowed('2.0');
    await stage.endExposure(first);
    await stage.close(first, 'rejected');
    await stage.shadowed('2.0', 2);
    expect(await stage.endExposure(first)).toEqual({ promotionId: first, ended: false });
    expect(await live()).toMatchObject({ shadowVersion: '2.0' });
  });

  it('has nothing to do after a rollback took the candidate out', async () => {
    const id = await stage.canaried('2.0');
    await stage.finish(await stage.rollBack({ withdrawVersion: '2.0' }));
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: false });
    expect(await ends()).toEqual([]);
  });

  it('copes with a document that somebody made by hand', async () => {
    const id = await stage.canaried('2.0');
    const canary = await live();
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: false });
    const { signature: _, ...document } = canary;
    const foreign = await signDocument(stage.key.sign, 'other', document);
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(foreign));
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: false });
  });

  it('waits for a deployment in progress, and takes the candidate out that it brought', async () => {
    const id = await stage.canaried('2.0');
    await stage.advance(id, 1);
    stage.appConfig.slow = true;
    await failure(stage.move(id));
    const ports = stage.endPorts();
    const sleep = async () => {
      stage.appConfig.slow = false;
      stage.appConfig.complete();
    };
    expect(await endExposure({ ...ports, sleep }, id)).toEqual({ promotionId: id, ended: true });
    expect(await live()).toMatchObject({ canaryVersion: '' });
  });

  it('is to be tried again while a deployment never ends', async () => {
    const id = await stage.canaried('2.0');
    stage.appConfig.slow = true;
    stage.appConfig.deployByHand(1);
    expect(await failure(stage.endExposure(id))).toMatchObject({ code: 'POINTER_BUSY' });
  });

  it('looks at what serves when the deployment that it waited for was taken back', async () => {
    const id = await stage.canaried('2.0');
    stage.appConfig.slow = true;
    const running = stage.appConfig.deployByHand(1);
    const sleep = async () => {
      stage.appConfig.slow = false;
      await stage.appConfig.stopDeployment('', running);
    };
    expect(await endExposure({ ...stage.endPorts(), sleep }, id)).toMatchObject({ ended: true });
    expect(await live()).toMatchObject({ productionVersion: '1.0', canaryVersion: '' });
  });

  it('is to be tried again when its own deployment was taken back, and then leaves what a rollback put there', async () => {
    const id = await stage.canaried('2.0');
    stage.appConfig.slow = true;
    const sleep = async () => {
      stage.appConfig.slow = false;
      await stage.rollBack({ withdrawVersion: '2.0' });
    };
    expect(await failure(endExposure({ ...stage.endPorts(), sleep }, id))).toMatchObject({ code: 'POINTER_BUSY' });
    expect(await stage.endExposure(id)).toEqual({ promotionId: id, ended: false });
  });

  it('is to be tried again when another deployment came first', async () => {
    const id = await stage.canaried('2.0');
    stage.appConfig.broken = new ReleaseError('POINTER_BUSY', 'Another deployment came first.');
    expect(await failure(stage.endExposure(id))).toMatchObject({ code: 'POINTER_BUSY' });
    expect(await ends()).toEqual([]);
    stage.appConfig.broken = null;
    expect(await stage.endExposure(id)).toMatchObject({ ended: true });
  });

  it('goes to no document that serves something else than now', async () => {
    const id = await stage.canaried('2.0');
    const { signature: _, ...document } = await live();
    const killed = { ...document, fallback: 'seasonal-naive', fallbackSegments: ['region:CA'] };
    const signed = await signDocument(stage.key.sign, stage.model, killed);
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(signed));
    expect(await failure(stage.endExposure(id))).toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
    expect(await live()).toMatchObject({ fallbackSegments: ['region:CA'] });
  });
});
