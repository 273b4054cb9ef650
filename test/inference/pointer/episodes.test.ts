import { describe, expect, it } from 'vitest';
import { Episodes } from '../../../functions/inference/pointer/episodes.ts';
import { newTally } from '../../../functions/inference/pointer/pointer-event.ts';

const LOST = { code: 'UNREACHABLE', message: 'No route.' } as const;
const LATE = { code: 'TIMEOUT', message: 'Late.' } as const;
const FOREIGN = { code: 'SIGNATURE_INVALID', message: 'Not ours.' } as const;

function begun(staleAfterSeconds = 300) {
  const tally = newTally();
  const episodes = new Episodes(tally, staleAfterSeconds);
  const failed = (fault: typeof LOST | typeof LATE | typeof FOREIGN, at: number, again = false) =>
    episodes.failed({ fault, again, beganAtMs: at * 1000, nowMs: at * 1000 }).map(({ kind }) => kind);
  const good = (at: number, inTime = true) => episodes.good({ inTime, beganAtMs: at * 1000, nowMs: at * 1000 });
  return { tally, episodes, failed, good };
}

describe('Episodes', () => {
  it('begin with the first look that fails so, and end with the next good one', () => {
    const { failed, good } = begun();
    expect([failed(LOST, 10), failed(LOST, 20), failed(LOST, 30)]).toEqual([['not-refreshed'], [], []]);
    expect(good(45)).toEqual([{ kind: 'recovered', code: 'UNREACHABLE', failedLooks: 3, seconds: 35 }]);
    expect(good(60)).toEqual([]);
  });

  it('of looks that are late end only with one that is in time', () => {
    const { failed, good, episodes } = begun();
    failed(LATE, 10);
    failed(LOST, 20);
    expect(good(30, false).map((event) => 'code' in event && event.code)).toEqual(['UNREACHABLE']);
    expect(episodes.staleSeconds(30_000)).toBe(0);
    expect(good(50)).toEqual([{ kind: 'recovered', code: 'TIMEOUT', failedLooks: 1, seconds: 40 }]);
  });

  it('have no length below nothing when the clock was set back', () => {
    const { failed, good, episodes } = begun();
    failed(LOST, 100);
    expect(episodes.staleSeconds(50_000)).toBe(0);
    expect(good(20)).toEqual([{ kind: 'recovered', code: 'UNREACHABLE', failedLooks: 1, seconds: 0 }]);
  });

  it('count a look that was late and then failed as one look', () => {
    const { failed, tally } = begun();
    failed(LATE, 10);
    failed(LOST, 12, true);
    expect(tally).toMatchObject({ notRefreshed: 1, faults: { TIMEOUT: 1, UNREACHABLE: 1 } });
  });
});

describe('Silence', () => {
  it('is stale from the second look on that was not answered, once beyond its bound', () => {
    const { episodes, failed, tally } = begun();
    episodes.asked(0);
    expect(failed(LOST, 900)).toEqual(['not-refreshed']);
    expect(failed(LOST, 905)).toEqual(['stale']);
    expect(failed(LOST, 910)).toEqual([]);
    expect(tally.stale).toBe(2);
  });

  it('is ended by a document to refuse, for AppConfig was heard', () => {
    const { episodes, failed, tally } = begun();
    episodes.asked(0);
    failed(LOST, 290);
    failed(LOST, 295);
    expect(failed(FOREIGN, 299)).toEqual(['refused']);
    expect(failed(LOST, 310)).toEqual([]);
    expect(failed(LOST, 400)).toEqual([]);
    expect(tally).toMatchObject({ stale: 0, refused: 1, notRefreshed: 4 });
    expect(failed(LOST, 600)).toEqual(['stale']);
  });

  it('began when AppConfig confirmed a copy, where it serves by one', () => {
    const { episodes } = begun();
    expect(episodes.staleSeconds(1_000_000)).toBe(0);
    episodes.resumed(400_000);
    episodes.asked(1_000_000);
    expect(episodes.staleSeconds(1_000_000)).toBe(600);
  });
});
