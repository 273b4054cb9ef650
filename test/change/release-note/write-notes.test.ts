import { beforeEach, describe, expect, it } from 'vitest';
import { eventOfEntry, runOfEntry } from '../../../functions/change/events/event-of-entry.ts';
import { ChangeLog } from '../../../functions/change/release-note/change-log.ts';
import { noteMarkdown } from '../../../functions/change/release-note/note-markdown.ts';
import { NotedFactWrites } from '../../../functions/change/release-note/noted-fact-store.ts';
import { writeChangeLog } from '../../../functions/change/release-note/write-change-log.ts';
import { type FactNotePorts, writeFactNotes } from '../../../functions/change/release-note/write-fact-notes.ts';
import type { EntryBody } from '../../../functions/ledger/entry.ts';
import { personActor, systemActor } from '../../../functions/platform/people.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';

let stage: ReleaseStage;
let evidence: MemoryEvidence;
onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0', '2.0'],
);
beforeEach(() => {
  evidence = new MemoryEvidence();
});

const ports = (over: Partial<FactNotePorts> = {}): FactNotePorts => ({
  ...{ registry: stage.registry, ledger: stage.ledger, evidence },
  writes: new NotedFactWrites('registry'),
  retention: { days: 1, mode: 'GOVERNANCE' },
  ...over,
});
const write = (over?: Partial<FactNotePorts>) => writeFactNotes(ports(over), stage.model, stage.now());
const texts = () => evidence.keys().map((key) => evidence.text(key));

async function entries(type: string) {
  const found = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === type) found.push(body);
  return found;
}

describe('The note of a rollback', () => {
  it('is written once with its page, recorded with the position of its fact, and found again by a repeated call', async () => {
    await stage.finish(await stage.rollBack({ detail: 'Stockouts in CA.' }));
    const [fact] = await entries('rolled-back');
    expect(await write()).toBe(1);
    const [noted, ...more] = await entries('release-noted');
    expect(more).toEqual([]);
    const position = String(fact?.seq).padStart(12, '0');
    expect(noted?.data).toMatchObject({
      ...{ fact: fact?.seq, about: 'rolled-back', version: '2.0' },
      note: { key: `release-notes/rollbacks/${stage.model}/${position}.md` },
      page: { key: `release-notes/rollbacks/${stage.model}/${position}.html` },
    });
    const [note = '', page = ''] = texts();
    expect(note).toContain(`# ${stage.model}: rolled back to version 1.0`);
    expect(note).toContain('- Detail: Stockouts in CA.');
    expect(page).toContain('Stockouts in CA.');
    expect(await write()).toBe(0);
    expect(await entries('release-noted')).toHaveLength(1);
  });

  it('is recorded once when two calls write it at once', async () => {
    await stage.finish(await stage.rollBack());
    await Promise.all([write(), write()]);
    expect(await entries('release-noted')).toHaveLength(1);
  });

  it('stays as a call that was cut wrote it, and is recorded by the next', async () => {
    await stage.finish(await stage.rollBack());
    const cut = { entries: stage.ledger.entries.bind(stage.ledger), append: () => Promise.reject(new Error('cut')) };
    await expect(write({ ledger: cut })).rejects.toThrow('cut');
    const before = texts();
    const model = await stage.registry.model(stage.model);
    if (model === null) throw new Error('There is a model.');
    const moved = { ...model, owner: { ...model.owner, name: 'Somebody Else' } };
    await write({ registry: registryWith(moved) });
    expect(texts()).toEqual(before);
    expect(await entries('release-noted')).toHaveLength(1);
  });

  it('that cannot be written keeps no other from it, and is written by the next call', async () => {
    await stage.finish(await stage.rollBack());
    await stage.finish(await stage.rollBack({ withdrawVersion: '1.0' }, 'rollback-2'));
    const [first] = await entries('rolled-back');
    const broken = String(first?.seq).padStart(12, '0');
    const writeOnce: MemoryEvidence['writeOnce'] = async (key, text) => {
      if (key.includes(broken)) throw new Error('S3 is down.');
      return evidence.writeOnce(key, text);
    };
    const failing = { writeOnce, find: evidence.find.bind(evidence), read: evidence.read.bind(evidence) };
    await expect(write({ evidence: failing })).rejects.toThrow('S3 is down.');
    expect(await entries('release-noted')).toHaveLength(1);
    expect(await write()).toBe(1);
    expect(await entries('release-noted')).toHaveLength(2);
  });
});

function registryWith(
  model: NonNullable<Awaited<ReturnType<ReleaseStage['registry']['model']>>>,
): FactNotePorts['registry'] {
  return {
    model: async () => model,
    run: (...of) => stage.registry.run(...of),
    version: (...of) => stage.registry.version(...of),
    killSwitch: (...of) => stage.registry.killSwitch(...of),
  };
}

