import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNewestRows } from '../../functions/console/read/chain-tail-store.ts';
import { readGates } from '../../functions/console/read/gate-list-store.ts';
import { readNewestAnchors } from '../../functions/console/read/newest-anchors-store.ts';
import { approvalKeys } from '../../functions/platform/keys.ts';
import { gateItem } from '../approval/fixtures.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

describe('The newest rows of a chain', () => {
  it('come by ascending position, as many as are asked for, however large the pages are', async () => {
    for (let seq = 1; seq <= 8; seq += 1) {
      const Item = { model: 'large', seq, body: 'x'.repeat(300_000) };
      await tables.client.send(new PutCommand({ TableName: tables.ledger, Item }));
    }
    const rows = await readNewestRows(tables.client, { table: tables.ledger, model: 'large', count: 6 });
    expect(rows.map((row) => row)).toMatchObject([3, 4, 5, 6, 7, 8].map((seq) => ({ seq })));
  });
});

describe('The gates of a run', () => {
  it('come without the task token that lies beside them, the oldest first', async () => {
    const promotionId = 'demand_1-2-0_1';
    const first = gateItem({ promotionId, stage: 'shadow', openedSeq: 3 });
    const second = gateItem({ promotionId, stage: 'canary', openedSeq: 9 });
    const token = { promotionId, stage: 'canary', round: 1, token: 'SECRET', issue: 1, storedAt: '' };
    const items = [
      { ...approvalKeys.gate(promotionId, 'shadow', 1), ...first },
      { ...approvalKeys.gate(promotionId, 'canary', 1), ...second },
      { ...approvalKeys.token(promotionId, 'canary', 1), ...token },
    ];
    for (const Item of items) await tables.client.send(new PutCommand({ TableName: tables.approvals, Item }));
    const gates = await readGates(tables.client, tables.approvals, promotionId);
    expect(gates).toEqual([first, second]);
    expect(JSON.stringify(gates)).not.toContain('SECRET');
  });
});

describe('The newest anchors', () => {
  it('are those of the highest positions that are listed from one on; what is no anchor is told as such', async () => {
    const s3 = mockClient(S3Client);
    const keys = Array.from({ length: 12 }, (_, index) => `anchors/demand/${String(index + 5).padStart(12, '0')}.json`);
    const LastModified = new Date('2026-03-01T09:00:00Z');
    const Contents = [...keys, 'anchors/demand/readme.txt'].map((Key) => ({ Key, LastModified }));
    s3.on(ListObjectsV2Command).resolves({ Contents });
    s3.on(GetObjectCommand).resolves({});
    const found = await readNewestAnchors(new S3Client({}), { bucket: 'evidence', model: 'demand', fromSeq: 5 });
    expect(s3.commandCalls(ListObjectsV2Command)[0]?.args[0].input).toMatchObject({
      ...{ Bucket: 'evidence', Prefix: 'anchors/demand/', StartAfter: 'anchors/demand/000000000004.json' },
    });
    expect(found.map(({ seq }) => seq)).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
    expect(found[0]).toEqual({ seq: 9, writtenAt: '2026-03-01T09:00:00.000Z', anchor: null });
  });
});
