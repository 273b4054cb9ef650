import { randomBytes } from 'node:crypto';
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { ApprovalStore, type GateRef } from '../../functions/approval/approval-store.ts';
import { ApprovalWrites } from '../../functions/approval/approval-writes.ts';
import type { Callback } from '../../functions/approval/callback-store.ts';
import type { Link } from '../../functions/approval/find-request.ts';
import type { GateItem } from '../../functions/approval/items.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import type { Email } from '../../functions/platform/email.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { registryKeys } from '../../functions/platform/keys.ts';
import type { ModelItem, Run, StoredObject } from '../../functions/registry/items.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import type { Tables } from '../fakes/tables.ts';
import { modelItem, PROMOTION_ID, promotionItem, REPORT_KEY, reportText } from './fixtures.ts';

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

/**
 * Everything that the approval functions work with, on real tables: one promotion that passed offline, an inbox, and an
 * execution that notes which tokens woke it.
 */
export async function createStand(
  tables: Tables,
  over: { readonly model?: ModelItem | null; readonly run?: Run } = {},
) {
  await empty(tables);
  const run = over.run ?? promotionItem();
  const model = over.model === undefined ? modelItem() : over.model;
  const inbox: Sent[] = [];
  const woken: string[] = [];
  const spent = new Set<string>();
  const evidence = new VersionedEvidence();
  for (const name of ['artifact', 'backtest', 'history']) evidence.put(`candidates/${run.promotionId}/${name}`, name);
  evidence.put(REPORT_KEY, reportText());
  const forged: GateItem[] = [];
  const wakes: string[] = [];
  const ports = {
    registry: new RegistryStore(tables.client, tables.registry),
    registryWrites: new RegistryWrites(tables.registry),
    approvals: new ApprovalStore(tables.client, tables.approvals),
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
  return {
    ports,
    run,
    inbox,
    woken,
    wakes,
    forged,
    evidence,
    putModel,
    putRun: (changed: Run) => put(registryKeys.promotion(changed.model, changed.promotionId), changed),
    /** The link of the newest email to an address. */
    linkOf: (email: string): Link => linkIn(inbox.findLast(({ to }) => to === email)?.text ?? ''),
    /** Types of the ledger's entries, in order. */
    entries: async () => {
      const types: string[] = [];
      for await (const { body } of ports.ledger.entries(run.model)) types.push(body.type);
      return types;
    },
    entry: async (type: string) => {
      for await (const { body } of ports.ledger.entries(run.model)) if (body.type === type) return body;
      throw new Error(`No ${type} in the ledger.`);
    },
    /** Every item of registry and approvals table, for comparing before and after. */
    snapshot: () =>
      Promise.all([tables.registry, tables.approvals, tables.ledger].map((name) => itemsOf(tables, name))),
  };
}
export type Stand = Awaited<ReturnType<typeof createStand>>;

/** The gate of a stand's promotion, and the first moment after its expiry. */
export const GATE: GateRef = { promotionId: PROMOTION_ID, stage: 'production', round: 1 };
export const AFTER_EXPIRY = new Date(NOW.getTime() + 7 * 86_400_000);

/** A stand whose gate is open and whose approvers have their emails. */
export async function createAskedStand(tables: Tables, over?: Parameters<typeof createStand>[1]): Promise<Stand> {
  const stand = await createStand(tables, over);
  const { promotionId, stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  await requestApproval(stand.ports, { promotionId, stage, round, taskToken: 'token-1' }, NOW);
  return stand;
}

export async function statusOf(stand: Stand): Promise<GateItem['status'] | undefined> {
  return (await stand.ports.approvals.gate(GATE))?.status;
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
