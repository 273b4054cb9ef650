import { randomBytes } from 'node:crypto';
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { ApprovalStore, type GateRef } from '../../functions/approval/approval-store.ts';
import { ApprovalWrites } from '../../functions/approval/approval-writes.ts';
import type { Callback } from '../../functions/approval/callback-store.ts';
import type { Found, Link } from '../../functions/approval/find-request.ts';
import type { GateItem, GateStage } from '../../functions/approval/items.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { sealOf } from '../../functions/approval/seal.ts';
import { loadToldNote } from '../../functions/approval/told-note.ts';
import { DrillStore } from '../../functions/drill/drill-store.ts';
import { ReadinessStore } from '../../functions/drill/readiness-store.ts';
import type { Email } from '../../functions/platform/email.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { registryKeys } from '../../functions/platform/keys.ts';
import { personActor } from '../../functions/platform/people.ts';
import { stageAfter } from '../../functions/promotion/life-cycle.ts';
import type { ModelItem, Run, StoredObject } from '../../functions/registry/items.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ANA } from '../fakes/inputs.ts';
import type { Tables } from '../fakes/tables.ts';
import { type AskedStage, gateItem, modelItem, promotionBefore, writtenBefore } from './fixtures.ts';

export const NOW = new Date('2026-03-02T09:00:00.000Z');
export const APPROVE = { decision: 'approve', version: '1.2.0', justification: 'Better in every region that matters.' };
export const REJECT = { ...APPROVE, decision: 'reject', justification: 'The lumpy segment got worse.' };

/** Object versions of the evidence bucket; the newest of a key is the last one put. */
export class VersionedEvidence {
  readonly #versions = new Map<string, string[]>();

  put(key: string, text: string): void {
    this.#versions.set(key, [...(this.#versions.get(key) ?? []), text]);
  }

  /** What no caller of S3 can do: other bytes under the same version. */
  corrupt(key: string): void {
    this.#versions.set(key, ['other bytes']);
  }

  async newestVersion(key: string): Promise<string | null> {
    const count = this.#versions.get(key)?.length;
    return count === undefined ? null : `v${count}`;
  }

  async read({ key, versionId, sha256 }: StoredObject): Promise<Buffer> {
    const text = this.#versions.get(key)?.[Number(versionId.slice(1)) - 1];
    if (text === undefined) throw new ReleaseError('NOT_FOUND', `No ${key}.`);
    if (sha256Hex(text) !== sha256) throw new ReleaseError('DIGEST_MISMATCH', `${key} was altered.`);
    return Buffer.from(text);
  }
}

interface Sent extends Email {
  readonly to: string;
}

export interface Over {
  readonly model?: ModelItem | null;
  /** What people are asked to let the promotion into: production, unless a test says otherwise. */
  readonly stage?: AskedStage;
  readonly run?: Run;
}

/**
 * Everything that the approval functions work with, on real tables: one promotion that passed everything before the stage
 * that is asked about, an inbox, and an execution that notes which tokens woke it.
 */
