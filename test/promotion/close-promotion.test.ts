import { describe, expect, it } from 'vitest';
import { completeMove } from '../../functions/pointer/complete-move.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { closeDeadPromotions } from '../../functions/promotion/close-dead-promotion.ts';
import { closeEvent, closePromotion } from '../../functions/promotion/close-promotion.ts';
import { takeOutInput } from '../../functions/promotion/dead-promotion.ts';
import { applyChange } from '../../functions/registry/apply-change.ts';
import { registerChange } from '../../functions/registry/register-change.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { deployedRollback } from '../../functions/rollback/rollback-answer.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import { ANA, BEN, onboardInput, PIPELINE } from '../fakes/inputs.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';

const AT = '2026-03-01T10:00:00.000Z';
let tables: Tables;
let stage: ReleaseStage;
onFreshStage((fresh, itsTables) => {
  stage = fresh;
  tables = itsTables;
});

function changePorts() {
  const writes = new RegistryWrites(tables.registry);
  const taking = { evidence: stage.evidence, allowedPrefixes: [], retention: { days: 1, mode: 'GOVERNANCE' as const } };
  return { registry: stage.registry, ledger: stage.ledger, writes, firstApprovers: [ANA], ...taking };
}

async function register(promotionId: string, input: unknown) {
  return registerChange(changePorts(), { promotionId, executionArn: `arn:${promotionId}`, input }, AT);
}

async function apply(promotionId: string): Promise<void> {
  const { place: environment } = stage.appConfig;
  const decided = { isApproved: async () => true, ensureEnvironment: async () => environment };
  await applyChange({ ...changePorts(), ...decided }, promotionId, AT);
}

async function moved(version: string): Promise<string> {
  const promotionId = await stage.candidate(version);
  await prepareReturn(stage.returnPorts(), promotionId, stage.now());
  await movePointer(stage.movePorts(), promotionId);
  return promotionId;
}

const endOf = async (promotionId: string) => (await stage.registry.run(stage.model, promotionId))?.end;

describe('Closing a run as withdrawn after a step failed', () => {
  it('finds a promotion promoted whose version serves', async () => {
    await stage.onboard();
    const promotionId = await moved('1.0');
    const reasons = [{ code: 'EXECUTION_FAILED', message: 'The step that closes it failed.' }];
    await stage.close(promotionId, 'withdrawn', { reasons });
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ end: 'promoted', reasons: [] });
  });

  it('withdraws a promotion whose version was taken out again', async () => {
    await stage.onboard();
    const promotionId = await moved('1.0');
    const run = await stage.registry.run(stage.model, promotionId);
    const taken = deployedRollback.parse(await stage.rollBack({ withdrawVersion: '1.0' }, promotionId));
    await stage.finish({ ...taken, executionArn: run?.executionArn ?? '' });
    await stage.close(promotionId, 'withdrawn');
    expect(await endOf(promotionId)).toBe('withdrawn');
  });

  it.each([
    [{ Error: 'NOT_VOUCHED', Cause: '{"errorType":"NOT_VOUCHED","errorMessage":"No.","trace":["at x"]}' }, 'No.'],
    [{ Error: 'States.Timeout' }, 'States.Timeout'],
    [{ Error: 'States.Runtime', Cause: 'A path that there is not.' }, 'A path that there is not.'],
    // Half a character, where it is cut, could not be recorded, and the run would not be closed.
    [{ Error: 'Error', Cause: `${'x'.repeat(499)}\u{1F4C8}` }, `${'x'.repeat(499)}\uFFFD`],
  ])('tells people what a failed step said, without its trace: %o', async (failure, said) => {
    await stage.onboard();
    const promotionId = await moved('1.0');
    const run = await stage.registry.run(stage.model, promotionId);
    const taken = deployedRollback.parse(await stage.rollBack({ withdrawVersion: '1.0' }, promotionId));
    await stage.finish({ ...taken, executionArn: run?.executionArn ?? '' });
    const left = [{ code: 'EXECUTION_FAILED', message: 'A step failed.', got: failure }];
    const { reasons } = closeEvent.parse({ promotionId, end: 'withdrawn', reasons: left });
    await stage.close(promotionId, 'withdrawn', { reasons });
    expect((await stage.registry.run(stage.model, promotionId))?.reasons).toMatchObject([{ got: said }]);
  });

  it('finds a change applied that is in the model, and withdraws one that is not', async () => {
    await stage.onboard();
    const change = { ...onboardInput().change, type: 'ownership' };
    const input = { kind: 'change', model: stage.model, approvers: [BEN], change, requestedBy: PIPELINE };
    const [first, second] = [`${stage.model}_change_1`, `${stage.model}_change_2`];
    await register(first, input);
    await apply(first);
    await stage.close(first, 'withdrawn');
    await register(second, { ...input, approvers: [ANA] });
    await stage.close(second, 'withdrawn');
    expect([await endOf(first), await endOf(second)]).toEqual(['applied', 'withdrawn']);
  });

  it('finds a change applied that a step which outlived its execution puts into the model meanwhile', async () => {
    await stage.onboard();
    const change = { ...onboardInput().change, type: 'ownership' };
    const id = `${stage.model}_change_1`;
    await register(id, { kind: 'change', model: stage.model, approvers: [BEN], change, requestedBy: PIPELINE });
    const { registry, ledger, writes } = changePorts();
    let applied = false;
    const withdrawGate = async () => {
      if (!applied) await apply(id);
      applied = true;
    };
    const asked = { promotionId: id, end: 'withdrawn' as const, reasons: [] };
    expect(await closePromotion({ registry, ledger, writes, withdrawGate }, asked, AT)).toMatchObject({
      end: 'applied',
    });
    expect(await endOf(id)).toBe('applied');
  });

  it('finds an onboarding applied once its first document is out, and withdraws it before', async () => {
    const [first, second] = [`${stage.model}_onboard_1`, `${stage.model}_onboard_2`];
    await register(first, onboardInput({ model: stage.model }));
    await apply(first);
    await stage.close(first, 'withdrawn');
    await register(second, onboardInput({ model: stage.model }));
    await apply(second);
    const run = await stage.registry.run(stage.model, second);
    if (run === null) throw new Error('The second onboarding was refused.');
    await stage.approve(run);
    await movePointer(stage.movePorts(), second);
    await stage.close(second, 'withdrawn');
    expect([await endOf(first), await endOf(second)]).toEqual(['withdrawn', 'applied']);
  });
});

