import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReleaseError } from '../../functions/platform/errors.ts';
import { switchOf } from '../../functions/pointer/switch.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

const furtherStage = onFreshStage(() => {});

const act = fc.constantFrom(
  ...([
    'throw',
    'throw-north',
    'throw-south',
    'canary',
    'stop',
    'withdraw',
    'promote',
    'roll-back',
    'restore',
  ] as const),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** One model, and what was done to it. */
class Played {
  readonly stage: ReleaseStage;
  #next = 2;
  #attempts = 0;

  constructor(stage: ReleaseStage) {
    this.stage = stage;
  }

  /** Does one thing, as far as the product lets it be done now. */
  async do(what: Act): Promise<void> {
    try {
      await this.#do(what);
    } catch (error) {
      if (!isReleaseError(error)) throw error;
    }
    const inFlight = await this.stage.registry.inFlight(this.stage.model, 'promotion');
    if (inFlight !== null && what !== 'canary') await this.stage.close(inFlight.promotionId, 'withdrawn');
    const restoring = await this.stage.registry.inFlight(this.stage.model, 'restore');
    if (restoring !== null) await this.stage.close(restoring.promotionId, 'withdrawn');
  }

  async #do(what: Act): Promise<void> {
    const { stage } = this;
    this.#attempts += 1;
    const version = `${this.#next}.0`;
    if (what === 'throw') await stage.kill('model', { reason: `Whole, for the ${this.#attempts}th time.` });
    else if (what === 'throw-north')
      await stage.kill('model', { segments: ['region:north'], fallback: 'weekday-mean' });
    else if (what === 'throw-south') await stage.kill('model', { segments: ['region:south'] });
    else if (what === 'stop') await stage.kill('canary');
    else if (what === 'withdraw') await stage.kill('candidate');
    else if (what === 'restore') await stage.restore(this.#attempts);
    else if (what === 'roll-back') {
      const answer = await stage.rollBack({}, `rollback-${this.#attempts}`);
      // Once nothing but the safe forecast serves, there is nothing to withdraw.
      if (answer.outcome === 'deployed') await stage.finish(answer);
      else expect(answer.outcome).toBe('already-withdrawn');
    } else {
      this.#next += 1;
      if (what === 'promote') await stage.promote(version);
      else await stage.canaried(version);
    }
  }
}

/** What a switch covers, in a form in which more is a superset. */
function covered(document: {
  readonly productionVersion: string;
  readonly fallback: string;
  readonly fallbackSegments: readonly string[];
}) {
  if (document.productionVersion === '') return 'all';
  const switched = switchOf(document);
  return switched === null ? [] : switched.fallbackSegments.length === 0 ? 'all' : switched.fallbackSegments;
}

function holds(now: 'all' | readonly string[], before: 'all' | readonly string[]): boolean {
  return now === 'all' || (before !== 'all' && before.every((one) => now.includes(one)));
}

describe('In whatever order switches are thrown and left, versions promoted and gone back from', () => {
  it('no withdrawn version serves, and a thrown switch ends by a restoration alone', { timeout: 600_000 }, async () => {
    let [throws, restored] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 7 }), async (acts) => {
        const stage = furtherStage();
        const played = new Played(stage);
        await stage.onboard();
        await stage.promote('1.0');
        let standing: 'all' | readonly string[] = [];
        for (const what of acts) {
          await played.do(what);
          const live = await stage.appConfig.liveDocument();
          if (live === null) throw new Error('Nothing is deployed.');
          const item = await stage.registry.killSwitch(stage.model);
          if (what === 'restore' && item === null) {
            restored += standing.length > 0 ? 1 : 0;
            standing = [];
          }
          if (what.startsWith('throw') && item !== null) {
            throws += 1;
            const more = item.fallbackSegments.length === 0 ? ('all' as const) : item.fallbackSegments;
            expect(holds(more, standing)).toBe(true);
            standing = more;
          }
          expect(holds(covered(live), standing)).toBe(true);
          expect(item === null).toBe(standing.length === 0);
          const versions = await stage.registry.versions(stage.model);
          const serving = [live.productionVersion, live.canaryVersion].filter((one) => one !== '');
          for (const { version, status } of versions)
            if (serving.includes(version)) expect(status).not.toBe('withdrawn');
        }
      }),
      {
        numRuns: 4,
        examples: [
          [['throw', 'roll-back', 'throw', 'throw-north', 'throw']],
          [['throw', 'roll-back', 'promote', 'restore', 'roll-back']],
          [['throw-north', 'canary', 'throw-south', 'promote', 'restore', 'canary', 'withdraw']],
        ],
      },
    );
    expect(throws).toBeGreaterThan(2);
    expect(restored).toBeGreaterThan(0);
  });
});
