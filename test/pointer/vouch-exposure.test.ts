import { describe, expect, it } from 'vitest';
import { systemActor } from '../../functions/platform/people.ts';
import { documentSha256, type PointerDocument, signDocument } from '../../functions/pointer/document.ts';
import type { MoveKind } from '../../functions/pointer/due-move.ts';
import { type VouchPorts, vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import type { VersionItem } from '../../functions/registry/items.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
const furtherStage = onFreshStage((fresh) => {
  stage = fresh;
}, []);

async function live(): Promise<PointerDocument> {
  const document = await stage.appConfig.liveDocument();
  if (document === null) throw new Error('Nothing is deployed.');
  return document;
}

/** What vouching says of a hosted version that somebody deploys again. */
async function again(hostedVersion: number, ports: VouchPorts = stage.vouching): Promise<string | undefined> {
  return (await vouchDeployment(ports, await stage.appConfig.event(hostedVersion)))?.Details[0]?.Name;
}

async function seqOf(gate: string): Promise<number> {
  let seq = 0;
  for await (const { body } of stage.ledger.entries(stage.model)) {
    if (body.type === 'approval-decided' && body.data['stage'] === gate) seq = body.seq;
  }
  return seq;
}

/** A document with an intent of its own, as a mover would write that went past what it may. */
async function intended(kind: MoveKind, members: Partial<PointerDocument>, gate: string): Promise<string | undefined> {
  const { signature: _, ...base } = await live();
  const document = await signDocument(stage.key.sign, stage.model, { ...base, revision: 99, ...members });
  const { promotionId, productionVersion, previousVersion } = document;
  const digest = documentSha256(stage.model, document);
  const said = { promotionId, productionVersion, previousVersion, kind, approvalSeq: await seqOf(gate) };
  const at = stage.now();
  const intent = { model: stage.model, documentSha256: digest, promotionId, at };
  await stage.ledger.append(
    {
      ...{ model: stage.model, type: 'pointer-move-intended', at, actor: systemActor('move-pointer') },
      data: { ...said, documentSha256: digest },
    },
    (ledgerSeq) => [stage.movePorts().writes.newIntent({ ...intent, ledgerSeq })],
  );
  return again(stage.appConfig.hostByHand(document));
}

function withStatus(of: string, status: VersionItem['status']): VouchPorts {
  const { registry } = stage.vouching;
  return {
    ...stage.vouching,
    registry: {
      intent: registry.intent.bind(registry),
      run: registry.run.bind(registry),
      killSwitch: registry.killSwitch.bind(registry),
      model: registry.model.bind(registry),
      version: async (model, version) => {
        const item = await registry.version(model, version);
        return item === null || version !== of ? item : { ...item, status };
      },
    },
  };
}

describe('Vouching for an exposure', () => {
  it('lets the document of the stage start again, for a step that is repeated', async () => {
    await stage.promote('1.0');
    await stage.canaried('2.0', 1);
    expect(await again((await live()).revision)).toBeUndefined();
  });

  it('refuses the document of a stage that is over', async () => {
    await stage.promote('1.0');
    const id = await stage.shadowed('2.0');
    const shadow = (await live()).revision;
    expect(await again(shadow)).toBeUndefined();
    await stage.ask(id, 'canary');
    expect(await again(shadow)).toBe('NOT_DUE');
    await stage.enter(id, 'canary');
    expect(await again(shadow)).toBe('NOT_DUE');
    await stage.move(id);
    const canary = (await live()).revision;
    await stage.endExposure(id);
    await stage.ask(id, 'production');
    expect(await again(canary)).toBe('NOT_DUE');
  });

  it('refuses a withdrawn candidate, and a production version that was never promoted', async () => {
    await stage.promote('1.0');
    await stage.canaried('2.0');
    const { revision } = await live();
    expect(await again(revision, withStatus('2.0', 'withdrawn'))).toBe('VERSION_WITHDRAWN');
    expect(await again(revision, withStatus('1.0', 'withdrawn'))).toBe('VERSION_WITHDRAWN');
    expect(await again(revision, withStatus('1.0', 'candidate'))).toBe('NEVER_PROMOTED');
  });

  it('refuses a comparator that was withdrawn', async () => {
    await stage.promote('1.0');
    const id = await stage.candidate('2.0');
    await stage.prepare(id);
    await stage.move(id);
    expect(await again((await live()).revision, withStatus('1.0', 'withdrawn'))).toBe('VERSION_WITHDRAWN');
  });

  it.each([
    ['a wider share', { canaryPercentage: 90 }, 'WIDER_THAN_APPROVED'],
    ['a step not reached', { canaryPercentage: 50 }, 'STEP_NOT_REACHED'],
    ['stores of its own choice', { canaryStores: ['S1'] }, 'WIDER_THAN_APPROVED'],
    ['a later end', { canaryUntil: '2099-01-01T00:00:00.000Z' }, 'LONGER_THAN_APPROVED'],
    ['another production version', { productionVersion: '2.0' }, 'PRODUCTION_CHANGED'],
  ] as const)('refuses %s, although an intent names it', async (_what, members, code) => {
    await stage.promote('1.0');
    await stage.canaried('2.0', 1);
    expect(await intended('canary', members, 'canary')).toBe(code);
  });

  it('refuses a document under the approval of another stage', async () => {
    await stage.promote('1.0');
    await stage.canaried('2.0');
    expect(await intended('canary', { reason: 'Other.' }, 'shadow')).toBe('NOT_APPROVED');
    expect(await intended('promote', { productionVersion: '2.0', reason: 'Now.' }, 'canary')).toBe('NOT_APPROVED');
  });

  it('refuses a move of a kind that there is not', async () => {
    await stage.promote('1.0');
    await stage.canaried('2.0');
    expect(await intended('onboard', { reason: 'As if it were the first.' }, 'change')).toBe('INTENT_DIFFERS');
  });
});

describe('Vouching for an adopted version', () => {
  it('lets it start under the approval of the onboarding, and no other version', async () => {
    const own = furtherStage();
    stage = own;
    const id = await stage.adoption('0.9');
    await stage.move(id);
    expect(await again((await live()).revision)).toBeUndefined();
    expect(await intended('adopt', { productionVersion: '0.8' }, 'change')).toBe('NOT_DUE');
    expect(await intended('adopt', { shadowVersion: '0.9', reason: 'Wider.' }, 'change')).toBe('WIDER_THAN_APPROVED');
  });

  it('refuses a version of a model that was onboarded without one', async () => {
    stage = furtherStage();
    await stage.onboarding();
    await stage.move(`${stage.model}_onboard_1`);
    expect(await intended('adopt', { productionVersion: '0.9' }, 'change')).toBe('NOT_DUE');
  });
});
