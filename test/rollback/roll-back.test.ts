import { describe, expect, it } from 'vitest';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { confirmRollback } from '../../functions/rollback/confirm-rollback.ts';
import { type RecordPorts, recordRollback } from '../../functions/rollback/record-rollback.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import { type DeployedRollback, deployedRollback } from '../../functions/rollback/rollback-answer.ts';
import type { RollBackPorts } from '../../functions/rollback/rollback-ports.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0', '2.0'],
);

async function serves(): Promise<string | undefined> {
  const live = await stage.appConfig.liveDocument();
  return live?.productionVersion || live?.fallback;
}

/** Registry and ledger as they are when DynamoDB is down. */
function withoutTables(): RollBackPorts {
  const down = () => Promise.reject(new Error('DynamoDB is down.'));
  const registry = { model: down, waysBack: down };
  return { ...stage.rollBackPorts(), registry, ledger: { append: down } };
}

async function deployed(input: Readonly<Record<string, unknown>> = {}): Promise<DeployedRollback> {
  return deployedRollback.parse(await stage.rollBack(input));
}

async function entry(type: string) {
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) return body;
  return null;
}

/** Ports of a store whose methods stay bound to it. */
function only(registry: RecordPorts['registry']): RecordPorts['registry'] {
  return {
    inFlight: (model, kind) => registry.inFlight(model, kind),
    run: (model, promotionId) => registry.run(model, promotionId),
    versions: (model) => registry.versions(model),
  };
}

