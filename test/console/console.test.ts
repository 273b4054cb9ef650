import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerConsole } from '../../functions/console/console.ts';
import type { ConsolePorts } from '../../functions/console/read/console-ports.ts';
import { MAX_MODELS } from '../../functions/console/read/read-overview.ts';
import { attributesOf, signDocument } from '../../functions/pointer/document.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ReleaseStage } from '../fakes/release-stage.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { ConsoleStand, ENDPOINT, textOf } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

let models = 0;

/** A model of its own with version 1.0.0 in production. */
async function promoted(): Promise<ReleaseStage> {
  models += 1;
  const stage = new ReleaseStage(tables, `shown-${models}`);
  await stage.onboard();
  await stage.promote('1.0.0');
  return stage;
}

async function pageOf(stage: ReleaseStage, over: Partial<ConsolePorts> = {}) {
  return new ConsoleStand(tables, stage, over).page();
}

describe('The page of a model', () => {
  it('says what runs, why, who approved it and since when, and that the data plane serves just that', async () => {
    const { sections } = await pageOf(await promoted());
    expect(sections['What runs, and why']).toMatch(
      /In production 1\.0\.0 Since 2026-03-01 08:\d\d UTC \(23 hours ago\)/,
    );
    expect(sections['What runs, and why']).toContain('Approved by Ana Approver for production');
    expect(sections['What runs, and why']).toContain('Checked it.');
    expect(sections['Live pointer']).toMatch(/^Matches the ledger: entry \d+ Serves 1\.0\.0/);
    expect(sections['In flight']).toBe('Nothing is in flight.');
    expect(sections['Release history']).toMatch(/What was in production, the newest first.*1\.0\.0.*safe|seasonal/);
  });

  it('says of a rollback from what to what, why, who asked and how many seconds it took', async () => {
    const stage = await promoted();
    await stage.promote('1.1.0');
    await stage.finish(await stage.rollBack({ cause: 'safety', detail: 'Orders doubled.' }));
    const { sections } = await pageOf(stage);
    expect(sections['Rollbacks']).toMatch(
      /version 1\.1\.0 version 1\.0\.0 safety: Orders doubled\. .* \d+(\.\d)? \d+$/,
    );
    expect(sections['What runs, and why']).toContain('Rolled back from 1.1.0: safety');
    expect(sections['Live pointer']).toMatch(/^Matches the ledger/);
  });

  it('shows a standing kill switch with who threw it and when it expires, and one that is past its expiry as such', async () => {
    const stage = await promoted();
    await stage.kill('model', { fallback: 'seasonal-naive' });
    const { sections, markup } = await pageOf(stage);
    expect(textOf(markup)).toContain('A kill switch stands');
    expect(sections['Kill switches']).toContain('Orders are far too high.');
    expect(sections['Kill switches']).toMatch(/model Stands seasonal-naive serves everywhere|past its expiry/);
    const later = await new ConsoleStand(tables, stage).page('2026-03-09T08:00:00.000Z');
    expect(later.sections['Kill switches']).toContain('Stands, past its expiry');
  });

  it('shows a canary with its step, its share, its bound in time and the newest look against its margins', async () => {
    const stage = await promoted();
    const promotionId = await stage.canaried('1.1.0', 1);
    const measures = [
      { metric: 'stockout', estimate: 0.0012, bound: 0.0049, margin: 0.005, sufficient: true, nonInferior: true },
      {
        metric: 'overstock',
        estimate: null,
        bound: 'inf' as const,
        margin: 0.02,
        sufficient: false,
        nonInferior: false,
      },
    ];
    const newestLook = { stage: 'canary' as const, at: '2026-03-02T06:00:00.000Z', days: 9, stepDays: 2, measures };
    const write = new RegistryWrites(tables.registry).updateRun({ model: stage.model, promotionId }, { newestLook });
    await tables.client.send(new TransactWriteCommand({ TransactItems: [write] }));
    const { sections } = await pageOf(stage);
    expect(sections['In flight']).toMatch(/Stage canary Waits for evidence: 2 of \d+ days; ends by itself 2026-/);
    expect(sections['In flight']).toMatch(
      /Canary Step 2 of \d+: \d+ % of the units, held for P\d+D of closed business days/,
    );
    expect(sections['In flight']).toContain('Newest look at the canary, 2026-03-02 06:00 UTC, over 9 closed days');
    expect(sections['In flight']).toContain('Stockouts +0.12 pp +0.49 pp +0.50 pp below its margin');
    expect(sections['In flight']).toContain('Overstock per unit sold – unbounded +2.00 pp too little seen');
    expect(sections['Live pointer']).toContain('Canary 1.1.0 for');
  });

  it('names nobody of whom it knows nothing: another model has no page', async () => {
    const stage = await promoted();
    const { markup } = await new ConsoleStand(tables, stage).page(undefined, { base: '/console', model: 'nobody' });
    expect(textOf(markup)).toContain('There is no model of this name.');
  });
});

