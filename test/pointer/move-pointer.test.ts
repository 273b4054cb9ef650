import { describe, expect, it } from 'vitest';
import { dsseEnvelope, verifyEnvelope } from '../../functions/platform/dsse.ts';
import { isReturnDocument, verifyDocument } from '../../functions/pointer/document.ts';
import { parseHosted } from '../../functions/pointer/flag.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage((fresh) => {
  stage = fresh;
});

/** A candidate of a model whose version 1.0 serves, approved and with its way back. */
async function ready(version = '2.0'): Promise<string> {
  await stage.onboard();
  await stage.promote('1.0');
  const id = await stage.candidate(version);
  await prepareReturn(stage.returnPorts(), id, stage.now());
  return id;
}

async function dataOf(type: string) {
  const found = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) found.push(body.data);
  return found;
}

describe('Onboarding', () => {
  it('deploys a first document in which the safe forecast serves', async () => {
    const moved = await stage.onboard();
    expect(moved).toEqual({
      ...{ promotionId: `${stage.model}_onboard_1`, kind: 'onboard', waitSeconds: 0 },
      ...{ revision: 1, deploymentNumber: 1 },
    });
    const document = await stage.appConfig.liveDocument();
    expect(document).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive', revision: 1 });
    expect(await dataOf('pointer-move-intended')).toMatchObject([{ kind: 'onboard', approvalSeq: 2 }]);
  });

  it('deploys nothing over a document that is there', async () => {
    const id = await stage.onboarding();
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    const error = await failure(movePointer(stage.movePorts(), id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'ALREADY_DEPLOYED' }] });
    expect(stage.appConfig.deployments).toHaveLength(1);
  });
});