describe('A rollback', () => {
  it('brings the version before back with its existing configuration version', async () => {
    const answer = await stage.rollBack();
    expect(answer).toMatchObject({ outcome: 'deployed', from: '2.0', to: '1.0', how: 'deployed' });
    expect(await serves()).toBe('1.0');
    expect(stage.appConfig.versions).toHaveLength(5);
  });

  it('withdraws the version, makes the target production, and records cause and seconds', async () => {
    const recorded = await stage.finish(await stage.rollBack({ detail: 'Stockouts in CA.' }));
    expect(recorded).toMatchObject({ end: 'rolled-back', from: '2.0', to: '1.0', cause: 'metric-degradation' });
    expect(recorded.seconds).toBeGreaterThan(0);
    expect(await stage.registry.version(stage.model, '2.0')).toMatchObject({
      status: 'withdrawn',
      withdrawnBecause: 'metric-degradation',
    });
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({ status: 'production' });
    expect(await entry('rolled-back')).toMatchObject({
      actor: { kind: 'person', name: 'Pia Pipeline' },
      data: {
        from: '2.0',
        to: '1.0',
        seconds: recorded.seconds,
        confirmed: true,
        closed: [],
        detail: 'Stockouts in CA.',
      },
    });
  });

  it('goes all the way down to the safe forecast, never to a withdrawn version', async () => {
    await stage.finish(await stage.rollBack({ withdrawVersion: '2.0' }, 'first'));
    await stage.finish(await stage.rollBack({ withdrawVersion: '1.0' }, 'second'));
    expect(await serves()).toBe('seasonal-naive');
    expect(await stage.rollBack({}, 'third')).toMatchObject({ outcome: 'already-withdrawn' });
  });

  it('goes to a named version', async () => {
    await stage.promote('3.0');
    expect(await stage.rollBack({ targetVersion: '1.0' })).toMatchObject({ from: '3.0', to: '1.0' });
    expect(await serves()).toBe('1.0');
  });

  it('is harmless when it is asked twice, by whoever asks', async () => {
    await stage.finish(await stage.rollBack({}, 'first'));
    expect(await stage.rollBack({}, 'second')).toMatchObject({ outcome: 'already-withdrawn' });
    const guard = { requestedBy: 'system:guard', withdrawVersion: '2.0' };
    expect(await stage.rollBack(guard, 'third')).toMatchObject({ outcome: 'already-withdrawn' });
    expect(await serves()).toBe('1.0');
  });

  it.each([0, 3600])('completes one that was never recorded, under its own name, %i s later', async (seconds) => {
    const first = await stage.rollBack({}, 'first');
    stage.seconds += seconds;
    const again = await stage.rollBack({}, 'second');
    expect(again).toMatchObject({ outcome: 'deployed', executionName: 'first', from: '2.0', to: '1.0' });
    await stage.finish(again);
    await stage.finish(first);
    expect(await stage.registry.version(stage.model, '2.0')).toMatchObject({ status: 'withdrawn' });
    expect(await stage.registry.version(stage.model, '1.0')).toMatchObject({ status: 'production' });
    expect((await stage.types()).filter((type) => type === 'rolled-back')).toHaveLength(1);
    expect(await serves()).toBe('1.0');
  });

  it('goes a step further without naming a version once some time has passed', async () => {
    await stage.finish(await stage.rollBack({}, 'first'));
    stage.seconds += 3600;
    expect(await stage.rollBack({}, 'second')).toMatchObject({ outcome: 'deployed', from: '1.0', to: '' });
  });

  it('stops a deployment in progress and goes back from what it would have brought', async () => {
    const id = await stage.candidate('3.0');
    await prepareReturn(stage.returnPorts(), id, stage.now());
    stage.appConfig.slow = true;
    await expect(movePointer(stage.movePorts(), id)).rejects.toThrow();
    stage.appConfig.slow = false;
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', from: '3.0', to: '2.0' });
    expect(stage.appConfig.deployments.map(({ state }) => state).slice(-2)).toEqual(['ROLLED_BACK', 'COMPLETE']);
    expect(await serves()).toBe('2.0');
  });

  it('reverts when its document cannot be deployed', async () => {
    stage.appConfig.broken = new Error('StartDeployment is down.');
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', from: '2.0', to: '1.0', how: 'reverted' });
    expect(await serves()).toBe('1.0');
  });

  it('reverts to nothing that names a withdrawn version', async () => {
    await stage.finish(await stage.rollBack({}, 'first'));
    await stage.promote('3.0');
    await stage.rollBack({}, 'second');
    stage.appConfig.broken = new Error('StartDeployment is down.');
    await expect(stage.rollBack({ withdrawVersion: '1.0' }, 'third')).rejects.toThrow('StartDeployment is down.');
    expect(await serves()).toBe('1.0');
  });

  it('needs neither registry nor ledger', async () => {
    const answer = await rollBack(withoutTables(), stage.rollbackEvent());
    expect(answer).toMatchObject({ outcome: 'deployed', from: '2.0', to: '1.0' });
    expect(await serves()).toBe('1.0');
    expect(await stage.types()).not.toContain('rollback-intended');
  });

  it('takes a deployment by hand, past every check, back to what the registry knows', async () => {
    await stage.promote('3.0');
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', from: '', to: '2.0' });
  });

  it('passes over a document that is not what was recorded', async () => {
    const item = await stage.registry.returnDocument(stage.model, '1.0');
    const index = (item?.hostedVersion ?? 0) - 1;
    const hosted = stage.appConfig.versions[index];
    if (hosted === undefined) throw new Error('No document goes back to 1.0.');
    stage.appConfig.versions[index] = { ...hosted, content: hosted.content.replaceAll('"1.0"', '"9.9"') };
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', to: '' });
    expect(await serves()).toBe('seasonal-naive');
  });

  it('fails loudly when there is nothing to go back to', async () => {
    stage.appConfig.versions.forEach((hosted, index) => {
      if (hosted.label !== '') stage.appConfig.versions[index] = { ...hosted, content: '{}' };
    });
    await expect(stage.rollBack()).rejects.toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
    expect(await serves()).toBe('2.0');
  });

  it('is refused with every fault of its input, and for a model that nobody onboarded', async () => {
    const event = { ...stage.rollbackEvent(), input: { model: 'nobody', cause: 'mood' } };
    const answer = await rollBack(stage.rollBackPorts(), event);
    expect(answer).toMatchObject({ outcome: 'rejected', model: 'nobody' });
    expect(answer.reasons.map(({ path }) => path).toSorted()).toEqual(['cause', 'requestedBy']);
    expect(await stage.rollBack({ model: 'nobody' })).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'UNKNOWN_MODEL' }],
    });
  });
});

