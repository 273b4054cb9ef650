import { describe, expect, it } from 'vitest';
import { servesTheSame, signDocument } from '../../functions/pointer/document.ts';
import { parseHosted } from '../../functions/pointer/flag.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import type { MovePorts } from '../../functions/pointer/move-ports.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage((fresh) => {
  stage = fresh;
});

async function serving(version = '1.0'): Promise<void> {
  await stage.onboard();
  await stage.promote(version);
}

async function live() {
  const document = await stage.appConfig.liveDocument();
  if (document === null) throw new Error('Nothing is deployed.');
  return document;
}

async function exposures(id: string): Promise<PromotionItem['exposures']> {
  const run = await stage.registry.run(stage.model, id);
  return run?.kind === 'promotion' ? run.exposures : [];
}

async function lastOf(type: string) {
  const found = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) found.push(body.data);
  return found.at(-1);
}

describe('A shadow', () => {
  it('runs beside production, which serves the same as before', async () => {
    await serving();
    const before = await live();
    const id = await stage.shadowed('2.0');
    const document = await live();
    expect(servesTheSame(document, before)).toBe(true);
    expect(document).toMatchObject({ shadowVersion: '2.0', canaryVersion: '', canaryPercentage: 0 });
    expect(document).toMatchObject({ promotionId: id, salt: id, approvedBy: ['Ana Approver <ana@shop.example>'] });
    const days = (Date.parse(document.shadowUntil) - Date.parse(document.approvedAt)) / 86_400_000;
    expect(days).toBe(70);
  });

  it('is recorded with its intent, on its run, and changes the status of no version', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    const { revision, shadowUntil } = await live();
    expect(await exposures(id)).toMatchObject([
      { stage: 'shadow', step: 0, percentage: 0, until: shadowUntil, revision, deploymentNumber: 3 },
    ]);
    const said = { promotionId: id, kind: 'shadow', productionVersion: '1.0', shadowVersion: '2.0', shadowUntil };
    expect(await lastOf('pointer-move-intended')).toMatchObject(said);
    expect(await lastOf('pointer-moved')).toMatchObject({ ...said, canaryVersion: '', canaryUntil: '', revision });
    expect((await stage.state()).statuses).toEqual({ '1.0': 'production', '2.0': 'candidate' });
  });

  it('answers what the flow waits for, the same when asked again', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    const answer = { promotionId: id, kind: 'shadow', deploymentNumber: 3, waitSeconds: 3 * 3600 };
    expect(await stage.move(id)).toMatchObject(answer);
    expect(stage.appConfig.deployments).toHaveLength(3);
    expect(await exposures(id)).toHaveLength(1);
  });

  it('runs beside the safe forecast for a first version', async () => {
    await stage.onboard();
    await stage.shadowed('1.0');
    expect(await live()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive', shadowVersion: '1.0' });
  });

  it('takes the place of the comparator of the promotion before, and says so', async () => {
    await serving();
    const before = await stage.candidate('2.0');
    await stage.prepare(before);
    await stage.move(before);
    await stage.close(before, 'promoted');
    expect(await live()).toMatchObject({ productionVersion: '2.0', shadowVersion: '1.0' });
    await stage.shadowed('3.0');
    expect(await live()).toMatchObject({ productionVersion: '2.0', shadowVersion: '3.0', previousVersion: '1.0' });
    expect(await lastOf('pointer-move-intended')).toMatchObject({
      replaced: { promotionId: before, shadowVersion: '1.0', canaryVersion: '' },
    });
  });

  it('does not begin while people are asked', async () => {
    await serving();
    const id = await stage.candidate('2.0', 1, { stage: 'shadow' });
    await stage.prepare(id);
    await stage.ask(id, 'shadow');
    const reasons = [{ code: 'NOT_DUE', got: 'awaiting shadow' }];
    expect(await failure(stage.move(id))).toMatchObject({ code: 'NOT_VOUCHED', reasons });
  });

  it.each([
    ['nobody let it in', 'NOT_APPROVED', async () => {}],
    ['the candidate was withdrawn', 'VERSION_WITHDRAWN', async () => stage.withdraw('2.0')],
    [
      'another version serves than the one to compare with',
      'BASELINE_CHANGED',
      async () => void (await stage.rollBack({ withdrawVersion: '1.0' })),
    ],
  ])('does not begin when %s', async (_what, code, disturb) => {
    await serving();
    const run = await stage.registered('2.0', 1, { stage: 'shadow' });
    if (code !== 'NOT_APPROVED') await stage.approve(run);
    await stage.prepare(run.promotionId);
    await disturb();
    const error = await failure(stage.move(run.promotionId));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code }] });
    expect(await live()).toMatchObject({ shadowVersion: '' });
  });

  it('does not begin without a way back', async () => {
    await serving();
    await stage.promote('2.0');
    const id = await stage.candidate('3.0', 1, { stage: 'shadow' });
    expect(await failure(stage.move(id))).toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
  });
});

