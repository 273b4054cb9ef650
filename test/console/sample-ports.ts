import type { ConsolePorts } from '../../functions/console/read/console-ports.ts';
import { buildEntry } from '../../functions/ledger/chain.ts';
import type { Draft } from '../../functions/ledger/entry.ts';
import { signDocument } from '../../functions/pointer/document.ts';
import { gateItem, promotionItem } from '../approval/fixtures.ts';
import { aModel, anExposure } from '../fakes/runs.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

export const AT = '2026-03-10T08:00:00.000Z';

/** What people write in those fields. */
export const PLAIN: Readonly<Record<string, string>> = {
  actor: 'Pia Pipeline',
  why: 'Weekday profiles halve the error on promotions.',
  approver: 'Ana Approver',
  justification: 'Better in every band, and the teams are ready for it.',
  served: '1.1.0',
  run: 'demand_1-0-9_1',
  end: 'rejected',
  code: 'SEGMENT_REGRESSED',
  message: 'The error got worse for region:north.',
  cause: 'metric-degradation',
  from: '1.0.8',
  to: '1.0.7',
  by: 'Olga Owner',
  detail: 'Stockouts doubled in the north.',
  reason: 'Weekday profiles halve the error on promotions.',
  approvedBy: 'Ana Approver <ana@shop.example>',
  segment: 'region:south',
  version: '1.2.0',
  requester: 'Pia Pipeline',
  change: 'Prices as a feature.',
  hold: 'FROZEN 2026-03-12T00:00:00Z',
  held: 'Nothing new begins to serve until 2026-03-12T00:00:00Z: Spring sale.',
  metric: 'stockout',
  finding: 'none',
  team: 'Replenishment',
  acknowledger: 'Rosa Replenish',
  stop: 'Orders in the south are far too high.',
  thrower: 'Olga Owner',
  safe: 'seasonal-naive',
  'stopped-segment': 'region:south',
  rollback: 'demand-rollback-7',
  withdrawn: '1.0.8',
  'why-recalled': 'metric-degradation',
  'recalled-team': 'Ordering',
  drill: 'TOO_SLOW',
  owner: 'Olga Owner',
  'owner-team': 'Forecasting',
  eligible: 'Ben Approver',
  downstream: 'Replenishment',
  freeze: 'Spring sale',
  'not-ready': 'ARTIFACT_MISSING',
  unready: 'The artifact of 1.0.7 cannot be read.',
  pending: '1.0.8',
  model: 'demand',
  asked: 'Ben Approver',
};

const key = createTestKey();

async function chain(drafts: readonly Draft[]): Promise<readonly unknown[]> {
  const rows: { seq: number; entryHash: string }[] = [];
  for (const draft of drafts) {
    const row = buildEntry(draft, rows.at(-1) ?? null);
    rows.push({ ...row, signature: await key.sign(Buffer.from(row.body)) } as never);
  }
  return rows;
}