describe('Closing a promotion whose execution died', () => {
  /** Looks once, with the rollback that it starts carried out. */
  async function sweep(): Promise<readonly unknown[]> {
    const started: unknown[] = [];
    await closeDeadPromotions({
      registry: { allInFlight: async () => inFlight(), run: (model, id) => stage.registry.run(model, id) },
      status: async () => 'ABORTED',
      endExposure: (promotionId) => stage.endExposure(promotionId),
      completeMove: (promotionId) => completeMove(stage.movePorts(), promotionId),
      takeOut: async (run) => {
        started.push(takeOutInput(run));
        const answer = await stage.rollBack(takeOutInput(run), run.promotionId);
        if (answer.outcome === 'deployed') await stage.finish(answer);
      },
      tell: async () => {},
      close: async (event) => {
        await stage.close(event.promotionId, event.end);
        return { ...event, at: AT };
      },
    });
    return started;
  }
  const inFlight = async () => {
    const item = await stage.registry.inFlight(stage.model, 'promotion');
    return item === null ? [] : [item];
  };

  it('takes a candidate out that went live and was not recorded', async () => {
    await stage.onboard();
    const promotionId = await stage.candidate('1.0');
    await prepareReturn(stage.returnPorts(), promotionId, stage.now());
    const ports = stage.movePorts();
    const append = async (...[draft, writes]: Parameters<typeof ports.ledger.append>) => {
      if (draft.type === 'pointer-moved') throw new Error('The execution was stopped.');
      return stage.ledger.append(draft, writes);
    };
    await expect(movePointer({ ...ports, ledger: { append } }, promotionId)).rejects.toThrow('was stopped');
    await sweep();
    expect(await stage.appConfig.liveDocument()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive' });
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({ status: 'withdrawn' });
    expect(await endOf(promotionId)).toBe('rolled-back');
    expect(await stage.types()).toContain('rolled-back');
  });

  it('moves nothing when the candidate never went live, and asks for nothing once the move is recorded', async () => {
    await stage.onboard();
    const early = await stage.candidate('1.0');
    expect(await sweep()).toHaveLength(1);
    expect(await endOf(early)).toBe('withdrawn');
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({ status: 'candidate' });
    const late = await moved('2.0');
    expect(await sweep()).toEqual([]);
    expect(await endOf(late)).toBe('promoted');
  });
});

describe('Onboarding again', () => {
  it('deploys a first document of its own when the one before went out and was not recorded', async () => {
    const first = await stage.onboarding();
    const ports = stage.movePorts();
    const append: typeof ports.ledger.append = async (draft, writes) => {
      if (draft.type === 'pointer-moved') throw new Error('DynamoDB is down.');
      return stage.ledger.append(draft, writes);
    };
    await expect(movePointer({ ...ports, ledger: { append } }, first)).rejects.toThrow('DynamoDB is down.');
    await stage.close(first, 'withdrawn');
    const second = `${stage.model}_onboard_2`;
    await register(second, onboardInput({ model: stage.model }));
    await apply(second);
    const run = await stage.registry.run(stage.model, second);
    if (run === null) throw new Error('The second onboarding was refused.');
    await stage.approve(run);
    await movePointer(stage.movePorts(), second);
    expect(await stage.appConfig.liveDocument()).toMatchObject({ promotionId: second, fallback: 'seasonal-naive' });
    expect((await stage.types()).filter((type) => type === 'pointer-moved')).toHaveLength(1);
  });

  it('answers a twin of a refused registration what was recorded', async () => {
    await stage.onboard();
    const refusals = [1, 2, 3].map(() => register(`${stage.model}_change_9`, { kind: 'change', model: stage.model }));
    const [answer, ...others] = await Promise.all(refusals);
    for (const other of others) expect(other).toEqual(answer);
    // One is the onboarding's.
    expect((await stage.types()).filter((type) => type === 'change-ended')).toHaveLength(2);
  });
});
