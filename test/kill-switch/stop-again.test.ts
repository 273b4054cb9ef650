import { describe, expect, it } from 'vitest';
import { throwKillSwitch } from '../../functions/kill-switch/throw-kill-switch.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import { PIPELINE } from '../fakes/inputs.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (one) => {
    stage = one;
  },
  ['1.0'],
);

describe('A candidate that waits, and whose execution could not be stopped at once', () => {
  const asked = () => ({
    ...{ model: stage.model, level: 'candidate', reason: 'Orders are far too high.', requestedBy: PIPELINE },
    expiresAt: '2026-03-02T08:00:00.000Z',
  });

  it('is stopped by the same call again, which says that it is, though its promotion has ended', async () => {
    const { promotionId, executionArn } = await stage.registered('2.0', 1, { stage: 'shadow', awaitingApproval: true });
    const ports = stage.killPorts();
    let tries = 0;
    const stopExecution: typeof ports.stopExecution = async (...which) => {
      tries += 1;
      if (tries === 1) throw new Error('Rate exceeded');
      await ports.stopExecution(...which);
    };
    const answer = await throwKillSwitch({ ...ports, stopExecution }, asked());
    expect(answer).toMatchObject({ outcome: 'already-thrown', promotionId, version: '2.0', recorded: true });
    expect(stage.stopped.has(executionArn)).toBe(true);
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ end: 'withdrawn' });
    expect((await stage.types()).filter((type) => type === 'kill-switch-thrown')).toHaveLength(1);
    expect(await stage.kill('candidate')).toMatchObject({ outcome: 'already-thrown', promotionId });
  });

  it('is none to stop for whoever asks with other words: that is another call', async () => {
    await stage.registered('2.0', 1, { stage: 'shadow', awaitingApproval: true });
    expect(await stage.kill('candidate')).toMatchObject({ outcome: 'thrown', version: '2.0' });
    const again = { reason: 'The next one is far too low.' };
    expect(await stage.kill('candidate', again)).toMatchObject({ outcome: 'nothing-to-stop' });
    expect(await stage.kill('canary')).toMatchObject({ outcome: 'nothing-to-stop' });
  });
});