/** Everything that the console can read of a model of which there is much to tell; `say` gives the text of each field. */
export async function samplePorts(say: (field: string) => string): Promise<ConsolePorts> {
  const person = { kind: 'person' as const, name: say('actor'), email: 'a@b.example' };
  const draft = (type: Draft['type'], data: Draft['data']): Draft => ({
    model: 'demand',
    type,
    at: AT,
    actor: person,
    data,
  });
  const said = { stage: 'production', round: 1, decision: 'approve', gateStatus: 'approved' };
  const approver = { id: 'x', name: say('approver'), email: 'x@shop.example' };
  const rows = await chain([
    draft('rolled-back', {
      ...{ cause: say('cause'), from: say('from'), to: say('to'), requestedBy: say('by'), detail: say('detail') },
      seconds: 3,
    }),
    draft('candidate-registered', { promotionId: 'p', change: { reason: say('why') } }),
    draft('approval-decided', { promotionId: 'p', ...said, approver, justification: say('justification') }),
    draft('pointer-moved', { promotionId: 'p', kind: 'promote', productionVersion: say('served'), fallback: '' }),
    draft('promotion-ended', {
      ...{ promotionId: say('run'), end: say('end') },
      reasons: [{ code: say('code'), message: say('message') }],
    }),
  ]);
  const document = await signDocument(key.sign, 'demand', {
    ...unsignedDocument({ fallback: 'seasonal-naive' }),
    ...{ reason: say('reason'), approvedBy: [say('approvedBy')], fallbackSegments: [say('segment')] },
  });
  const model = aModel();
  const run = promotionItem({
    ...{ stage: 'canary', awaitingApproval: false, exposures: [anExposure()], version: say('version') },
    requestedBy: { name: say('requester'), email: 'a@b.example' },
    change: { ...promotionItem().change, reason: say('change'), scope: say('scope') },
    holds: [{ since: AT, reasons: [say('hold')], messages: [say('held')] }],
    newestLook: {
      ...{ stage: 'canary', at: AT, days: 1, stepDays: 1 },
      measures: [{ metric: say('metric'), estimate: 1, bound: 2, margin: 3, sufficient: true, nonInferior: false }],
    },
    gates: {
      offline: {
        verdict: 'PASS',
        reasons: [{ code: 'X', message: say('finding') }],
        judge: 'j',
        judgedAt: AT,
        artifacts: {},
      },
    },
    advanceNotice: {
      ...{ teams: [], leadTime: 'P1D', acknowledge: 'none', givenAt: AT, earliestAt: AT },
      acknowledgements: [{ email: 'a@b.example', team: say('team'), name: say('acknowledger'), at: AT, seq: 1 }],
    },
  });
  const thrown = {
    ...{ model: 'demand', level: 'model' as const, reason: say('stop'), thrownAt: AT, expiresAt: AT, ledgerSeq: 1 },
    ...{ requestedBy: { name: say('thrower'), email: 'a@b.example' }, fallback: say('safe') },
    ...{ fallbackSegments: [say('stopped-segment')], documentSha256: 'x', deploymentNumber: 1 },
  };
  const recall = {
    ...{
      model: 'demand',
      executionName: say('rollback'),
      part: 1,
      version: say('withdrawn'),
      to: '',
      cause: say('why-recalled'),
    },
    ...{ rolledBackAt: AT, ledgerSeq: 1, recalledAt: AT, status: 'open' as const, revision: 1 },
    counts: {
      ...{ forecasts: 3, replaced: 0, toCome: 1, units: 1, stores: 1, days: 1 },
      ...{ firstTargetDate: '', lastTargetDate: '', servedFrom: '', servedUntil: '' },
    },
    unreadable: { objects: 0, keys: [], lines: 0 },
    asked: [
      { linkId: 'l', team: say('recalled-team'), email: 'a@b.example', role: 'team' as const, acknowledges: true },
    ],
    answers: [],
  };
  const drill = {
    ...{ model: 'demand', executionName: 'd', startedAt: AT, at: AT, from: '', to: '', production: '', pollSeconds: 1 },
    ...{ evidence: { bucket: 'b', key: 'k', versionId: 'v', sha256: 'x' }, ledgerSeq: 1, passed: false, seconds: {} },
    ...{ total: null, maxSeconds: 9, slowest: null, reasons: [{ code: say('drill'), message: 'm' }] },
  };
  return {
    registry: {
      model: async () => ({
        ...model,
        owner: { ...model.owner, name: say('owner'), team: say('owner-team') },
        approvers: [{ ...approver, name: say('eligible') }],
        downstream: [{ team: say('downstream'), email: 'a@b.example' }],
        policy: { ...model.policy, freezes: [{ from: AT, until: AT, reason: say('freeze') }] },
      }),
      modelNames: async () => [say('model')],
      inFlight: async (_, kind) =>
        kind === 'promotion' ? { model: 'demand', promotionId: run.promotionId, executionArn: '', since: AT } : null,
      run: async () => run,
      killSwitch: async () => thrown,
      intent: async () => null,
      returnDocument: async () => null,
    },
    gates: async () => [gateItem({ status: 'open', approvers: [{ ...approver, name: say('asked'), requestId: 'r' }] })],
    drills: { newest: async () => [drill] },
    readiness: {
      read: async () => ({
        ...{ model: 'demand', ready: false, checkedAt: AT, since: AT, revision: 1 },
        reasons: [{ code: say('not-ready'), message: say('unready') }],
      }),
    },
    guards: { read: async () => null },
    switches: { all: async () => [thrown] },
    recalls: {
      open: async () => [{ model: 'demand', executionName: 'e', part: 1 }],
      recall: async () => recall,
      pending: async () => [{ ...PENDING, version: say('pending') }],
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