describe('A canary', () => {
  it('grows step by step from its own shadow, within the plan, until one end', async () => {
    await serving();
    const id = await stage.canaried('2.0', 2);
    const document = await live();
    expect(document).toMatchObject({ productionVersion: '1.0', canaryVersion: '2.0', canaryPercentage: 50 });
    expect(document).toMatchObject({ shadowVersion: '', shadowUntil: '', unit: 'sku-store', salt: id });
    const all = await exposures(id);
    expect(all.map((one) => [one.stage, one.step, one.percentage])).toEqual([
      ['shadow', 0, 0],
      ['canary', 0, 5],
      ['canary', 1, 20],
      ['canary', 2, 50],
    ]);
    expect(new Set(all.slice(1).map(({ until }) => until))).toEqual(new Set([document.canaryUntil]));
    expect(await lastOf('pointer-moved')).toMatchObject({ kind: 'canary', step: 2, canaryPercentage: 50 });
    expect((await stage.state()).statuses).toEqual({ '1.0': 'production', '2.0': 'candidate' });
  });

  it('is approved by its own gate, not by that of the shadow', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    await stage.enter(id, 'canary');
    await stage.prepare(id);
    const ports = stage.movePorts();
    const gates = async () => (await ports.gates(id)).filter((gate) => gate.stage === 'shadow');
    const error = await failure(movePointer({ ...ports, gates }, id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'NOT_APPROVED' }] });
  });

  it('leaves out no step', async () => {
    await serving();
    const id = await stage.canaried('2.0');
    await stage.advance(id, 2);
    const error = await failure(stage.move(id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'NOT_OWN_EXPOSURE' }] });
    expect(await live()).toMatchObject({ canaryPercentage: 5 });
  });

  it('never goes past the approved plan', async () => {
    await serving();
    const id = await stage.canaried('2.0', 2);
    await stage.advance(id, 3);
    const error = await failure(stage.move(id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'NO_SUCH_STEP', allowed: '0 to 2' }] });
  });

  it('does not follow an exposure that was ended', async () => {
    await serving();
    const id = await stage.canaried('2.0');
    await stage.endExposure(id);
    await stage.advance(id, 1);
    const error = await failure(stage.move(id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'NOT_OWN_EXPOSURE' }] });
    expect(await live()).toMatchObject({ canaryVersion: '' });
  });

  it('follows the document without a candidate only once its shadow has run out', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    const { shadowUntil } = await live();
    await stage.endExposure(id);
    await stage.enter(id, 'canary');
    expect(await failure(stage.move(id))).toMatchObject({ reasons: [{ code: 'NOT_OWN_EXPOSURE' }] });
    await movePointer({ ...stage.movePorts(), now: () => shadowUntil }, id);
    expect(await live()).toMatchObject({ canaryVersion: '2.0', canaryPercentage: 5 });
  });

  it('does not follow a document that somebody put in between', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    await stage.enter(id, 'canary');
    const { signature: _, ...document } = await live();
    const other = await signDocument(stage.key.sign, stage.model, { ...document, revision: 9, reason: 'Other.' });
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(other));
    expect(await failure(stage.move(id))).toMatchObject({ reasons: [{ code: 'NOT_OWN_EXPOSURE' }] });
  });

  it('is not deployed a second time after it was taken back', async () => {
    await serving();
    const id = await stage.canaried('2.0');
    stage.appConfig.slow = true;
    await stage.advance(id, 1);
    await failure(stage.move(id));
    stage.appConfig.slow = false;
    await stage.rollBack({ withdrawVersion: '2.0' });
    expect(await failure(stage.move(id))).toMatchObject({ code: 'PROMOTION_ENDED', reasons: [{ code: 'TAKEN_BACK' }] });
    expect(await live()).toMatchObject({ productionVersion: '1.0', canaryVersion: '' });
  });
});

describe('A promotion through every stage', () => {
  it('ends its canary, promotes, and keeps the version before as comparator until it is confirmed', async () => {
    await serving();
    const id = await stage.canaried('2.0', 2);
    await stage.endExposure(id);
    await stage.enter(id, 'production');
    await stage.prepare(id);
    expect(await stage.move(id)).toMatchObject({ kind: 'promote' });
    const document = await live();
    expect(document).toMatchObject({ productionVersion: '2.0', previousVersion: '1.0', shadowVersion: '1.0' });
    const days = (Date.parse(document.shadowUntil) - Date.parse(document.approvedAt)) / 86_400_000;
    expect(days).toBe(28);
    expect((await stage.state()).statuses).toEqual({ '1.0': 'retained', '2.0': 'production' });
    expect(stage.evidence.keys()).toContain(`manifests/${id}/deployment.dsse.json`);
  });

  it('signs a deployment statement for nothing but the promotion itself', async () => {
    await serving();
    const id = await stage.canaried('2.0', 2);
    expect(stage.evidence.keys()).not.toContain(`manifests/${id}/deployment.dsse.json`);
  });
});