describe('A promotion', () => {
  it('moves the pointer to its version and keeps the one before', async () => {
    const id = await ready();
    const moved = await movePointer(stage.movePorts(), id);
    const document = await stage.appConfig.liveDocument();
    expect(document).toMatchObject({
      productionVersion: '2.0',
      previousVersion: '1.0',
      revision: moved.revision,
      salt: id,
      promotionId: id,
      fallback: '',
      approvedBy: ['Ana Approver <ana@shop.example>'],
    });
    expect(document !== null && verifyDocument(stage.key.publicKeyPem, stage.model, document)).toBe(true);
    expect(await stage.registry.version(stage.model, '2.0')).toMatchObject({
      status: 'production',
      predecessor: '1.0',
    });
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({ status: 'retained' });
  });

  it('writes its intent before the document goes out, and what it did afterwards', async () => {
    const id = await ready();
    await movePointer(stage.movePorts(), id);
    expect((await stage.types()).slice(-2)).toEqual(['pointer-move-intended', 'pointer-moved']);
    const [intended] = (await dataOf('pointer-move-intended')).slice(-1);
    const [moved] = (await dataOf('pointer-moved')).slice(-1);
    expect(intended).toMatchObject({ kind: 'promote', productionVersion: '2.0', previousVersion: '1.0' });
    expect(moved).toMatchObject({
      promotionId: id,
      productionVersion: '2.0',
      documentSha256: intended?.['documentSha256'],
    });
  });

  it('leaves a signed deployment statement over artifact, document and approval', async () => {
    const id = await ready();
    await movePointer(stage.movePorts(), id);
    const envelope = dsseEnvelope.parse(JSON.parse(stage.evidence.text(`manifests/${id}/deployment.dsse.json`)));
    const payload = verifyEnvelope(stage.key.publicKeyPem, envelope);
    expect(JSON.parse(payload?.toString('utf8') ?? '{}')).toMatchObject({
      subject: [{ name: `${stage.model}/2.0` }],
      predicate: { promotionId: id, version: '2.0', previousVersion: '1.0', deploymentNumber: 3 },
    });
  });

  it('finds the way back prepared: signed, labelled and recorded', async () => {
    const id = await ready();
    const item = await stage.registry.returnDocument(stage.model, '1.0');
    const parsed = parseHosted(await stage.appConfig.hostedContent('', item?.hostedVersion ?? 0));
    expect(parsed.ok && isReturnDocument(parsed.value)).toBe(true);
    const hosted = stage.appConfig.versions.find(({ number }) => number === item?.hostedVersion);
    expect(hosted?.label).toBe(`return-${item?.hostedVersion}`);
    expect((await dataOf('return-prepared')).at(-1)).toMatchObject({ promotionId: id, version: '1.0' });
  });

  it('takes the document of an earlier promotion as its way back when it still says the same', async () => {
    await ready();
    const before = await stage.registry.returnDocument(stage.model, '1.0');
    await stage.close(`${stage.model}_2-0_1`, 'rejected');
    const id = await stage.candidate('2.1');
    await prepareReturn(stage.returnPorts(), id, stage.now());
    expect(await stage.registry.returnDocument(stage.model, '1.0')).toMatchObject({
      hostedVersion: before?.hostedVersion,
      promotionId: id,
    });
    expect(await dataOf('return-prepared')).toHaveLength(3);
  });

  it.each([
    ['nobody approved it', 'NOT_APPROVED', async () => (await stage.registered('2.0')).promotionId],
    [
      'what was approved is not what the run is now',
      'SEAL_BROKEN',
      async () => {
        const run = await stage.registered('2.0');
        await stage.approve({ ...run, policyDigest: 'ef'.repeat(32) });
        return run.promotionId;
      },
    ],
  ])('does not move when %s', async (_what, code, candidate) => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await candidate();
    await prepareReturn(stage.returnPorts(), id, stage.now());
    const error = await failure(movePointer(stage.movePorts(), id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code }] });
    expect(stage.appConfig.deployments).toHaveLength(2);
  });

  it('does not move when another version serves than the one that it was judged against', async () => {
    const id = await ready();
    await stage.rollBack({ withdrawVersion: '1.0' });
    const error = await failure(movePointer(stage.movePorts(), id));
    expect(error).toMatchObject({
      code: 'NOT_VOUCHED',
      reasons: [{ code: 'BASELINE_CHANGED', got: '', allowed: '1.0' }],
    });
  });

  it('does not move when it has no way back', async () => {
    await stage.onboard();
    const id = await stage.candidate('1.0');
    expect(await failure(movePointer(stage.movePorts(), id))).toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
  });

  it('does not move when it was ended between its intent and its deployment', async () => {
    const id = await ready();
    const ports = stage.movePorts();
    const append = ports.ledger.append.bind(ports.ledger);
    const ledger: typeof ports.ledger = {
      append: async (draft, writes) => {
        const appended = await append(draft, writes);
        if (draft.type === 'pointer-move-intended') await stage.close(id, 'withdrawn');
        return appended;
      },
    };
    expect(await failure(movePointer({ ...ports, ledger }, id))).toMatchObject({ code: 'PROMOTION_ENDED' });
    expect(stage.appConfig.deployments).toHaveLength(2);
  });

  it('waits while another deployment runs', async () => {
    const id = await ready();
    stage.appConfig.slow = true;
    stage.appConfig.deployByHand(1);
    expect(await failure(movePointer(stage.movePorts(), id))).toMatchObject({ code: 'POINTER_BUSY' });
  });

  it('takes its own deployment up when it is still in progress', async () => {
    const id = await ready();
    stage.appConfig.slow = true;
    expect(await failure(movePointer(stage.movePorts(), id))).toMatchObject({ code: 'POINTER_BUSY' });
    stage.appConfig.complete();
    expect(await movePointer(stage.movePorts(), id)).toMatchObject({ deploymentNumber: 3 });
    expect(stage.appConfig.deployments).toHaveLength(3);
  });

  it('is never deployed a second time after it was taken back', async () => {
    const id = await ready();
    stage.appConfig.slow = true;
    await failure(movePointer(stage.movePorts(), id));
    stage.appConfig.slow = false;
    await stage.rollBack({ withdrawVersion: '2.0' });
    expect(await failure(movePointer(stage.movePorts(), id))).toMatchObject({
      code: 'PROMOTION_ENDED',
      reasons: [{ code: 'TAKEN_BACK' }],
    });
    expect(await stage.appConfig.liveDocument()).toMatchObject({ productionVersion: '1.0' });
  });

  it('does not build on a document that was deployed by hand', async () => {
    const id = await ready();
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    expect(await failure(movePointer(stage.movePorts(), id))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('brings a version that was production before back as production', async () => {
    await stage.onboard();
    await stage.promote('1.0');
    await stage.promote('2.0');
    await stage.promote('1.0', 2);
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({
      status: 'production',
      predecessor: '2.0',
    });
    expect(await stage.registry.version(stage.model, '2.0')).toMatchObject({ status: 'retained' });
  });

  it('is unknown without its run', async () => {
    expect(await failure(movePointer(stage.movePorts(), 'nobody_1-0_1'))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure(movePointer(stage.movePorts(), 'nonsense'))).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('Preparing the way back', () => {
  it('has none from an empty environment', async () => {
    const id = await stage.onboarding();
    const error = await failure(prepareReturn(stage.returnPorts(), id, stage.now()));
    expect(error).toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
  });

  it('waits while a deployment runs', async () => {
    await stage.onboard();
    const id = await stage.candidate('1.0');
    stage.appConfig.slow = true;
    stage.appConfig.deployByHand(1);
    expect(await failure(prepareReturn(stage.returnPorts(), id, stage.now()))).toMatchObject({ code: 'POINTER_BUSY' });
  });

  it('has none from a version that was withdrawn, or never recorded as promoted', async () => {
    await stage.onboard();
    await stage.promote('1.0');
    const id = await stage.candidate('2.0');
    const ports = stage.returnPorts();
    for (const status of ['withdrawn', 'candidate'] as const) {
      const registry = {
        run: ports.registry.run.bind(ports.registry),
        model: ports.registry.model.bind(ports.registry),
        returnDocument: ports.registry.returnDocument.bind(ports.registry),
        returnDocuments: ports.registry.returnDocuments.bind(ports.registry),
        versions: ports.registry.versions.bind(ports.registry),
        version: async (model: string, version: string) => {
          const item = await ports.registry.version(model, version);
          return item === null ? null : { ...item, status };
        },
      };
      const error = await failure(prepareReturn({ ...ports, registry }, id, stage.now()));
      expect(error).toMatchObject({ code: 'NO_ROLLBACK_TARGET', reasons: [{ code: 'UNFIT_TARGET', got: status }] });
    }
  });

  it('does nothing for a run that has ended', async () => {
    await stage.onboard();
    const id = await stage.candidate('1.0');
    await stage.close(id, 'withdrawn');
    const error = await failure(prepareReturn(stage.returnPorts(), id, stage.now()));
    expect(error).toMatchObject({ code: 'PROMOTION_ENDED', reasons: [{ got: 'withdrawn' }] });
  });
});
