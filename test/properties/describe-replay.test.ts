import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributesOf, type UnsignedDocument } from '../../functions/pointer/document.ts';
import { type Attributes, plainRoute } from '../inference/routing/plain-router.ts';
import { LedgerStory, type Live } from '../registry/ledger-story.ts';

const START = Date.parse('2026-03-01T00:00:00.000Z');
const word = fc.constantFrom('a', 'b', 'ä|', '🍞');
const kind = fc.constantFrom('north', 'south', '');
const segment = fc.constantFrom('region:north', 'category:south', 'sku:a', 'tier:gold', 'tier:silver');
const units = fc.record({
  ...{ sku: word, store: word, region: kind, category: kind },
  segments: fc.subarray(['tier:gold', 'tier:silver', 'region:south']),
});
const move = fc.record({
  what: fc.constantFrom('shadow', 'canary', 'canary', 'canary', 'ended', 'promote', 'rolled-back' as const),
  /** Whoever let it out died before it was recorded; what comes next takes it back. */
  isLost: fc.constantFrom(false, false, false, true),
  afterMs: fc.constantFrom(0, 1, 1000, 3_600_000, 86_400_000),
  untilMs: fc.constantFrom(500, 3_600_000, 7_200_000, 864_000_000, 864_000_000),
  canaryPercentage: fc.constantFrom(5, 50, 90),
  unit: fc.constantFrom('sku-store' as const, 'store' as const, 'sku' as const),
  canaryRegions: fc.constantFrom<readonly string[]>([], [], ['north', ''], ['south']),
  canarySkus: fc.constantFrom<readonly string[]>([], [], ['a', 'b']),
  excludedSegments: fc.oneof(fc.constant([]), fc.array(segment, { maxLength: 2 })),
  killed: fc.constantFrom<readonly string[] | null>(
    null,
    null,
    null,
    null,
    null,
    null,
    ['region:north'],
    ['tier:gold', 'store:a'],
    [],
  ),
  back: fc.nat(),
});
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

/** Plays moves as the product would make them: one promotion after the other, each exposure over the one before. */
function played(moves: readonly Move[], lagMs: number): LedgerStory {
  const onboarded = { promotionId: 'demand_onboard_1', salt: 'demand_onboard_1', reason: 'New.' };
  const story = new LedgerStory(lagMs).moved('onboard', START, {
    ...{ ...onboarded, productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' },
  });
  let [atMs, next] = [START, 1];
  let production = '';
  /** What was let out last and not recorded. */
  let lost: 'canary' | 'promote' | null = null;
  const served = [''];
  const taken = moves.at(-1)?.isLost ? [...moves, { ...moves[0], what: 'rolled-back', isLost: false } as Move] : moves;
  for (const { what, afterMs, untilMs, killed, back, isLost: dies, ...cohort } of taken) {
    atMs += afterMs;
    const [version, promotionId] = [`${next}.0`, `demand_${next}-0_1`];
    const until = new Date(atMs + untilMs).toISOString();
    const first = production === '' ? { fallback: 'seasonal-naive' } : {};
    const kill = killed === null ? {} : { fallback: 'weekday-mean', fallbackSegments: killed };
    const base = { promotionId, salt: promotionId, productionVersion: production, ...first, ...kill };
    // A kill switch stays, whatever else moves, unless it only stood in for a version that did not exist.
    const standing = (serving: string) =>
      serving === '' ? { fallback: 'seasonal-naive', fallbackSegments: [] } : kill;
    const plain = {
      ...base,
      salt: '',
      previousVersion: '',
      fallback: '',
      fallbackSegments: [],
      ...standing(production),
    };
    const out = (kind: 'shadow' | 'canary' | 'promote', members: Partial<UnsignedDocument>) => {
      lost = dies && kind !== 'shadow' ? kind : null;
      if (lost !== null) story.unrecorded(atMs, members);
      else story.moved(kind, atMs, members);
    };
    // A candidate that was let out is taken out again; a version in production is gone back from.
    if (what === 'rolled-back' || lost === 'promote' || (lost === 'canary' && what !== 'ended')) {
      lost = null;
      const to = served[back % served.length] ?? '';
      story.rolledBack(production, to, atMs, { ...plain, productionVersion: to, fallback: '', ...standing(to) });
      production = to;
    } else if (what === 'ended') {
      lost = null;
      story.ended('canary', atMs, { promotionId, version }, plain);
    } else if (what === 'shadow') out('shadow', { ...base, shadowVersion: version, shadowUntil: until });
    else if (what === 'canary') out('canary', { ...base, ...cohort, canaryVersion: version, canaryUntil: until });
    else {
      out('promote', { ...base, productionVersion: version, fallback: '', fallbackSegments: [], ...standing(version) });
      production = version;
      served.push(version);
      next += 1;
    }
  }
  return story;
}

function attributes(document: UnsignedDocument): Attributes {
  return JSON.parse(JSON.stringify(attributesOf(document)));
}

/** Straight from the documents: the newest that was out by then. */
function servedAt(live: readonly Live[], unit: typeof units extends fc.Arbitrary<infer T> ? T : never, atMs: number) {
  const document = live.findLast((one) => one.atMs <= atMs)?.document;
  if (document === undefined) return null;
  const { version, arm } = plainRoute(attributes(document), unit, new Date(atMs).toISOString());
  return { version, arm, revision: document.revision };
}

describe('Whatever moved, the ledger tells of any unit at any instant', () => {
  it('what the documents themselves say, and since when, to the millisecond', async () => {
    const arms = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 3, maxLength: 12 }),
        fc.constantFrom(0, 1_500),
        fc.array(fc.tuple(units, fc.nat(), fc.integer({ min: -2, max: 2 })), { minLength: 6, maxLength: 6 }),
        async (moves, lagMs, questions) => {
          const story = played(moves, lagMs);
          const bounds = story.live.flatMap(({ atMs, document }) => [atMs, Date.parse(document.canaryUntil)]);
          const instants = bounds.filter((one) => Number.isFinite(one));
          for (const [unit, pick, offset] of questions) {
            const atMs = Math.max(START, (instants[pick % instants.length] ?? START) + offset);
            const told = await story.ask({ ...unit, at: new Date(atMs).toISOString() }, new Date('2100-01-01'));
            expect(told).toMatchObject(servedAt(story.live, unit, atMs) ?? {});
            arms.set(told.arm, (arms.get(told.arm) ?? 0) + 1);
            const sinceMs = Date.parse(told.since);
            expect(sinceMs).toBeLessThanOrEqual(atMs);
            expect(told).not.toHaveProperty('needs');
            for (const within of instants.filter((one) => one >= sinceMs && one <= atMs)) {
              const { version, arm } = servedAt(story.live, unit, within) ?? {};
              expect([version, arm]).toEqual([told.version, told.arm]);
            }
            if (sinceMs === START) continue;
            const before = await story.ask(
              { ...unit, at: new Date(sinceMs - 1).toISOString() },
              new Date('2100-01-01'),
            );
            const same = ({ version, arm, promotionId }: typeof told) => `${version} ${arm} ${promotionId}`;
            expect(same(before)).not.toBe(same(told));
          }
        },
      ),
      { numRuns: 150 },
    );
    for (const arm of ['production', 'canary', 'fallback']) expect(arms.get(arm) ?? 0).toBeGreaterThan(10);
  });
});
