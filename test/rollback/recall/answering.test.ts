import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plusDuration } from '../../../functions/platform/duration.ts';
import { acknowledge } from '../../../functions/rollback/recall/acknowledge.ts';
import { readAcknowledgeForm } from '../../../functions/rollback/recall/acknowledge-form.ts';
import { findRecall } from '../../../functions/rollback/recall/find-recall.ts';
import { firstLook } from '../../../functions/rollback/recall/look-again.ts';
import type { RecallItem } from '../../../functions/rollback/recall/recall-item.ts';
import { acknowledgedPage, recallPage } from '../../../functions/rollback/recall/recall-page.ts';
import { RecallStore, RecallWrites } from '../../../functions/rollback/recall/recall-store.ts';
import { recallsJson, recallsText } from '../../../functions/rollback/recall/recalls-text.ts';
import { type WorkOffPorts, workOffRecalls } from '../../../functions/rollback/recall/work-off-recalls.ts';
import { modelItem } from '../../approval/fixtures.ts';
import { type Cut, runCut } from '../../fakes/cut.ts';
import { OWNER, REPLENISHMENT } from '../../fakes/inputs.ts';
import { RecallStand } from '../../fakes/recall-stand.ts';
import { ReleaseStage } from '../../fakes/release-stage.ts';
import { startTables, type Tables } from '../../fakes/tables.ts';

const PLANNING = { team: 'Planning <b>', email: 'planning@shop.example' };
const AT = '2026-03-01T08:00:00.000Z';
const SHA = 'a'.repeat(64);
const COUNTS = {
  ...{ forecasts: 1200, replaced: 200, toCome: 900, units: 60, stores: 3, days: 14 },
  ...{ firstTargetDate: '2026-02-25', lastTargetDate: '2026-03-10' },
  ...{ servedFrom: '2026-02-24T06:00:00.000Z', servedUntil: '2026-03-01T06:00:00.000Z' },
};
const PART = { forecasts: 1200, replaced: 200, toCome: 900 };
const SPAN = { firstTargetDate: '2026-02-25', lastTargetDate: '2026-03-10' };

let tables: Tables;
let stand: RecallStand;
let stage: ReleaseStage;
let models = 0;
let now = AT;
let teams = [REPLENISHMENT, PLANNING];

beforeAll(async () => {
  tables = await startTables();
  stand = await RecallStand.start();
});
afterAll(async () => {
  await stand.stop();
  await tables.stop();
});
beforeEach(async () => {
  stand.forget();
  now = AT;
  teams = [REPLENISHMENT, PLANNING];
  await freshModel();
});

/** A model of which a rollback was recorded, and nothing else. */
async function freshModel(): Promise<void> {
  models += 1;
  stage = new ReleaseStage(tables, `model${models}`);
  const about = { model: stage.model, executionName: 'back-1', version: '2.0', to: '1.0', cause: 'safety' };
  const pending = { ...about, rolledBackAt: AT, ...firstLook(AT) };
  const writes = [new RecallWrites(tables.registry).newPending(pending)];
  await tables.client.send(new TransactWriteCommand({ TransactItems: writes }));
}

/** Ports with the log and the lists in memory: what they do is another test's. */
function ports(): WorkOffPorts {
  const real = stand.ports(stage, tables, () => now);
  const { model } = stage;
  const object = (key: string) => ({ bucket: 'predictions', key, versionId: 'v1', sha256: SHA });
  const served = { key: 'k', date: '2026-02-24', arm: 'production', version: '2.0', bytes: 1 } as const;
  const unreadable = { objects: 0, keys: [], lines: 0 };
  const byTargetDate = [{ targetDate: '2026-03-02', ...PART }];
  const byStore = [{ store: '<i>harbour</i>', region: 'north', ...PART, ...SPAN }];
  const about = {
    model,
    executionName: 'back-1',
    part: 1,
    version: '2.0',
    to: '1.0',
    cause: 'safety',
    rolledBackAt: AT,
  };
  return {
    ...real,
    registry: { model: async () => modelItem({ model, owner: OWNER, downstream: teams }) },
    log: { servedBy: async () => [served], servedFrom: async () => [served] },
    lists: {
      make: async () => ({ forecasts: COUNTS.forecasts, unreadable }),
      count: async () => ({ counts: COUNTS, byTargetDate, byStore }),
      objectsOf: async (_model, paths) => new Set(paths.length === 0 ? [] : ['k']),
    },
    objects: {
      find: async (key) => object(key),
      save: async () => {},
      putList: async (key) => object(key),
      putSummary: async (key) => object(key),
      readSummary: async () => ({
        ...{ schema: 1, ...about, ...COUNTS, unreadable, byTargetDate, byStore },
        list: { ...object('list'), uri: 's3://predictions/list' },
      }),
    },
    withDirectory: (use) => use('/nowhere'),
  };
}