function bound(registry: MovePorts['registry']) {
  return {
    run: registry.run.bind(registry),
    model: registry.model.bind(registry),
    version: registry.version.bind(registry),
    returnDocument: registry.returnDocument.bind(registry),
    intent: registry.intent.bind(registry),
    killSwitch: registry.killSwitch.bind(registry),
  };
}

describe('An adopted version', () => {
  it('serves after the first document, labelled as one that passed no gate, with nothing before it', async () => {
    const id = await stage.adoption('0.9');
    expect(await live()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive' });
    expect(await stage.move(id)).toMatchObject({ kind: 'adopt', waitSeconds: 0 });
    expect(await live()).toMatchObject({
      productionVersion: '0.9',
      previousVersion: '',
      fallback: '',
      promotionId: id,
    });
    expect(await stage.registry.version(stage.model, '0.9')).toMatchObject({ status: 'production', predecessor: '' });
    expect(await lastOf('pointer-moved')).toMatchObject({ kind: 'adopt', label: 'adopted, gates not passed' });
    expect(await stage.move(id)).toMatchObject({ kind: 'adopt', deploymentNumber: 2 });
  });

  it("is a model's first version or none", async () => {
    const id = await stage.adoption('0.9');
    const { promotionId } = await stage.registered('0.8');
    const { registry, ...ports } = stage.movePorts();
    const { run, model, version, returnDocument, intent, killSwitch } = bound(registry);
    const promoted = { registeredAt: '', promotedAt: '2026-03-01T00:00:00.000Z', promotionId };
    const versions = async () =>
      (await registry.versions(stage.model)).map((item) => (item.version === '0.8' ? { ...item, ...promoted } : item));
    const told = { run, model, version, returnDocument, intent, killSwitch, versions };
    const error = await failure(movePointer({ ...ports, registry: told }, id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'NOT_FIRST_VERSION', got: '0.8' }] });
    expect(await live()).toMatchObject({ productionVersion: '' });
  });

  it('does not serve once it was withdrawn', async () => {
    const id = await stage.adoption('0.9');
    await stage.withdraw('0.9');
    const error = await failure(stage.move(id));
    expect(error).toMatchObject({ code: 'NOT_VOUCHED', reasons: [{ code: 'VERSION_WITHDRAWN' }] });
  });
});

describe('The way back beside a candidate', () => {
  it('is the document that names how the production version itself got there', async () => {
    await serving();
    const before = await stage.registry.returnDocument(stage.model, '1.0');
    expect(before).toBeNull();
    const id = await stage.shadowed('2.0');
    const kept = await stage.registry.returnDocument(stage.model, '1.0');
    await stage.enter(id, 'canary');
    await stage.prepare(id);
    expect(await stage.registry.returnDocument(stage.model, '1.0')).toEqual(kept);
    await stage.endExposure(id);
    expect(await live()).toMatchObject({ productionVersion: '1.0', promotionId: `${stage.model}_1-0_1` });
  });

  it('is made anew when the kept one serves something else', async () => {
    await serving();
    const id = await stage.shadowed('2.0');
    const { signature: _, ...document } = await live();
    const killed = { ...document, fallback: 'seasonal-naive', fallbackSegments: ['region:CA'] };
    const signed = await signDocument(stage.key.sign, stage.model, killed);
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(signed));
    await stage.prepare(id);
    const kept = await stage.registry.returnDocument(stage.model, '1.0');
    const parsed = parseHosted(await stage.appConfig.hostedContent('', kept?.hostedVersion ?? 0));
    expect(parsed).toMatchObject({ ok: true, value: { fallbackSegments: ['region:CA'], shadowVersion: '', salt: '' } });
  });

  it.each([
    ['is gone', async () => null, 'nothing'],
    [
      'has other bytes',
      async (key: string) => ({ bucket: 'evidence', key, versionId: `v-${key}`, sha256: 'ab'.repeat(32) }),
      /abab/,
    ],
    [
      'has a newer version',
      async (key: string) => {
        const found = await stage.evidence.find(key);
        return found === null ? null : { ...found, versionId: 'v2' };
      },
      /version v2/,
    ],
  ])('is none when the artifact of the production version %s', async (_what, find, got) => {
    await serving();
    const id = await stage.candidate('2.0', 1, { stage: 'shadow' });
    const error = await failure(prepareReturn({ ...stage.returnPorts(), evidence: { find } }, id, stage.now()));
    expect(error).toMatchObject({ code: 'NO_ROLLBACK_TARGET', reasons: [{ code: 'ARTIFACT_GONE' }] });
    expect(error.reasons[0]?.got).toMatch(got);
  });
});