describe('The change log of a model', () => {
  const put = async (key: string, text: string) => void evidence.put(key, text);
  const log = () => evidence.text(`change-logs/${stage.model}/change-log.md`);
  const headings = () =>
    log()
      .split('\n')
      .filter((line) => line.startsWith('## '));

  it('tells what acted on production, the newest first, with reasons and notes', async () => {
    await stage.canaried('3.0');
    await stage.kill('model');
    await stage.finish(await stage.rollBack());
    await write();
    await writeChangeLog({ ledger: stage.ledger, put }, stage.model);
    const told = headings().map((line) => line.replace(/^.*UTC: /, ''));
    expect(told.slice(0, 3)).toEqual(['Rolled back 2.0', 'Withdrawn 3.0', 'Kill switch thrown']);
    expect(told).toContain('In production 2.0');
    expect(told.indexOf('In production 2.0')).toBeLessThan(told.indexOf('In production 1.0'));
    expect(log()).toContain('- Release note: s3://evidence/release-notes/rollbacks/');
    expect(log()).not.toContain('canary 3.0');
    expect(evidence.text(`change-logs/${stage.model}/change-log.html`)).toContain('<h1>Change log of');
  });

  it('has the people under what a system did: who approved which stage', async () => {
    await writeChangeLog({ ledger: stage.ledger, put }, stage.model);
    const section =
      log()
        .split('\n## ')
        .find((one) => one.includes('In production 2.0')) ?? '';
    expect(section).toMatch(/\n- Approved by .+ \(.*production\)/);
    expect(section).toContain('\n- By system:move-pointer');
  });

  it('names nobody whose approval was of a round that was voided', () => {
    const person = (name: string) => personActor({ name, email: `${name.toLowerCase()}@shop.example` });
    const flow = systemActor('flow');
    const gate = { stage: 'change', quorum: 1, expiresAt: '2026-03-08T00:00:00.000Z' };
    const decided = { stage: 'change', decision: 'approve', gateStatus: 'open' };
    const log = new ChangeLog('demand');
    const told: readonly [EntryBody['type'], EntryBody['actor'], EntryBody['data']][] = [
      ['change-requested', person('Pia'), { kind: 'change', change: { reason: 'Wider margins.' } }],
      ['gate-opened', flow, gate],
      ['approval-decided', person('Ana'), decided],
      ['gate-opened', flow, gate],
      ['approval-decided', person('Bo'), decided],
      ['model-changed', flow, { policyVersion: 2, policyDigest: 'a'.repeat(64) }],
    ];
    for (const [index, [type, actor, data]] of told.entries()) {
      const head = { schema: 1, model: 'demand', seq: index + 1, prevHash: '0'.repeat(64) } as const;
      log.add({
        ...head,
        at: '2026-03-01T00:00:00.000Z',
        type,
        actor,
        data: { promotionId: 'demand_change_1', ...data },
      });
    }
    const text = noteMarkdown(log.note());
    expect(text).toContain('- Asked for by Pia\n- Approved by Bo\n- By system:flow');
    expect(text).not.toContain('Ana');
  });

  it('is the same whenever it is made of the same ledger', async () => {
    await writeChangeLog({ ledger: stage.ledger, put }, stage.model);
    const before = log();
    await writeChangeLog({ ledger: stage.ledger, put }, stage.model);
    expect(log()).toBe(before);
  });

  it('is made again by whoever put an older one in the place of a newer one', async () => {
    let behind = true;
    const slow = async (key: string, text: string) => {
      if (behind) await stage.finish(await stage.rollBack());
      behind = false;
      await put(key, text);
    };
    await writeChangeLog({ ledger: stage.ledger, put: slow }, stage.model);
    expect(headings()[0]).toContain('Rolled back 2.0');
  });
});

describe('The entries of a model that is promoted, stopped, mended and rolled back', () => {
  it('are all read as events, each under its own id', async () => {
    await stage.canaried('3.0');
    await stage.kill('canary');
    await stage.kill('model');
    await stage.restore();
    await stage.finish(await stage.rollBack());
    const told = [];
    for await (const { body } of stage.ledger.entries(stage.model)) {
      // The stage registers by hand; what registration writes is read on the whole stack.
      if (body.type === 'change-requested' || body.type === 'candidate-registered') continue;
      const run = await stage.registry.run(stage.model, runOfEntry(body) || 'none');
      const event = eventOfEntry(body, run);
      if (event !== null) told.push(event);
    }
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    const names = new Set(told.map(({ event }) => event));
    for (const name of ['stage-entered', 'kill-switch-thrown', 'kill-switch-left', 'rolled-back', 'withdrawn']) {
      expect([...names]).toContain(name);
    }
  });
});