const work = () => workOffRecalls(ports(), { model: stage.model });
const store = () => new RecallStore(tables.client, tables.registry);
async function recall(): Promise<RecallItem> {
  const [found] = await store().recalls(stage.model);
  if (found === undefined) throw new Error('There is no recall.');
  return found;
}
const later = (duration: string) => {
  now = plusDuration(AT, duration);
};
const entries = async (type: string) => {
  const found: unknown[] = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) found.push(body);
  return found;
};
const linkOf = (to: string) => stand.links(to).at(-1) ?? { requestId: '', secret: '' };
const form = (over: Readonly<Record<string, string>> = {}) =>
  readAcknowledgeForm(
    new URLSearchParams({ name: 'Rita', model: stage.model, note: 'Orders held.', ...over }).toString(),
  );
const post = (to: string, over?: Readonly<Record<string, string>>) => acknowledge(ports(), linkOf(to), form(over), now);

describe('The announcement of a recall', () => {
  it('tells each team and the owner with counts, days, stores, what to do and the address of the list, once', async () => {
    await work();
    await work();
    expect(stand.letters.map(({ to }) => to)).toEqual([REPLENISHMENT.email, PLANNING.email, OWNER.email]);
    const [letter] = stand.letters;
    for (const told of ['1,200', '900', '2026-03-02', 'harbour', 'version 1.0', 'supersededByLater', SHA]) {
      expect(letter?.text).toContain(told);
    }
    expect(letter?.text).toContain('s3://predictions/recalls/lists/model=');
    expect(letter?.html).not.toContain('<i>harbour');
  });

  it('reaches the others when one mailbox takes nothing, and that one later', async () => {
    stand.broken.add(REPLENISHMENT.email);
    await work();
    expect(stand.letters.map(({ to }) => to)).toEqual([PLANNING.email, OWNER.email]);
    expect(stand.undelivered).toEqual([1]);
    stand.broken.clear();
    later('PT5M');
    await work();
    expect(stand.letters).toHaveLength(2);
    later('PT16M');
    await work();
    expect(stand.letters.map(({ to }) => to).at(-1)).toBe(REPLENISHMENT.email);
    expect(stand.letters.at(-1)?.subject).not.toContain('Reminder');
  });

  it('is repeated once a day to whoever has not acknowledged, and to nobody else; every link works', async () => {
    await work();
    await post(PLANNING.email);
    for (const after of ['PT23H', 'P1DT1M', 'P1DT6M', 'P2DT2M']) {
      later(after);
      await work();
    }
    const reminders = stand.letters.slice(3);
    expect(reminders.map(({ to, subject }) => [to, subject.startsWith('Reminder: ')])).toEqual([
      [REPLENISHMENT.email, true],
      [REPLENISHMENT.email, true],
    ]);
    for (const link of stand.links(REPLENISHMENT.email)) expect(await findRecall(ports(), link)).not.toBeNull();
  });

  it('asks the owner where no team is downstream', async () => {
    teams = [];
    await work();
    expect((await recall()).asked).toMatchObject([{ email: OWNER.email, acknowledges: true }]);
    expect(await post(OWNER.email)).toMatchObject({ status: 200 });
    expect((await recall()).status).toBe('closed');
  });
});

