import { describe, expect, it } from 'vitest';
import { eventText, subjectOf } from '../../../functions/change/events/event-message.ts';
import { eventOfEntry } from '../../../functions/change/events/event-of-entry.ts';
import { type ReleaseEvent, releaseEvent } from '../../../functions/change/events/release-event.ts';
import { parseRow } from '../../../functions/ledger/chain.ts';
import type { EntryBody, EntryType } from '../../../functions/ledger/entry.ts';
import type { JsonObject } from '../../../functions/platform/json.ts';
import { chainOf, draftOf } from '../../fakes/chains.ts';
import { aPromotion, stored } from '../../fakes/runs.ts';
import { createTestKey } from '../../fakes/test-key.ts';

const key = createTestKey();
const promotionId = 'demand_1-0-0_1';

function entry(type: EntryType, data: JsonObject): EntryBody {
  const [row] = chainOf([draftOf({ type, data })], key);
  return parseRow(row).body;
}
const told = (type: EntryType, data: JsonObject) => eventOfEntry(entry(type, data), null);

const reasons = [{ code: 'WORSE', message: 'It is worse.', got: '+7 %', allowed: '+5 %', next: 'Retrain.' }];
const move = { promotionId, productionVersion: '0.9', fallback: '', shadowVersion: '', canaryVersion: '' };
const canary = {
  ...move,
  kind: 'canary',
  canaryVersion: '1.0',
  canaryPercentage: 5,
  canaryUntil: '2026-04-01T00:00:00Z',
};
const answer = { executionName: 'r1', part: 1, version: '1.0', team: 'Planning', outcome: 'acknowledged' };
const note = { ...stored('release-notes/x.md') };

