import { describe, expect, it } from 'vitest';
import { answerConsole } from '../../functions/console/console.ts';
import type { ConsolePorts } from '../../functions/console/read/console-ports.ts';
import { buildEntry } from '../../functions/ledger/chain.ts';
import type { Draft } from '../../functions/ledger/entry.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { gateItem, promotionItem } from '../approval/fixtures.ts';
import { aModel, anExposure } from '../fakes/runs.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';
import { ENDPOINT, textOf } from './stand.ts';

const AT = '2026-03-10T08:00:00.000Z';

/** A text of its own for each field, so that it is seen which of them were shown. */
const evil = (field: string) => `<img src=x onerror=alert(1)>"'&</td></cwdb-action><script>${field}</script>`;

const key = createTestKey();

async function chain(drafts: readonly Draft[]): Promise<readonly unknown[]> {
  const rows: { seq: number; entryHash: string }[] = [];
  for (const draft of drafts) {
    const row = buildEntry(draft, rows.at(-1) ?? null);
    rows.push({ ...row, signature: await key.sign(Buffer.from(row.body)) } as never);
  }
  return rows;
}

async function hostilePorts(): Promise<ConsolePorts> {
  const person = { kind: 'person' as const, name: evil('actor'), email: 'a@b.example' };
  const draft = (type: Draft['type'], data: Draft['data']): Draft => ({
    model: 'demand',
    type,
    at: AT,
    actor: person,
    data,
  });
  const said = { stage: 'production', round: 1, decision: 'approve', gateStatus: 'approved' };
  const approver = { id: 'x', name: evil('approver'), email: 'x@shop.example' };
  const rows = await chain([
    draft('rolled-back', {
      ...{ cause: evil('cause'), from: evil('from'), to: evil('to'), requestedBy: evil('by'), detail: evil('detail') },
      seconds: 3,
    }),
    draft('candidate-registered', { promotionId: 'p', change: { reason: evil('why') } }),
    draft('approval-decided', { promotionId: 'p', ...said, approver, justification: evil('justification') }),
    draft('pointer-moved', { promotionId: 'p', kind: 'promote', productionVersion: evil('served'), fallback: '' }),
    draft('promotion-ended', {
      ...{ promotionId: evil('run'), end: evil('end') },
      reasons: [{ code: evil('code'), message: evil('message') }],
    }),
  ]);
  const document: PointerDocument = {
    ...unsignedDocument({ fallback: 'seasonal-naive' }),
    signature: 'AAAA',
    ...{ reason: evil('reason'), approvedBy: [evil('approvedBy')], fallbackSegments: [evil('segment')] },
  };
  const model = aModel();
  const run = promotionItem({
    ...{ stage: 'canary', awaitingApproval: false, exposures: [anExposure()], version: evil('version') },
    requestedBy: { name: evil('requester'), email: 'a@b.example' },
    change: { ...promotionItem().change, reason: evil('change'), scope: evil('scope') },
    holds: [{ since: AT, reasons: [evil('hold')], messages: [evil('held')] }],
    newestLook: {
      ...{ stage: 'canary', at: AT, days: 1, stepDays: 1 },
      measures: [{ metric: evil('metric'), estimate: 1, bound: 2, margin: 3, sufficient: true, nonInferior: false }],
    },
    gates: {
      offline: {
        verdict: 'PASS',
        reasons: [{ code: 'X', message: evil('finding') }],
        judge: 'j',
        judgedAt: AT,
        artifacts: {},
      },
    },
    advanceNotice: {
      ...{ teams: [], leadTime: 'P1D', acknowledge: 'none', givenAt: AT, earliestAt: AT },
      acknowledgements: [{ email: 'a@b.example', team: evil('team'), name: evil('acknowledger'), at: AT, seq: 1 }],
    },
  });
  const thrown = {
    ...{ model: 'demand', level: 'model' as const, reason: evil('stop'), thrownAt: AT, expiresAt: AT, ledgerSeq: 1 },
    ...{ requestedBy: { name: evil('thrower'), email: 'a@b.example' }, fallback: evil('safe') },
    ...{ fallbackSegments: [evil('stopped-segment')], documentSha256: 'x', deploymentNumber: 1 },
  };
  const recall = {
    ...{
      model: 'demand',
      executionName: evil('rollback'),
      part: 1,
      version: evil('withdrawn'),
      to: '',
      cause: evil('why-recalled'),
    },
    ...{ rolledBackAt: AT, ledgerSeq: 1, recalledAt: AT, status: 'open' as const, revision: 1 },
    counts: {
      ...{ forecasts: 3, replaced: 0, toCome: 1, units: 1, stores: 1, days: 1 },
      ...{ firstTargetDate: '', lastTargetDate: '', servedFrom: '', servedUntil: '' },
    },
    unreadable: { objects: 0, keys: [], lines: 0 },
    asked: [
      { linkId: 'l', team: evil('recalled-team'), email: 'a@b.example', role: 'team' as const, acknowledges: true },
    ],
    answers: [],
  };
  const drill = {
    ...{ model: 'demand', executionName: 'd', startedAt: AT, at: AT, from: '', to: '', production: '', pollSeconds: 1 },
    ...{ evidence: { bucket: 'b', key: 'k', versionId: 'v', sha256: 'x' }, ledgerSeq: 1, passed: false, seconds: {} },
    ...{ total: null, maxSeconds: 9, slowest: null, reasons: [{ code: evil('drill'), message: 'm' }] },
  };
  return {
    registry: {
      model: async () => ({
        ...model,
        owner: { ...model.owner, name: evil('owner'), team: evil('owner-team') },
        approvers: [{ ...approver, name: evil('eligible') }],
        downstream: [{ team: evil('downstream'), email: 'a@b.example' }],
        policy: { ...model.policy, freezes: [{ from: AT, until: AT, reason: evil('freeze') }] },
      }),
      modelNames: async () => [evil('model')],
      inFlight: async (_, kind) =>
        kind === 'promotion' ? { model: 'demand', promotionId: run.promotionId, executionArn: '', since: AT } : null,
      run: async () => run,
      killSwitch: async () => thrown,
      intent: async () => null,
      returnDocument: async () => null,
    },
    gates: async () => [
      gateItem({ status: 'open', approvers: [{ ...approver, name: evil('asked'), requestId: 'r' }] }),
    ],
    drills: { newest: async () => [drill] },
    readiness: {
      read: async () => ({
        ...{ model: 'demand', ready: false, checkedAt: AT, since: AT, revision: 1 },
        reasons: [{ code: evil('not-ready'), message: evil('unready') }],
      }),
    },
    guards: { read: async () => null },
    switches: { all: async () => [thrown] },
    recalls: {
      open: async () => [{ model: 'demand', executionName: 'e', part: 1 }],
      recall: async () => recall,
      pending: async () => [{ ...PENDING, version: evil('pending') }],
    },
    newestRows: async () => rows,
    anchorsFrom: async () => [],
    served: async () => Buffer.from(JSON.stringify({ pointer: { enabled: true, ...document } })),
    pointerPublicKeyPem: key.publicKeyPem,
    ledgerPublicKeyPem: key.publicKeyPem,
    onUnread: (what, cause) => {
      throw new Error(`${what}: ${String(cause)}`);
    },
  };
}