export async function createStand(tables: Tables, over: Over = {}) {
  await empty(tables);
  const run = over.run ?? promotionBefore(over.stage ?? 'production');
  const gate: GateRef = { promotionId: run.promotionId, stage: askedStage(run), round: 1 };
  const model = over.model === undefined ? modelItem() : over.model;
  const inbox: Sent[] = [];
  const woken: string[] = [];
  const spent = new Set<string>();
  const evidence = new VersionedEvidence();
  for (const name of ['artifact', 'backtest', 'history']) evidence.put(`candidates/${run.promotionId}/${name}`, name);
  for (const [key, text] of Object.entries(writtenBefore('production'))) evidence.put(key, text);
  const forged: GateItem[] = [];
  const wakes: string[] = [];
  const registry = new RegistryStore(tables.client, tables.registry);
  const approvals = new ApprovalStore(tables.client, tables.approvals);
  const ports = {
    registry,
    freezes: [],
    toldNote: (found: Found) => loadToldNote({ registry, approvals, evidence }, found),
    wayBack: {
      registry,
      readiness: new ReadinessStore(tables.client, tables.registry),
      drills: new DrillStore(tables.client, tables.registry),
    },
    registryWrites: new RegistryWrites(tables.registry),
    approvals,
    approvalWrites: new ApprovalWrites(tables.approvals),
    ledger: tables.openLedger(),
    evidence,
    random: (count: number): Uint8Array => randomBytes(count),
    baseUrl: 'https://approve.example/',
    sendEmail: async (to: string, email: Email) => {
      inbox.push({ to, ...email });
    },
    wake: async (token: string): Promise<Callback> => {
      if (spent.has(token)) return 'over';
      spent.add(token);
      woken.push(token);
      return 'woken';
    },
    onWake: (_: GateRef, went: string, error?: string) => {
      wakes.push(error ?? went);
    },
    onForged: (gate: GateItem) => {
      forged.push(gate);
    },
  };
  const put = async (key: { readonly pk: string; readonly sk: string }, item: object) => {
    await tables.client.send(new PutCommand({ TableName: tables.registry, Item: { ...key, ...item } }));
  };
  const putModel = (item: ModelItem) => put(registryKeys.model(item.model), item);
  if (model !== null) await putModel(model);
  await ports.approvals.carryOut(ports.registryWrites.newRun(run));
  const entered = (['shadow', 'canary'] as const).filter((stage) => run.kind === 'promotion' && run.gates[stage]);
  for (const stage of entered) await letIn(ports, run, stage);
  return {
    ports,
    run,
    gate,
    /** Ledger entries before anything is tried here. */
    before: entered.length,
    inbox,
    woken,
    wakes,
    forged,
    evidence,
    putModel,
    putRun: (changed: Run) => put(registryKeys.promotion(changed.model, changed.promotionId), changed),
    /** The link of the newest email to an address. */
    linkOf: (email: string): Link => linkIn(inbox.findLast(({ to }) => to === email)?.text ?? ''),
    /** Types of the ledger's entries since, in order. */
    entries: async () => {
      const types: string[] = [];
      for await (const { body } of ports.ledger.entries(run.model)) types.push(body.type);
      return types.slice(entered.length);
    },
    entry: async (type: string) => {
      for await (const { body } of ports.ledger.entries(run.model)) {
        if (body.type === type && body.seq > entered.length) return body;
      }
      throw new Error(`No ${type} in the ledger.`);
    },
    /** Every item of registry and approvals table, for comparing before and after. */
    snapshot: () =>
      Promise.all([tables.registry, tables.approvals, tables.ledger].map((name) => itemsOf(tables, name))),
  };
}
export type Stand = Awaited<ReturnType<typeof createStand>>;

function askedStage(run: Run): GateStage {
  const stage = run.kind === 'promotion' ? stageAfter(run.stage) : 'change';
  return stage === null || stage === 'offline' ? 'production' : stage;
}

/** An approval of before, with its entry. */
async function letIn(
  ports: { readonly approvalWrites: ApprovalWrites; readonly ledger: ReturnType<Tables['openLedger']> },
  run: Run,
  stage: AskedStage,
): Promise<void> {
  const { promotionId, model } = run;
  const justification = `Ready for ${stage}.`;
  const said = { approver: ANA, decision: 'approve' as const, justification, at: run.startedAt };
  const data = { promotionId, stage, round: 1, ...said, gateStatus: 'approved', counted: 1 };
  const draft = { model, type: 'approval-decided' as const, at: run.startedAt, actor: personActor(ANA), data };
  await ports.ledger.append(draft, (seq) => {
    const closed = { status: 'approved' as const, closedAt: run.startedAt, openedSeq: seq, closedSeq: seq };
    const seal = sealOf(run, stage);
    return [ports.approvalWrites.newGate(gateItem({ stage, seal, ...closed, decisions: [{ ...said, seq }] }))];
  });
}

/** The first moment after the expiry of a gate that was opened at `NOW`. */
export const AFTER_EXPIRY = new Date(NOW.getTime() + 7 * 86_400_000);

/** A stand whose gate is open and whose approvers have their emails. */
export async function createAskedStand(tables: Tables, over?: Parameters<typeof createStand>[1]): Promise<Stand> {
  const stand = await createStand(tables, over);
  const { promotionId, stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  await requestApproval(stand.ports, { promotionId, stage, round, taskToken: 'token-1' }, NOW);
  return stand;
}

export async function statusOf(stand: Stand): Promise<GateItem['status'] | undefined> {
  return (await stand.ports.approvals.gate(stand.gate))?.status;
}

export function linkIn(text: string): Link {
  const match = /https:\/\/approve\.example\/approvals\/([0-9a-f]{32})\?k=([A-Za-z0-9_-]{43})/.exec(text);
  return { requestId: match?.[1] ?? '', secret: match?.[2] ?? '' };
}

async function itemsOf({ client }: Tables, table: string): Promise<readonly unknown[]> {
  const { Items } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  return (Items ?? []).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

async function empty({ client, registry, approvals, ledger }: Tables): Promise<void> {
  for (const [table, names] of [
    [registry, ['pk', 'sk']],
    [approvals, ['pk', 'sk']],
    [ledger, ['model', 'seq']],
  ] as const) {
    const { Items } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
    for (const item of Items ?? []) {
      const Key = Object.fromEntries(names.map((name) => [name, item[name]]));
      await client.send(new DeleteCommand({ TableName: table, Key }));
    }
  }
}