describe('Confirming a rollback', () => {
  const looks = async (rollback: DeployedRollback, served: () => Promise<Uint8Array>) =>
    confirmRollback({ served, publicKeyPem: stage.key.publicKeyPem, now: stage.now, sleep: async () => {} }, rollback);

  it('waits until the data plane serves the document twice in a row', async () => {
    const stale = await stage.appConfig.served();
    const rollback = await deployed();
    const fresh = await stage.appConfig.served();
    const answers = [stale, fresh, stale, fresh, fresh, stale];
    const confirmation = await looks(rollback, async () => answers.shift() ?? stale);
    expect(confirmation).toMatchObject({ confirmed: true, revision: rollback.hostedVersion });
    expect(answers).toHaveLength(1);
  });

  it('gives up to be repeated while the data plane serves something else', async () => {
    const stale = await stage.appConfig.served();
    const rollback = await deployed();
    await expect(looks(rollback, async () => stale)).rejects.toMatchObject({ code: 'POINTER_BUSY' });
    await expect(looks(rollback, async () => Buffer.from('{}'))).rejects.toMatchObject({ code: 'POINTER_BUSY' });
  });
});

describe('Recording a rollback', () => {
  it('ends the promotion in flight, withdraws its gate and stops its execution', async () => {
    const run = await stage.registered('3.0');
    await stage.finish(await stage.rollBack());
    const ended = await stage.registry.run(stage.model, run.promotionId);
    expect(ended).toMatchObject({ end: 'rolled-back', reasons: [{ code: 'ROLLED_BACK', got: 'rollback-1' }] });
    expect(await stage.registry.inFlight(stage.model, 'promotion')).toBeNull();
    expect([...stage.stopped]).toEqual([run.executionArn]);
    expect((await entry('rolled-back'))?.data['closed']).toEqual([run.promotionId]);
  });

  it('leaves the end of a promotion that goes back from itself to its own machine', async () => {
    const run = await stage.registered('3.0');
    const rollback = { ...(await deployed()), executionArn: run.executionArn };
    await recordRollback(stage.recordPorts(), { rollback, confirmation: { confirmed: false } }, stage.now());
    expect(await stage.registry.run(stage.model, run.promotionId)).not.toHaveProperty('end');
    expect(stage.stopped.size).toBe(0);
  });

  it('does not concern a promotion that started since, against what serves now', async () => {
    const rollback = await deployed();
    const run = await stage.registered('3.0');
    await recordRollback(stage.recordPorts(), { rollback, confirmation: { confirmed: true } }, stage.now());
    expect(await stage.registry.run(stage.model, run.promotionId)).not.toHaveProperty('end');
  });

  it('is repeated when another rollback is recorded in the same moment', async () => {
    const first = await deployed();
    const second = deployedRollback.parse(await stage.rollBack({ withdrawVersion: '1.0' }, 'second'));
    const ports = stage.recordPorts();
    const versions = async (model: string) => {
      const read = await stage.registry.versions(model);
      await stage.finish(second);
      return read;
    };
    const event = { rollback: first, confirmation: { confirmed: true } };
    const racing = { ...ports, registry: { ...only(ports.registry), versions } };
    await expect(recordRollback(racing, event, stage.now())).rejects.toMatchObject({ code: 'LEDGER_CONTENTION' });
    await recordRollback(ports, event, stage.now());
    const { statuses } = await stage.state();
    expect(statuses).toEqual({ '1.0': 'withdrawn', '2.0': 'withdrawn' });
  });

  it('records a rollback that could not be confirmed as not confirmed', async () => {
    const rollback = await deployed();
    const now = stage.now();
    await recordRollback(stage.recordPorts(), { rollback, confirmation: { confirmed: false } }, now);
    expect((await entry('rolled-back'))?.data).toMatchObject({ confirmed: false });
  });

  it('keeps one intent and one record per execution', async () => {
    const event = stage.rollbackEvent();
    const rollback = deployedRollback.parse(await rollBack(stage.rollBackPorts(), event));
    await rollBack(stage.rollBackPorts(), event);
    await stage.finish(rollback);
    await stage.finish(rollback);
    const types = await stage.types();
    expect(types.filter((type) => type === 'rollback-intended')).toHaveLength(1);
    expect(types.filter((type) => type === 'rolled-back')).toHaveLength(1);
  });
});
