import { describe, expect, it } from 'vitest';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (one) => {
    stage = one;
  },
  ['1.0'],
);

describe('A canary that is held, its shadow still in the pointer', () => {
  it.each(['canary', 'shadow', 'candidate'])('is stopped by the level %s, and its shadow with it', async (level) => {
    const promotionId = await stage.shadowed('2.0');
    await stage.enter(promotionId, 'canary');
    const before = stage.appConfig.deployments.length;
    expect(await stage.kill(level)).toMatchObject({ outcome: 'thrown', promotionId, version: '2.0', recorded: true });
    expect(await stage.appConfig.liveDocument()).toMatchObject({ productionVersion: '1.0', shadowVersion: '' });
    expect(stage.appConfig.deployments.length).toBe(before + 1);
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ end: 'withdrawn' });
    expect(stage.stopped.size).toBe(1);
    expect(await stage.kill(level)).toMatchObject({ outcome: 'already-thrown' });
  });
});