const CASES: readonly (readonly [EntryType, JsonObject, ReleaseEvent['event'] | null, object?])[] = [
  [
    'candidate-registered',
    { promotionId, version: '1.0' },
    'stage-entered',
    { version: '1.0', detail: { stage: 'offline' } },
  ],
  [
    'gate-judged',
    { promotionId, stage: 'shadow', verdict: 'FAIL', reasons },
    'gate-judged',
    { detail: { verdict: 'FAIL' } },
  ],
  ['pointer-moved', { ...move, kind: 'onboard' }, null],
  [
    'pointer-moved',
    { ...move, kind: 'shadow', shadowVersion: '1.0' },
    'stage-entered',
    { version: '1.0', detail: { stage: 'shadow', percentage: 0 } },
  ],
  [
    'pointer-moved',
    { ...canary, step: 0 },
    'stage-entered',
    { version: '1.0', detail: { stage: 'canary', percentage: 5 } },
  ],
  ['pointer-moved', { ...canary, step: 1 }, 'canary-step', { version: '1.0', detail: { step: 1, percentage: 5 } }],
  [
    'pointer-moved',
    { ...move, kind: 'promote', productionVersion: '1.0' },
    'stage-entered',
    { version: '1.0', detail: { stage: 'production' } },
  ],
  ['pointer-moved', { ...move, kind: 'restore' }, 'kill-switch-left', { detail: { productionVersion: '0.9' } }],
  [
    'canary-held',
    { promotionId, held: true, reasons },
    'stage-held',
    { severity: 'warning', detail: { stage: 'canary' } },
  ],
  ['canary-held', { promotionId, held: false, reasons: [] }, 'stage-released', { severity: 'info' }],
  [
    'canary-held',
    { promotionId, stage: 'production', held: true, reasons },
    'stage-held',
    { detail: { stage: 'production' } },
  ],
  [
    'canary-held',
    { promotionId, stage: 'canary', step: 1, held: true, reasons },
    'stage-held',
    { summary: expect.stringMatching(/^The canary of demand is not widened: /) },
  ],
  [
    'canary-held',
    { promotionId, stage: 'canary', step: 1, held: false, reasons: [] },
    'stage-released',
    { summary: 'Nothing keeps the canary of demand from being widened any more.' },
  ],
  [
    'canary-held',
    { promotionId, stage: 'change', held: true, reasons },
    'stage-held',
    { summary: expect.stringMatching(/^A change of settings of demand is approved and held/) },
  ],
  [
    'hold-excepted',
    { promotionId, stage: 'change', reason: 'Stock is safe.', holds: ['LEAD_TIME_RUNS x'] },
    'hold-excepted',
    {
      summary: expect.stringContaining('lets the change of settings of demand take effect in spite of LEAD_TIME_RUNS'),
    },
  ],
  [
    'change-announced',
    { promotionId, teams: [{ team: 'Planning', email: 'p@x.example' }], leadTime: 'P1D', earliestAt: 'z' },
    'change-announced',
    { summary: expect.stringContaining('it does not take effect before z') },
  ],
  ['notice-acknowledged', { promotionId, team: 'Planning' }, 'notice-acknowledged'],
  ['notice-recalled', { promotionId, end: 'expired' }, 'notice-recalled', { detail: { end: 'expired' } }],
  [
    'hold-excepted',
    { promotionId, version: '1.0', stage: 'canary', step: 0, reason: 'Stock is safe.', holds: ['FROZEN x'] },
    'hold-excepted',
    { summary: expect.stringContaining('lets version 1.0 of demand serve more units in spite of FROZEN x') },
  ],
  [
    'hold-excepted',
    { promotionId, version: '1.0', stage: 'production', reason: 'Stock is safe.', holds: ['FREEZE'] },
    'hold-excepted',
    { severity: 'warning', detail: { stage: 'production', holds: ['FREEZE'], reason: 'Stock is safe.' } },
  ],
  [
    'change-announced',
    {
      promotionId,
      version: '1.0',
      teams: [{ team: 'Planning', email: 'p@x.example' }],
      leadTime: 'P1D',
      earliestAt: 'z',
    },
    'change-announced',
    { detail: { teams: ['Planning'], leadTime: 'P1D' } },
  ],
  ['notice-acknowledged', { promotionId, version: '1.0', team: 'Planning' }, 'notice-acknowledged'],
  [
    'notice-recalled',
    { promotionId, version: '1.0', end: 'expired' },
    'notice-recalled',
    { detail: { end: 'expired' } },
  ],
  ['promotion-ended', { promotionId, version: '1.0', end: 'promoted', reasons: [] }, 'promoted'],
  [
    'promotion-ended',
    { promotionId, end: 'rejected', reasons },
    'rejected',
    { detail: { reasons: [{ code: 'WORSE', message: 'It is worse.', got: '+7 %', allowed: '+5 %' }] } },
  ],
  ['promotion-ended', { promotionId, end: 'expired', reasons: [] }, 'expired'],
  ['promotion-ended', { promotionId, end: 'withdrawn', reasons: [] }, 'withdrawn'],
  ['promotion-ended', { promotionId, end: 'rolled-back', reasons: [] }, 'ended-by-rollback'],
  ['exposure-ended', { promotionId, version: '1.0', stage: 'canary' }, 'exposure-ended'],
  ['change-requested', { promotionId, kind: 'restore', change: { reason: 'It is mended.' } }, 'change-requested'],
  ['change-ended', { promotionId, end: 'applied' }, null],
  ['change-ended', { promotionId, end: 'expired', reasons: [] }, 'change-ended'],
  ['model-onboarded', { promotionId, policyVersion: 1, policyDigest: 'd' }, 'model-onboarded'],
  [
    'model-changed',
    { promotionId, policyVersion: 2, policyDigest: 'd' },
    'settings-changed',
    { detail: { policyVersion: 2 } },
  ],
  ['gate-opened', { promotionId, stage: 'canary', quorum: 2, expiresAt: '2026-04-01T00:00:00Z' }, 'approval-requested'],
  [
    'approval-decided',
    { promotionId, stage: 'canary', decision: 'approve', gateStatus: 'approved' },
    'approval-decided',
  ],
  [
    'rolled-back',
    { from: '1.0', to: '', cause: 'safety', requestedBy: { name: 'Ben' }, seconds: 3 },
    'rolled-back',
    { severity: 'critical', version: '1.0', detail: { requestedBy: 'Ben', to: '' } },
  ],
  [
    'forecasts-recalled',
    { executionName: 'r1', part: 1, version: '1.0', to: '0.9', cause: 'safety', forecasts: 12, toCome: 4 },
    'recall-opened',
    { severity: 'critical', detail: { forecasts: 12, toCome: 4 } },
  ],
  ['recall-acknowledged', { ...answer, status: 'open' }, 'recall-acknowledged'],
  ['recall-acknowledged', { ...answer, status: 'closed' }, 'recall-closed'],
  [
    'kill-switch-thrown',
    {
      level: 'model',
      reason: 'Far too high.',
      requestedBy: { name: 'Ben' },
      expiresAt: '',
      fallback: 'seasonal-naive',
      fallbackSegments: ['region:N'],
    },
    'kill-switch-thrown',
    { severity: 'critical', detail: { fallbackSegments: ['region:N'] } },
  ],
  ['readiness-checked', { ready: false, reasons }, 'rollback-not-ready', { severity: 'warning' }],
  ['readiness-checked', { ready: true, reasons: [] }, 'rollback-ready'],
  [
    'drill-completed',
    { executionName: 'd1', passed: false, total: null, reasons },
    'drill-failed',
    { severity: 'warning' },
  ],
  [
    'drill-completed',
    { executionName: 'd1', passed: true, total: 3.4, reasons: [] },
    'drill-passed',
    { detail: { seconds: 3.4 } },
  ],
  [
    'change-noticed',
    { code: 'UNKNOWN_DOCUMENT', id: 'x', message: 'Nobody decided it.', got: 'a', allowed: 'b', document: {} },
    'change-noticed',
    { severity: 'critical', detail: { serving: true } },
  ],
  ['change-noticed', { code: 'UNKNOWN_DOCUMENT', id: 'x', amends: 4, principalArn: 'arn' }, null],
  [
    'change-noticed',
    { code: 'UNKNOWN_DOCUMENT', id: 'x', amends: 4, over: true },
    'change-over',
    { detail: { noticed: 4 } },
  ],
  [
    'change-noticed',
    { code: 'ROLE_CHANGED', eventName: 'PutRolePolicy', resource: 'r', principalArn: 'arn:x', alarming: false },
    'change-noticed',
    { severity: 'warning', detail: { message: 'PutRolePolicy of r by arn:x', serving: false } },
  ],
  ['change-undone', { undoes: 3, productionVersion: '0.9' }, 'change-undone', { version: '0.9' }],
  [
    'release-noted',
    { promotionId, version: '1.0', note },
    'release-noted',
    { detail: { about: 'stage-entered', note } },
  ],
  [
    'release-noted',
    { fact: 3, about: 'rolled-back', note, page: note },
    'release-noted',
    { detail: { about: 'rolled-back', page: note } },
  ],
  ['pointer-move-intended', move, null],
  ['manifest-signed', { promotionId }, null],
  ['principal-recorded', { promotionId }, null],
];

