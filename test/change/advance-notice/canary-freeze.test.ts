import { beforeEach, describe, expect, it } from 'vitest';
import { findNotice } from '../../../functions/change/advance-notice/find-notice.ts';
import { noticePage } from '../../../functions/change/advance-notice/notice-page.ts';
import { flightsBody } from '../../../functions/console/page/flight-section.ts';
import { flightOf } from '../../../functions/console/view/flight.ts';
import { recordHold } from '../../../functions/drill/hold/record-hold.ts';
import { readWidening } from '../../../functions/evidence/canary/widening.ts';
import { html } from '../../../functions/platform/html.ts';
import type { PromotionItem } from '../../../functions/registry/items.ts';
import { textOf } from '../../console/stand.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { ANA, BEN } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import { LONG_REASON, NoticeStand } from './notice-stand.ts';

const DAY = 86_400;

let stage: ReleaseStage;
let stand: NoticeStand;
onFreshStage(
  (fresh, tables) => {
    stage = fresh;
    stand = new NoticeStand(fresh, tables);
  },
  ['1.0'],
);

let id: string;
let until: string;
const later = (seconds: number) => new Date(Date.parse(stage.now()) + seconds * 1000).toISOString();

async function freeze(): Promise<void> {
  until = later(3 * DAY);
  await stand.settle({ policy: { freezes: [{ from: later(-60), until, reason: 'Peak trading' }] } });
}

async function promotion(): Promise<PromotionItem> {
  const run = await stand.run(id);
  if (run.kind !== 'promotion') throw new Error('There is no promotion.');
  return run;
}

/** What holds the next step, as the judge asks and records it. */
async function widening(): Promise<readonly string[]> {
  const { registry, freezes } = stand.ports();
  const reasons = await readWidening({ registry, freezes }, await promotion(), stage.now());
  const found = { stage: 'canary' as const, reasons, at: stage.now(), who: 'judge', step: 0 };
  await recordHold(stand.ports(), await promotion(), found);
  return reasons.map(({ code, path }) => `${code} ${path ?? ''}`);
}

beforeEach(async () => {
  await stand.settle({ downstream: [] });
});

describe('A freeze that begins while a canary runs', () => {
  beforeEach(async () => {
    id = await stage.canaried('2.0');
    await freeze();
  });

  it('holds its next step, says so on the console until when, and passes by itself', async () => {
    expect(await widening()).toEqual([`FROZEN ${until}`]);
    expect(await widening()).toEqual([`FROZEN ${until}`]);
    expect(await stand.entries('canary-held')).toHaveLength(1);
    const flight = flightOf({ run: await promotion(), gates: { ok: true, value: [] } }, await stand.model());
    const shown = textOf(html`${flightsBody([flight], stage.now())}`.markup);
    for (const said of [`FROZEN ${until}`, 'it passes by itself', 'Step 1 of']) expect(shown).toContain(said);
    stage.seconds += 3 * DAY;
    expect(await widening()).toEqual([]);
    expect((await promotion()).holds?.map(({ reasons }) => reasons.length)).toEqual([1, 0]);
  });

  it('keeps nobody from going back, nor from stopping the canary', async () => {
    await widening();
    await stage.finish(await stage.rollBack({ withdrawVersion: '2.0' }));
    expect(await stage.state()).toMatchObject({ serves: '1.0', exposes: ['', '', 0] });
  });

  it('is lifted by a second approver, who is asked once it stands still, and by nobody who let it in', async () => {
    await stand.attend();
    expect(stand.letters).toEqual([]);
    await widening();
    await stand.attend();
    await stand.attend();
    expect(stand.lettersTo(ANA.email)).toEqual([]);
    const [letter, ...more] = stand.lettersTo(BEN.email);
    expect(more).toEqual([]);
    expect(letter?.text).toContain('does not serve more units yet');
    const link = stand.linkOf(BEN.email);
    const found = await findNotice(stand.ports(), link, stage.now());
    expect(found === null ? '' : noticePage(found)).toContain('Held before it serves more units');
    expect(await stand.answer(link, { model: '2.0', note: LONG_REASON })).toMatchObject({ status: 200 });
    expect(await widening()).toEqual([]);
    expect(await stand.entries('hold-excepted')).toMatchObject([{ data: { stage: 'canary', step: 0 } }]);
    expect(await stand.answer(link, { model: '2.0', note: LONG_REASON })).toMatchObject({ status: 409 });
    // For that freeze alone.
    await freeze();
    expect(await widening()).toEqual([`FROZEN ${until}`]);
  });

  it('is not lifted any more by an exception of whoever is no approver any more', async () => {
    await widening();
    await stand.attend();
    await stand.answer(stand.linkOf(BEN.email), { model: '2.0', note: LONG_REASON });
    await stand.settle({ approvers: [ANA] });
    expect(await widening()).toEqual([`FROZEN ${until}`]);
  });

  it('is of no matter to a canary that was judged', async () => {
    await widening();
    const judged = { verdict: 'PASS' as const, reasons: [], judge: 'canary/2', judgedAt: stage.now(), artifacts: {} };
    const run = { ...(await promotion()), gates: { canary: judged } };
    expect(flightOf({ run, gates: { ok: true, value: [] } }, await stand.model()).wait.kind).toBe('step');
  });
});

describe('An exception that was made before the canary began', () => {
  it('counts for its next steps where the canary began by it, and not where the freeze came after', async () => {
    const exception = async (at: string) => {
      const holds = [`FROZEN ${until}`];
      return [{ stage: 'canary' as const, holds, approver: BEN, at, seq: 1 }];
    };
    await freeze();
    const early = stage.now();
    id = await stage.canaried('2.0');
    const { registry, freezes } = stand.ports();
    const held = async (holdExceptions: PromotionItem['holdExceptions'] = []) =>
      (await readWidening({ registry, freezes }, { ...(await promotion()), holdExceptions }, stage.now())).length;
    expect(await held()).toBe(1);
    expect(await held(await exception(early))).toBe(0);
    // A freeze that began after the canary: whoever made the exception may be who then let it in.
    await stand.settle({ policy: { freezes: [{ from: stage.now(), until, reason: 'Peak trading' }] } });
    expect(await held(await exception(early))).toBe(1);
    expect(await held(await exception(stage.now()))).toBe(0);
  });
});