describe('An acknowledgement', () => {
  it('is recorded under team and person, and the last one closes the recall', async () => {
    await work();
    const first = await post(REPLENISHMENT.email);
    expect(first).toMatchObject({ status: 200, found: { recall: { status: 'open' } } });
    expect(await store().open(stage.model)).toHaveLength(1);
    expect(await post(PLANNING.email, { note: '' })).toMatchObject({
      status: 200,
      found: { recall: { status: 'closed' } },
    });
    expect(await store().open(stage.model)).toEqual([]);
    expect(await recall()).toMatchObject({ status: 'closed', answers: [{ name: 'Rita', seq: 2 }, { seq: 3 }] });
    expect(await entries('recall-acknowledged')).toMatchObject([
      {
        actor: { kind: 'person', name: 'Rita', email: REPLENISHMENT.email },
        data: {
          ...{ team: 'Replenishment', outcome: 'acknowledged' },
          note: 'Orders held.',
          waitedFor: [PLANNING.team],
        },
      },
      { data: { team: PLANNING.team, status: 'closed', waitedFor: [] } },
    ]);
  });

  it('is taken once: 409 says who gave it', async () => {
    await work();
    await post(REPLENISHMENT.email);
    const again = await post(REPLENISHMENT.email, { name: 'Other' });
    expect(again).toMatchObject({ status: 409, answer: { name: 'Rita' } });
    if (again.status === 409) expect(acknowledgedPage(again)).toContain('Rita acknowledged');
    expect(await entries('recall-acknowledged')).toHaveLength(1);
  });

  it('of two teams at once is taken from both', async () => {
    await work();
    const both = await Promise.all([post(REPLENISHMENT.email), post(PLANNING.email)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await recall()).status).toBe('closed');
  });

  it.each([
    ['no name', { name: ' ' }, ['name']],
    ['a name of two lines', { name: 'Rita\nRoot' }, ['name']],
    ['another model', { model: 'other' }, ['model']],
    ['everything wrong', { name: '', model: '', note: 'x'.repeat(2001) }, ['name', 'model', 'note']],
  ])('with %s is refused, all faults at once, and what was typed is kept', async (_what, over, paths) => {
    await work();
    const outcome = await post(REPLENISHMENT.email, over);
    if (outcome.status !== 400) throw new Error(`Answered ${outcome.status}.`);
    expect(outcome.faults.map(({ path }) => path)).toEqual(paths);
    const page = recallPage(outcome.found, null, {
      typed: form({ ...over, note: '"><script>' }),
      faults: outcome.faults,
    });
    expect(page).toContain('&quot;&gt;&lt;script&gt;');
    expect(page).not.toContain('<script>');
    expect(await entries('recall-acknowledged')).toEqual([]);
  });

  it.each([
    ['a wrong secret', { secret: 'x' }],
    ['an unknown id', { requestId: '0'.repeat(32) }],
    ['an id that is none', { requestId: '../x' }],
  ])('by a link with %s leads nowhere', async (_what, over) => {
    await work();
    const link = { ...linkOf(REPLENISHMENT.email), ...over };
    expect(await acknowledge(ports(), link, form(), now)).toEqual({ status: 404 });
  });

  it('is not needed from the owner, nor from a team that is not downstream any more', async () => {
    await work();
    expect(await post(OWNER.email)).toMatchObject({ status: 410 });
    teams = [PLANNING];
    await work();
    expect(await post(REPLENISHMENT.email)).toMatchObject({ status: 410 });
    teams = [];
    await work();
    expect(await recall()).toMatchObject({
      status: 'closed',
      answers: [{ outcome: 'not-needed' }, { outcome: 'not-needed' }],
    });
    expect(await entries('recall-acknowledged')).toMatchObject([{ actor: { name: 'system:recall' } }, {}]);
  });
});

describe('The page of a recall', () => {
  it('shows what is recalled, escaped, with a form while it is asked for', async () => {
    await work();
    const found = await findRecall(ports(), linkOf(PLANNING.email));
    if (found === null) throw new Error('The link leads nowhere.');
    const summary = await ports().objects.readSummary({ bucket: '', key: '', versionId: '', sha256: SHA });
    const page = recallPage(found, summary);
    for (const told of ['Planning &lt;b&gt;', '&lt;i&gt;harbour&lt;/i&gt;', '1,200', '<form method="post"', SHA]) {
      expect(page).toContain(told);
    }
    await post(PLANNING.email);
    const after = await findRecall(ports(), linkOf(PLANNING.email));
    expect(after === null ? '' : recallPage(after, summary)).not.toContain('<form');
  });
});

describe('The list of open recalls', () => {
  it('names counts and whoever has not acknowledged', async () => {
    await work();
    await post(REPLENISHMENT.email);
    const text = recallsText([await recall()], []);
    expect(text).toContain('1,200 forecasts');
    expect(text).toContain(PLANNING.email);
    expect(text).not.toContain(REPLENISHMENT.email);
    expect(recallsJson([await recall()], [])).toMatchObject({ open: [{ waitedFor: [PLANNING] }] });
    expect(recallsText([], await store().pending(stage.model))).toBe('No recall is open.');
  });
});

describe.each(['killed', 'unsent', 'unanswered'] as const)('A run that is cut, a call %s,', (how) => {
  it('is completed by the next: one entry, one recall, everybody told', { timeout: 60_000 }, async () => {
    const run = (cut?: Cut) => runCut(ports(), (disturbed) => workOffRecalls(disturbed, { model: stage.model }), cut);
    const { calls } = await run();
    expect(calls).toBeGreaterThan(15);
    for (let at = 1; at <= calls; at += 1) {
      await freshModel();
      stand.forget();
      now = AT;
      await run({ at, how });
      later('PT16M');
      await run();
      expect(await entries('forecasts-recalled'), `call ${at}`).toHaveLength(1);
      expect(await store().recalls(stage.model)).toHaveLength(1);
      expect(await store().open(stage.model)).toHaveLength(1);
      const told = new Set(stand.letters.map(({ to }) => to));
      expect([...told].toSorted(), `call ${at}`).toEqual([OWNER.email, PLANNING.email, REPLENISHMENT.email]);
    }
  });
});