describe('An entry of the ledger', () => {
  const cases = CASES.map(([type, data, event, more = {}]) => ({ type, data, event, more }));

  it.each(cases)('of type $type with $data is told as $event', ({ type, data, event, more }) => {
    const found = told(type, data);
    if (event === null) expect(found).toBeNull();
    else expect(found).toMatchObject({ event, schema: 1, id: 'demand/1', model: 'demand', ledgerPosition: 1, ...more });
  });

  it('is told under the same id and in the same words whenever it is asked', () => {
    const body = entry('rolled-back', {
      from: '1.0',
      to: '',
      cause: 'safety',
      requestedBy: 'system:guard',
      seconds: 3,
    });
    expect(eventOfEntry(body, null)).toEqual(eventOfEntry(body, null));
  });

  it('is critical where it lets a critical change act, and only there', () => {
    const run = aPromotion({ change: { ...aPromotion().change, critical: true } });
    const severityOf = (type: EntryType, data: JsonObject, of = run) => eventOfEntry(entry(type, data), of)?.severity;
    expect(severityOf('pointer-moved', { ...canary, step: 1 })).toBe('critical');
    expect(severityOf('pointer-moved', { ...canary, step: 1 }, aPromotion())).toBe('info');
    expect(severityOf('gate-opened', { stage: 'canary', quorum: 2, expiresAt: '' })).toBe('info');
  });

  it('is critical where the rule made its change so', () => {
    const run = { change: {}, severity: { level: 'critical' } };
    expect(eventOfEntry(entry('pointer-moved', { ...canary, step: 0 }), run)?.severity).toBe('critical');
  });

  it('that does not have the shape of its type is no event', () => {
    expect(() => told('rolled-back', { from: 1 })).toThrow(expect.objectContaining({ code: 'CORRUPT_ITEM' }));
  });

  it('fits a message, however much its reasons say', () => {
    const many = Array.from({ length: 400 }, () => ({
      code: 'WORSE',
      message: 'x'.repeat(5_000),
      got: '\ud800'.repeat(10).toWellFormed(),
    }));
    const event = told('promotion-ended', { promotionId, end: 'rejected', reasons: many });
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(64_000);
    expect(event?.detail).toMatchObject({ reasons: { length: 20 } });
  });
});

describe('An event', () => {
  const typed = 'Bad\n\n<script>alert(1)</script> \u202Egnp.exe';
  const event = told('kill-switch-thrown', {
    level: 'model',
    reason: typed,
    requestedBy: { name: typed },
    fallback: 'x',
    fallbackSegments: [],
  });

  it('has a sentence on one line in which nothing hides, whatever people wrote', () => {
    expect(event?.summary).toContain('<script>alert(1)</script>');
    expect(event?.summary).not.toMatch(/[\n\u202E]/);
  });

  it('is written to subscribers by email as text, under a subject that SNS takes', () => {
    if (event === null) throw new Error('It is told.');
    expect(eventText(event)).not.toContain('\u202E');
    expect(eventText(event)).toContain('Severity: critical');
    expect(subjectOf({ ...event, model: 'größe'.repeat(30) })).toMatch(/^\[critical\] [\x20-\x7e]{1,89}$/);
  });

  it('may gain members within its version: a reader drops those that it does not know', () => {
    expect(releaseEvent.parse({ ...event, later: 1 })).toEqual(event);
    expect(releaseEvent.safeParse({ ...event, schema: 2 }).success).toBe(false);
  });
});