describe('What the data plane serves, against the ledger', () => {
  it('does not match when a document serves that nobody decided', async () => {
    const stage = await promoted();
    const document = await stage.appConfig.liveDocument();
    const served = async () =>
      Buffer.from(JSON.stringify({ pointer: { enabled: true, ...document, productionVersion: '6.6.6' } }));
    const { sections } = await pageOf(stage, { served });
    expect(sections['Live pointer']).toContain('Its signature does not verify');
    expect(sections['Live pointer']).toContain('Serves 6.6.6');
  });

  it('does not match when a signed document serves of which no decision is known', async () => {
    const stage = await promoted();
    const live = await stage.appConfig.liveDocument();
    if (live === null) throw new Error('Nothing is live.');
    const { signature: _, ...unsigned } = live;
    const document = await signDocument(stage.key.sign, stage.model, { ...unsigned, productionVersion: '6.6.6' });
    const served = async () => Buffer.from(JSON.stringify({ pointer: { enabled: true, ...attributesOf(document) } }));
    const { sections } = await pageOf(stage, { served });
    expect(sections['Live pointer']).toMatch(/^Does not match the ledger: no decision stands behind it Serves 6\.6\.6/);
    const all = await new ConsoleStand(tables, stage, { served }).page(undefined, { base: '/console' });
    expect(all.sections['Models']).toContain('6.6.6 no decision stands behind it');
  });

  it('does not match when an older document serves than went out last, although it was decided once', async () => {
    const stage = await promoted();
    const before = Buffer.from(await stage.appConfig.served());
    await stage.promote('1.1.0');
    const { sections } = await pageOf(stage, { served: async () => before });
    expect(sections['Live pointer']).toMatch(
      /^Does not match: the document of entry \d+ serves, the ledger's newest is of/,
    );
  });
});

describe('A source that cannot be read', () => {
  const away = async () => {
    throw Object.assign(new Error('no details for the page'), { name: 'ThrottlingException' });
  };

  it.each([
    ['What runs, and why', { newestRows: away }],
    ['Live pointer', { served: away }],
    ['Kill switches', { switches: { all: away } }],
    ['Recalls', { recalls: { open: away, recall: away, pending: away } }],
    ['Readiness and drills', { drills: { newest: away } }],
    ['Ledger', { newestRows: away }],
  ])('takes its section alone: %s', async (title, over) => {
    const stage = await promoted();
    const stand = new ConsoleStand(tables, stage, over);
    const { sections, markup } = await stand.page();
    expect(sections[title]).toContain('Could not be read (ThrottlingException)');
    expect(markup).not.toContain('no details for the page');
    expect(stand.unread).toHaveLength(1);
    const others = Object.entries(sections).filter(([, text]) => !text.startsWith('Could not be read'));
    expect(others.length).toBeGreaterThanOrEqual(Object.keys(sections).length - 4);
  });

  it('of all of them: every section says so, and the page stands', async () => {
    const stage = await promoted();
    const registry = Object.fromEntries(
      ['model', 'modelNames', 'inFlight', 'run', 'killSwitch', 'intent', 'returnDocument'].map((name) => [name, away]),
    ) as unknown as ConsolePorts['registry'];
    const none = { registry, gates: away, drills: { newest: away }, readiness: { read: away }, guards: { read: away } };
    const rest = { switches: { all: away }, recalls: { open: away, recall: away, pending: away }, newestRows: away };
    const { sections } = await pageOf(stage, { ...none, ...rest, anchorsFrom: away, served: away });
    for (const text of Object.values(sections)) expect(text).toContain('Could not be read (ThrottlingException)');
  });
});

