import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PointerReader } from '../../../functions/inference/pointer/pointer-reader-store.ts';
import type { PointerDocument } from '../../../functions/pointer/document.ts';
import { servedContent } from '../../../functions/pointer/flag.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';
import {
  awsError,
  type Disturbance,
  documentOf,
  Held,
  noRoute,
  ReaderStand,
  refusedToken,
  revisionOf,
} from './data-plane.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const REVISIONS = [1, 2, 3, 4, 5];
const documents: PointerDocument[] = await Promise.all(REVISIONS.map((revision) => documentOf({ revision })));
const foreign = await signedDocument(createTestKey(), { revision: 8 });
const BAD = [
  '',
  'null',
  '{"pointer":{"enabled":false}}',
  servedContent(foreign),
  servedContent({ ...foreign, signature: 'bm9uZQ==' }),
  servedContent(foreign).replace('"schema":1', '"schema":2'),
  servedContent(foreign).slice(0, 300),
];
const ERRORS = [
  noRoute(),
  refusedToken(),
  refusedToken('PollIntervalNotSatisfied'),
  awsError('ThrottlingException', 400),
  awsError('InternalServerException', 500),
  awsError('ResourceNotFoundException', 404),
  awsError('AccessDeniedException', 403),
  new SyntaxError('Unexpected token <'),
];

const times = fc.integer({ min: 1, max: 5 });
const step = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constant('call' as const), after: fc.integer({ min: 0, max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('freeze' as const), seconds: fc.integer({ min: 1, max: 4_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('set clock' as const), by: fc.integer({ min: -5_000, max: 0 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deploy' as const), which: fc.nat(documents.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deploy badly' as const), which: fc.nat(BAD.length - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      which: fc.nat(ERRORS.length - 1),
      lost: fc.boolean(),
      times,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold' as const), times }) },
  { weight: 3, arbitrary: fc.constant({ do: 'let go' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'give up' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'forget tokens' } as const) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** AppConfig, a reader, and what the reader is to serve by what has reached it. */
class Play {
  readonly stand = new ReaderStand();
  readonly reader: PointerReader = this.stand.reader({ lookTimeoutMs: 10_000 });
  expected: number | 'POINTER_UNAVAILABLE' = 'POINTER_UNAVAILABLE';
  #held: Held[] = [];
  /** Answers to requests up to this one are nobody's any more. */
  #givenUp = 0;

  constructor() {
    const { plane } = this.stand;
    plane.onDelivery = (content, request) => {
      const isNewest = request === plane.starts + plane.gets && request > this.#givenUp;
      const document = documents.find((one) => servedContent(one) === content);
      if (isNewest && document !== undefined) this.expected = document.revision;
    };
  }

  /** What one call is served; nobody waits longer than the limits allow. */
  async call(after: number): Promise<number | string> {
    this.stand.at += after;
    const served = revisionOf(this.reader);
    await vi.advanceTimersByTimeAsync(100);
    return served;
  }

  async take(one: Step): Promise<void> {
    const { stand } = this;
    const { plane } = stand;
    if (one.do === 'freeze') stand.freeze(one.seconds);
    else if (one.do === 'set clock') stand.at += one.by;
    else if (one.do === 'deploy') plane.serve(documents[one.which] ?? '');
    else if (one.do === 'deploy badly') plane.serve(BAD[one.which] ?? '');
    else if (one.do === 'fail') this.#disturb(one.times, () => ({ error: ERRORS[one.which], lost: one.lost }));
    else if (one.do === 'hold')
      this.#disturb(one.times, (operation) => (operation === 'get' ? this.#hold() : undefined));
    else if (one.do === 'let go') await this.#letGo();
    else if (one.do === 'give up') await this.#giveUp();
    else if (one.do === 'forget tokens') plane.forgetTokens();
  }

  /** So many requests from now on. */
  #disturb(times: number, how: Disturbance): void {
    let left = times;
    this.stand.plane.disturb = (operation) => (left-- > 0 ? how(operation) : undefined);
  }

  #hold(): Held {
    const held = new Held();
    this.#held.push(held);
    return held;
  }

  async #letGo(): Promise<void> {
    for (const held of this.#held.splice(0)) held.release();
    await vi.advanceTimersByTimeAsync(0);
  }

  /** The time limit of a look passes, and with it the answer that it waits for. */
  async #giveUp(): Promise<void> {
    this.#givenUp = this.stand.plane.starts + this.stand.plane.gets;
    await vi.advanceTimersByTimeAsync(11_000);
  }
}

const names = ['moved', 'wentBack', 'late', 'abandoned', 'renewed', 'refused', 'notRefreshed', 'servedStale'] as const;

describe('Whatever AppConfig does', () => {
  it('a reader serves the newest document that verified and reached it, throws nothing once it had one, and converges', async () => {
    const seen = Object.fromEntries(names.map((name) => [name, 0])) as Record<(typeof names)[number], number>;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const play = new Play();
        for (const one of steps) {
          if (one.do === 'call') expect(await play.call(one.after)).toBe(play.expected);
          else await play.take(one);
        }
        play.stand.plane.disturb = null;
        await play.take({ do: 'deploy', which: 4 });
        expect(await play.call(120)).toBe(5);
        const { counts } = play.reader;
        for (const name of names) seen[name] += counts[name];
        const asked = counts.goodLooks + counts.refused + counts.notRefreshed + counts.abandoned;
        expect(asked).toBeGreaterThanOrEqual(counts.looks);
      }),
      { numRuns: 300 },
    );
    // The plays do something: where nothing ever happens, anything holds.
    for (const name of names) expect(seen[name], name).toBeGreaterThan(25);
  });
});
