import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BEN } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// A whole stack on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const MODEL = 'broken';
const TRIGGER = 'system:alarm-production-failing';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  // No forecaster of that name: the version verifies, serves by the pointer, and cannot forecast.
  const artifact = await scene.pipeline.upload(`${MODEL}/1.0/model.json`, Buffer.from('{"forecaster":"gone"}'));
  const policy = { watch: { afterConfirmation: 'rollback' } };
  await scene.onboard(MODEL, { adopt: { version: '1.0', artifact }, policy });
});
afterAll(() => scene.stop());

/** Forecasts of so many SKUs for a week. */
function ask(skus: number): Promise<unknown> {
  const history = Array.from({ length: 28 }, (_, day) => day % 7);
  const of = { store: 'S1', region: 'N', category: 'lamps', history };
  const requests = Array.from({ length: skus }, (_, index) => ({ sku: `L${index}`, ...of }));
  return scene.invoke('InferenceFunctionName', { model: MODEL, asOf: '2026-03-01', horizonDays: 7, requests });
}

describe('A version in production that fails its forecasts', () => {
  it('is not taken back for a handful of them, and people are told', async () => {
    expect(await ask(1)).toMatchObject({ forecasts: Array(7).fill({ arm: 'fallback' }) });
    const letter = await until(async () => (await scene.mail.letters(TRIGGER, BEN.email))[0]);
    expect(letter).toMatch(/failed 7 of 7 forecasts/);
    expect(letter).toContain('Nothing was changed yet.');
    expect(await scene.serves(MODEL)).toBe('1.0');
  });

  it('is taken back within minutes, by the alarm, over the event bus, and owner and approvers are told', async () => {
    await ask(40);
    // The alarm rings already; what goes on is found by the schedule.
    await scene.stack.platform.tick('AnswerAlarms');
    const rolledBack = await until(async () => (await scene.ledger(MODEL)).find(({ type }) => type === 'rolled-back'));
    expect(rolledBack.data).toMatchObject({
      ...{ cause: 'infrastructure', from: '1.0', to: '', requestedBy: { name: TRIGGER } },
      detail: expect.stringMatching(/failed 287 of 287 forecasts/),
    });
    expect(await scene.serves(MODEL)).toBe('seasonal-naive');
    const letters = await until(async () => {
      const found = await scene.mail.letters(TRIGGER, BEN.email);
      return found.length > 1 ? found : undefined;
    });
    expect(letters[1]).toContain('A rollback was started already');
    expect(letters[1]).toMatch(/https?:\/\/\S+\/rollbacks\/\S+/);
  });

  it('is left alone from then on, and the ledger holds', async () => {
    await scene.stack.platform.tick('AnswerAlarms');
    const entries = await scene.ledger(MODEL);
    expect(entries.filter(({ type }) => type === 'rolled-back')).toHaveLength(1);
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