describe('The ledger on the page', () => {
  it('says how far it was checked, and by which anchor, and no more than that', async () => {
    const stage = await promoted();
    const { sections } = await pageOf(stage);
    const types = await stage.types();
    expect(sections['Ledger']).toContain('What was checked holds');
    expect(sections['Ledger']).toContain(`of ${types.length} entries, from position 1 on`);
    expect(sections['Ledger']).toContain(`the newest is of position ${types.length}, written`);
    expect(sections['Ledger']).toContain(`npm run verify-ledger -- --model ${stage.model}`);
  });

  it.each([
    ['altered', (row: object) => ({ ...row, body: JSON.stringify(row).replaceAll('\\', '') }), 'not what was written'],
    ['signed by somebody else', (row: object) => ({ ...row, signature: 'AAAA' }), 'not by the ledger key'],
  ])('names the position of a row that was %s', async (_, spoil, message) => {
    const stage = await promoted();
    const stand = new ConsoleStand(tables, stage);
    const newestRows = async (model: string, count: number) => {
      const rows = await stand.ports.newestRows(model, count);
      return rows.map((row, index) => (index === 3 && typeof row === 'object' && row !== null ? spoil(row) : row));
    };
    const { sections } = await pageOf(stage, { newestRows });
    expect(sections['Ledger']).toContain('Does not hold at position 4');
    expect(sections['Ledger']).toContain(message);
    expect(sections['What runs, and why']).toContain('In production');
  });

  it('names the position where rows are missing, in the middle and at the end', async () => {
    const stage = await promoted();
    const whole = new ConsoleStand(tables, stage);
    const without = (seqs: readonly number[]) => async (model: string, count: number) =>
      (await whole.ports.newestRows(model, count)).filter((_, index) => !seqs.includes(index + 1));
    const middle = await pageOf(stage, { newestRows: without([5]) });
    expect(middle.sections['Ledger']).toContain('Does not hold at position 5');
    const last = (await stage.types()).length;
    const end = await pageOf(stage, { newestRows: without([last]) });
    expect(end.sections['Ledger']).toContain(`The chain ends before position ${last}, which was anchored.`);
  });

  it('says which entries it did not check when it read the newest alone, and where among these a row is spoilt', async () => {
    const stage = await promoted();
    const whole = new ConsoleStand(tables, stage);
    const last = (await stage.types()).length;
    const newestRows = (model: string) => whole.ports.newestRows(model, 4);
    const { sections } = await pageOf(stage, { newestRows });
    expect(sections['Ledger']).toContain(`of 4 entries, from position ${last - 3} on`);
    expect(sections['Ledger']).toContain(`Positions 1 to ${last - 4} were not checked.`);
    const spoilt = async (model: string) => (await newestRows(model)).map((row, index) => (index === 0 ? {} : row));
    const { sections: found } = await pageOf(stage, { newestRows: spoilt });
    expect(found['Ledger']).toContain(`Does not hold at position ${last - 3}`);
  });

  it('has nothing to say of a chain without an entry, and finds one that was cut off whole', async () => {
    const stage = await promoted();
    const nothing = { newestRows: async () => [] };
    const empty = await pageOf(stage, { ...nothing, anchorsFrom: async () => [] });
    expect(empty.sections['Ledger']).toBe('The chain has no entry.');
    const cut = await pageOf(stage, nothing);
    expect(cut.sections['Ledger']).toContain('Does not hold at position 1');
  });

  it('reads the rows again when an entry came while it looked, and finds no fault', async () => {
    const stage = await promoted();
    const whole = new ConsoleStand(tables, stage);
    let looks = 0;
    const newestRows = async (model: string, count: number) => {
      looks += 1;
      const rows = await whole.ports.newestRows(model, count);
      return looks === 1 ? rows.slice(0, -1) : rows;
    };
    const { sections } = await pageOf(stage, { newestRows });
    expect([looks, sections['Ledger']?.startsWith('What was checked holds')]).toEqual([2, true]);
  });
});

