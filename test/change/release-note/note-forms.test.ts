import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Note } from '../../../functions/change/release-note/note.ts';
import { notePage, noteParts } from '../../../functions/change/release-note/note-html.ts';
import { line, noteMarkdown } from '../../../functions/change/release-note/note-markdown.ts';
import { renderReleaseNote } from '../../../functions/change/release-note/promotion-note.ts';
import { renderRollbackNote } from '../../../functions/change/release-note/rollback-note.ts';
import { renderSettingsNote } from '../../../functions/change/release-note/settings-note.ts';
import { promotionBefore } from '../../approval/fixtures.ts';
import {
  aCanaryReport,
  anOfflineReport,
  aShadowReport,
  segment,
  stageSegment,
} from '../../evidence/report/sample-reports.ts';
import { aChange, settings } from '../../fakes/runs.ts';

const AT = '2026-03-03T00:00:00.000Z';

/** Whatever somebody could try in a field: markup of both forms, ends of lines and cells, and text that hides. */
const NASTY =
  '</td></section><script>alert(1)</script>\n\n# Approved by everyone\n- [x](https://evil.example) | ![p](http://evil.example/p.png) <img src=x onerror=alert(2)> `code` **bold** &lt;b&gt; www.evil.example \u202Egnp.exe';

const change = {
  ...{ type: 'features' as const, reason: NASTY, scope: NASTY, expectedImpact: NASTY, rollbackPlan: NASTY },
  equalIsEnough: { because: 'cost' as const, explanation: NASTY },
};
const owner = { name: NASTY, email: 'olga@shop.example', team: NASTY };
const training = {
  from: '2025-01-01',
  to: '2026-01-31',
  features: [NASTY],
  code: NASTY,
  parameters: { [NASTY]: NASTY },
};
const run = { ...promotionBefore('production'), change, training, knownFailureModes: [NASTY] };
const approvals = [
  { stage: NASTY, name: NASTY, email: NASTY, decision: 'approve', justification: NASTY, at: AT, seq: 9 },
];
const warnings = [{ code: NASTY, message: NASTY }];
const reports = {
  report: { ...anOfflineReport({ segments: { [`sku:${NASTY}`]: segment() } }), warnings },
  stageReports: [
    { ...aShadowReport(), segments: [{ ...stageSegment({ name: `store:${NASTY}` }), interval: null }] },
    { ...aCanaryReport(), warnings },
  ],
};
const killSwitch = { fallback: NASTY, fallbackSegments: [NASTY] };
const proposal = { ...settings, owner, downstream: [{ team: NASTY, email: 'team@shop.example' }] };

const notes: Readonly<Record<string, Note>> = {
  'of a promotion': renderReleaseNote({
    run,
    before: { ...run, training: { ...training, code: 'x' } },
    owner,
    killSwitch,
    approvals,
    ...reports,
  }),
  'of a rollback': renderRollbackNote({
    ...{ model: 'demand', ledgerPosition: 7, since: AT, from: '1.2.0', to: '1.1.0', cause: NASTY, requestedBy: NASTY },
    ...{ detail: NASTY, seconds: 3, deploymentNumber: 4, documentSha256: 'a'.repeat(64) },
    ...{ owner, killSwitch, fromRun: run, toRun: run, reports, approvals },
  }),
  'of a change of settings': renderSettingsNote({
    run: aChange({ change: { ...change, type: 'thresholds' }, proposal }),
    ...{ at: AT, ledgerPosition: 7, approvals },
  }),
};

describe.each(Object.entries(notes))('The note %s', (_, note) => {
  it('shows as text, in HTML, whatever people and pipelines wrote', () => {
    for (const text of [notePage(note), noteParts(note).markup]) {
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(text).not.toMatch(/<script|<img|<a\b|onerror=alert\(2\)>/);
      expect(text).not.toContain('\u202E');
      // What is allowed to be markup opens and closes in pairs: nothing that was typed closed any of it.
      for (const tag of ['section', 'td', 'table', 'ul', 'p']) {
        expect([tag, text.split(`<${tag}`).length], tag).toEqual([tag, text.split(`</${tag}>`).length]);
      }
    }
  });

  it('shows as text, in Markdown, whatever people and pipelines wrote', () => {
    const text = noteMarkdown(note);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toMatch(/<[a-z/!]/i);
    expect(text).not.toMatch(/(?<!\\)[[\]`*]/);
    expect(text).not.toMatch(/https?:\/\/|\bwww\.evil/);
    expect(text).not.toContain('\u202E');
    const headings = text.split('\n').filter((one) => one.startsWith('#'));
    expect(headings).toEqual([`# ${line(note.title)}`, ...note.sections.map(({ title }) => `## ${line(title)}`)]);
  });

  it('keeps every row of a table as wide as its head', () => {
    const rows = noteMarkdown(note)
      .split('\n')
      .filter((row) => row.startsWith('|'))
      .map((row) => row.split(/(?<!\\)\|/).length);
    const tables = note.sections.flatMap(({ blocks }) => blocks.flatMap((one) => (one.kind === 'table' ? [one] : [])));
    const widths = tables.flatMap(({ columns, rows: cells }) => Array(cells.length + 2).fill(columns.length + 2));
    expect(rows).toEqual(widths);
  });
});

describe('A line of Markdown', () => {
  it('is one line without a mark that is not escaped, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = line(text);
        expect(written).not.toMatch(/[\r\n<>]/);
        expect(written.replace(/\\[\\`*_[\]|~$]/g, '')).not.toMatch(/[\\`*_[\]|~$](?![#+=./-])/);
      }),
    );
  });

  it.each([
    ['# A heading', '\\# A heading'],
    ['- a bullet', '\\- a bullet'],
    ['---', '\\---'],
    ['1. an item', '1\\. an item'],
    ['−8.4 % and -8.4 %', '−8.4 % and -8.4 %'],
    ['#1 in the list', '#1 in the list'],
    ['s3://bucket/key', 's3://bucket/key'],
    ['https://evil.example', 'https:\\//evil.example'],
  ])('writes %s as %s', (text, written) => {
    expect(line(text)).toBe(written);
  });
});