const PENDING = {
  ...{ model: 'demand', executionName: 'e', version: '', to: '', cause: '', rolledBackAt: AT, part: 1, lookAt: AT },
};

/** Every element that the console itself makes. */
const OWN =
  /^(style|div|main|p|a|h1|h2|h3|section|dl|dt|dd|ul|li|span|time|code|strong|table|caption|thead|tbody|tr|th|td|button|cwdb-action)$/;

describe('Text that a pipeline or a person wrote', () => {
  it.each([
    ['a page', { base: '/console', model: 'demand' }],
    ['a widget', { model: 'demand' }],
    ['the page over all', { base: '/console' }],
    ['the widget over all', {}],
  ])('is shown as text and never as markup, in every field: %s', async (_, event) => {
    const markup = await answerConsole(await hostilePorts(), event, { at: AT, endpoint: ENDPOINT });
    const tags = [...markup.matchAll(/<\/?([a-z][a-z0-9-]*)/gi)].map(([, name = '']) => name);
    expect(tags.filter((name) => !OWN.test(name))).toEqual([]);
    for (const [, attributes = ''] of markup.matchAll(/<[a-z][a-z0-9-]*([^>]*)>/g))
      expect(attributes).not.toMatch(/\son\w+=/);
    expect((markup.match(/<cwdb-action/g) ?? []).length).toBe((markup.match(/<\/cwdb-action>/g) ?? []).length);
  });

  it('is all there to be read', async () => {
    const ports = await hostilePorts();
    const text = textOf(
      await answerConsole(ports, { base: '/console', model: 'demand' }, { at: AT, endpoint: ENDPOINT }),
    );
    const shown = [...text.matchAll(/<script>([a-zA-Z-]+)<\/script>/g)].map(([, field]) => field);
    expect(new Set(shown)).toEqual(
      new Set([
        ...['why', 'approver', 'justification', 'served', 'run', 'end', 'code', 'message', 'cause', 'from', 'to', 'by'],
        ...['detail', 'reason', 'approvedBy', 'segment', 'version', 'requester'],
        ...['change', 'hold', 'held', 'metric', 'finding', 'team', 'acknowledger', 'stop', 'thrower', 'safe'],
        ...[
          'stopped-segment',
          'rollback',
          'withdrawn',
          'why-recalled',
          'recalled-team',
          'drill',
          'owner',
          'owner-team',
        ],
        ...['eligible', 'downstream', 'freeze', 'not-ready', 'unready', 'pending'],
      ]),
    );
  });
});