describe('The page over all models', () => {
  it('shows each model with a link to its page', async () => {
    const stage = await promoted();
    await stage.shadowed('1.1.0');
    const { markup, sections } = await new ConsoleStand(tables, stage).page(undefined, { base: '/console' });
    expect(markup).toContain(`<a href="/console/${stage.model}">${stage.model}</a>`);
    expect(sections['Models']).toMatch(
      /1\.0\.0 Ana Approver <ana@shop\.example>, 2026-03-01.*1\.1\.0: shadow; waits for evidence: 0 of 4 cycles/,
    );
    expect(sections['Models']).toContain('not checked yet');
  });

  it.each<[string, (stage: ReleaseStage) => Promise<unknown>]>([
    ['promoted', async () => undefined],
    ['gone back from', async (stage) => stage.finish(await stage.rollBack())],
    ['stopped', (stage) => stage.kill('model', { fallback: 'seasonal-naive' })],
    [
      'stopped in its canary',
      async (stage) => {
        await stage.canaried('1.1.0');
        await stage.kill('canary');
      },
    ],
    ['run beside a shadow', (stage) => stage.shadowed('1.1.0')],
    ['shared with a canary', (stage) => stage.canaried('1.1.0')],
    ['freed of its canary again', async (stage) => stage.endExposure(await stage.canaried('1.1.0'))],
  ])('knows the decision behind what serves when it was %s, on both pages', async (_, happens) => {
    const stage = await promoted();
    await happens(stage);
    const stand = new ConsoleStand(tables, stage);
    const { sections } = await stand.page(undefined, { base: '/console' });
    expect(sections['Models']).not.toContain('no decision');
    expect((await stand.page()).sections['Live pointer']).toMatch(/^Matches the ledger/);
  });

  it('looks at so many at most, and says how many it left out', async () => {
    const stage = await promoted();
    const stand = new ConsoleStand(tables, stage);
    const all = Array.from({ length: MAX_MODELS + 2 }, (_, index) => `many-${index}`);
    const registry = { ...stand.ports.registry, modelNames: async () => all };
    const ports = { ...stand.ports, registry, served: async () => Buffer.from('{}') };
    const markup = await answerConsole(ports, { base: '/console' }, { at: '2026-03-02T08:00:00.000Z', endpoint: '' });
    expect(textOf(markup)).toContain('2 more models not looked at here');
    expect(textOf(markup)).toContain('could not be read (NO_DOCUMENT)');
  });
});

describe('On a dashboard of CloudWatch', () => {
  it('answers what the widget can do as Markdown', async () => {
    const stage = await promoted();
    const { markup } = await new ConsoleStand(tables, stage).page(undefined, { describe: true });
    expect(markup).toMatch(/^## Model releases\n/);
    expect(markup).toContain('**model**');
  });

  it('is a part of a page, in the theme of the dashboard, whose links call the function again', async () => {
    const stage = await promoted();
    const stand = new ConsoleStand(tables, stage);
    const widgetContext = { dashboardName: 'ModelRelease', theme: 'dark', params: {}, width: 588 };
    const { markup } = await stand.page(undefined, { widgetContext });
    expect(markup).not.toMatch(/<(html|body|script|iframe|use|link|img|form)\b/);
    expect(markup).toContain('class="rc dark"');
    expect(markup).toContain(
      `<button type="button" class="to">${stage.model}</button><cwdb-action action="call" display="widget" endpoint="${ENDPOINT}">{"model":"${stage.model}"}</cwdb-action>`,
    );
    const { markup: own } = await stand.page(undefined, { widgetContext, model: stage.model });
    expect(own).toContain(`endpoint="${ENDPOINT}">{}</cwdb-action>`);
    expect(own).not.toContain('<main>');
  });

  it.each([{ model: '<script>alert(1)</script>' }, { model: 5 }, 'text', { base: 'https://evil.example' }])(
    'shows nothing of %j, and nothing of it as markup',
    async (event) => {
      const stage = await promoted();
      const { ports } = new ConsoleStand(tables, stage);
      const markup = await answerConsole(ports, event, { at: '2026-03-02T08:00:00.000Z', endpoint: ENDPOINT });
      expect(textOf(markup)).toContain('Nothing can be shown');
      expect(markup).not.toContain('<script');
      expect(markup).not.toContain('evil.example');
    },
  );
});
