import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvidenceStore } from '../../functions/evidence/evidence-store.ts';
import { anchorOf } from '../../functions/ledger/anchor.ts';
import { AnchorStore } from '../../functions/ledger/anchor-store.ts';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import { kmsSigner } from '../../functions/platform/signing-store.ts';
import { createDynamoDb } from '../../infra/local/dynamodb/dynamodb.ts';
import { createKms } from '../../infra/local/kms.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { draftOf } from '../fakes/chains.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';

const PROGRAM = 'functions/ledger/verifier/verify-ledger.cli.ts';

let tables: Tables;
let served: Served;
let objects: S3Client;
let folder: string;
let kmsKeyArn: string;

beforeAll(async () => {
  tables = await startTables();
  const dynamo = createDynamoDb(tables.engine);
  const s3 = createS3();
  const kms = createKms();
  kmsKeyArn = kms.createKey('ledger', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }).arn;
  s3.createBucket('evidence', { VersioningConfiguration: { Status: 'Enabled' }, ObjectLockEnabled: true });
  served = await serveOne('s3', {
    handle: (request) => {
      const target = request.headers['x-amz-target'];
      if (target === undefined) return s3.handle(request);
      return (target.startsWith('TrentService') ? kms : dynamo).handle(request);
    },
  });
  objects = new S3Client({ ...served.client, forcePathStyle: true });
  folder = mkdtempSync(join(tmpdir(), 'verify-ledger-'));
  writeFileSync(join(folder, 'ledger.pem'), tables.key.publicKeyPem);
  writeFileSync(
    join(folder, 'outputs.json'),
    JSON.stringify({
      ModelRelease: {
        LedgerTableName: tables.ledger,
        EvidenceBucketName: 'evidence',
        LedgerKeyArn: kmsKeyArn,
        ApprovalBaseUrl: `${served.endpoint}/approvals`,
      },
    }),
  );
});
afterAll(async () => {
  objects.destroy();
  await served.stop();
  await tables.stop();
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Run> {
  const { AWS_ACCESS_KEY_ID: _, AWS_ENDPOINT_URL: __, ...environment } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: environment });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const verify = (model: string, ...more: readonly string[]) =>
  run('--model', model, '--outputs', join(folder, 'outputs.json'), '--public-key', join(folder, 'ledger.pem'), ...more);

/** A chain of `length` entries, those at `anchored` anchored. */
async function write(model: string, length: number, anchored: readonly number[]): Promise<readonly ReadEntry[]> {
  const ledger = tables.openLedger();
  for (let step = 0; step < length; step++) await ledger.append(draftOf({ model, data: { step, note: 'Größe' } }));
  const entries: ReadEntry[] = [];
  for await (const entry of ledger.entries(model)) entries.push(entry);
  const evidence = new EvidenceStore(objects, 'evidence');
  const anchors = new AnchorStore(evidence, { days: 1, mode: 'GOVERNANCE' });
  for (const entry of entries) {
    if (anchored.includes(entry.row.seq)) await anchors.write(anchorOf(entry), new Date().toISOString());
  }
  return entries;
}

const put = (row: object) => tables.client.send(new PutCommand({ TableName: tables.ledger, Item: { ...row } }));
const remove = (model: string, seq: number) =>
  tables.client.send(new DeleteCommand({ TableName: tables.ledger, Key: { model, seq } }));
const set = (model: string, seq: number, name: string, value: string) =>
  tables.client.send(
    new UpdateCommand({
      TableName: tables.ledger,
      Key: { model, seq },
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  );

describe('the verifier, run on a ledger that holds', () => {
  it('exits 0 and prints entries, head and last anchor', async () => {
    const entries = await write('sound', 7, [2, 5]);
    const { code, stdout, stderr } = await verify('sound');
    expect(stderr).toBe('');
    expect(stdout).toContain('OK   sound: 7 entries');
    expect(stdout).toContain(`position 7 ${entries[6]?.row.entryHash}`);
    expect(stdout).toContain('last anchor  position 5 of 2026-03-01T08:00:00.000Z (2 compared)');
    expect(code).toBe(0);
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await verify('sound', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      entries: 7,
      anchors: 2,
      head: { seq: 7 },
      lastAnchor: { seq: 5 },
    });
    expect(code).toBe(0);
  });

  it('asks KMS for the key when no file is named', async () => {
    const keys = new KMSClient(served.client);
    const sign = kmsSigner(keys, kmsKeyArn);
    const ledger = new DynamoLedger({ client: tables.client, table: tables.ledger, sign });
    await ledger.append(draftOf({ model: 'by-kms' }));
    await ledger.append(draftOf({ model: 'by-kms' }));
    keys.destroy();
    const { code, stdout } = await run('--model', 'by-kms', '--outputs', join(folder, 'outputs.json'));
    expect(stdout).toContain('OK   by-kms: 2 entries');
    expect(code).toBe(0);
    expect((await verify('by-kms')).stdout).toContain('position 1 is forged-signature');
  });

  it('takes the same anchor, written twice, as one', async () => {
    await write('sound-twice', 2, [2]);
    const entry = await tables.openLedger().read('sound-twice', 2);
    if (entry === null) throw new Error('The fixture has an entry at 2.');
    const anchors = new AnchorStore(new EvidenceStore(objects, 'evidence'), { days: 2, mode: 'GOVERNANCE' });
    await anchors.write(anchorOf(entry), new Date().toISOString());
    expect(JSON.parse((await verify('sound-twice', '--json')).stdout)).toMatchObject({ ok: true, anchors: 1 });
  });
});

describe('the verifier, run on a ledger that was tampered with', () => {
  const tampered: readonly (readonly [
    string,
    string,
    number,
    (model: string, entries: readonly ReadEntry[]) => Promise<unknown>,
  ])[] = [
    [
      'one byte of a row is changed',
      'altered',
      4,
      (model, entries) => set(model, 4, 'body', entries[3]?.row.body.replace('Ada', 'Eda') ?? ''),
    ],
    ['an attribute is added', 'altered', 2, (model) => set(model, 2, 'note', 'x')],
    ['a row is dropped', 'dropped', 3, (model) => remove(model, 3)],
    [
      'two rows are swapped',
      'reordered',
      2,
      async (_, entries) => {
        await put({ ...entries[1]?.row, seq: 5 });
        await put({ ...entries[4]?.row, seq: 2 });
      },
    ],
    [
      'a row is rewritten and signed with another key',
      'forged-signature',
      6,
      (_, entries) => {
        const body = entries[5]?.row.body.replace('Ada', 'Eve') ?? '';
        const signature = createTestKey().signNow(Buffer.from(body));
        return put({ ...entries[5]?.row, body, entryHash: sha256Hex(body), signature });
      },
    ],
    [
      'the chain is cut below its last anchor',
      'truncated',
      5,
      async (model) => Promise.all([5, 6, 7].map((seq) => remove(model, seq))),
    ],
    [
      'the chain is cut and its anchors are hidden behind delete markers',
      'truncated',
      5,
      async (model) => {
        await Promise.all([5, 6, 7].map((seq) => remove(model, seq)));
        const Key = evidencePaths.anchor(model, 6);
        await objects.send(new DeleteObjectCommand({ Bucket: 'evidence', Key }));
      },
    ],
    [
      'the chain is cut and written anew with the real key',
      'anchor-mismatch',
      6,
      async (model) => {
        await Promise.all([5, 6, 7].map((seq) => remove(model, seq)));
        await write(model, 3, []);
      },
    ],
    [
      'an anchor is written over',
      'anchor-mismatch',
      6,
      (model) =>
        objects.send(new PutObjectCommand({ Bucket: 'evidence', Key: evidencePaths.anchor(model, 6), Body: '{}' })),
    ],
  ];

  it.each(tampered)('exits 1 and names the position when %s', async (what, kind, position, tamper) => {
    const model = `bad-${tampered.findIndex(([name]) => name === what)}`;
    await tamper(model, await write(model, 7, [3, 6]));
    const { code, stdout } = await verify(model);
    expect(stdout).toContain(`BAD  ${model}: position ${position} is ${kind}`);
    expect(code).toBe(1);
  });

  it('says the same as JSON', async () => {
    await write('bad-json', 3, []);
    await remove('bad-json', 2);
    const { code, stdout } = await verify('bad-json', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, entries: 1, fault: { kind: 'dropped', position: 2 } });
    expect(code).toBe(1);
  });

  it('cannot find a cut chain when the anchors are left out, and says so when all else holds', async () => {
    await write('cut', 4, [4]);
    await remove('cut', 4);
    const { code, stdout } = await verify('cut', '--no-anchors');
    expect(stdout).toContain('not compared: a chain cut short is not found');
    expect(code).toBe(0);
    expect((await verify('cut')).code).toBe(1);
  });
});

describe('the verifier, when it cannot verify', () => {
  const pem = () => ['--public-key', join(folder, 'ledger.pem')];
  const cases: readonly (readonly [string, () => readonly string[], string])[] = [
    ['nothing is said', () => [], '--model: The model is missing.'],
    ['an option does not exist', () => ['--model', 'm', '--tabel', 't'], '--tabel: This option does not exist.'],
    [
      'nothing answers at the endpoint',
      () => ['--model', 'm', '--table', 't', '--no-anchors', ...pem(), '--endpoint', 'http://127.0.0.1:1'],
      'npm start',
    ],
    [
      'the table does not exist',
      () => ['--model', 'm', '--table', 'none', '--no-anchors', ...pem(), '--endpoint', served.endpoint],
      'There is no table none',
    ],
    [
      'the bucket does not exist',
      () => ['--model', 'sound', '--bucket', 'none', '--outputs', join(folder, 'outputs.json'), ...pem()],
      'There is no bucket none',
    ],
    [
      'the model has no entries',
      () => ['--model', 'nobody', '--outputs', join(folder, 'outputs.json'), ...pem()],
      'has no entries of the model nobody',
    ],
    [
      'the key file is missing',
      () => ['--model', 'sound', '--outputs', join(folder, 'outputs.json'), '--public-key', join(folder, 'none.pem')],
      'Pass --public-key with a file that can be read.',
    ],
    [
      'the key file holds no key',
      () => [
        '--model',
        'sound',
        '--outputs',
        join(folder, 'outputs.json'),
        '--public-key',
        join(folder, 'outputs.json'),
      ],
      'a public key in PEM form',
    ],
    ['the named outputs are missing', () => ['--model', 'm', '--outputs', join(folder, 'none.json')], 'outputs'],
  ];

  it.each(cases)('exits 2 and says what to do when %s', async (_, args, text) => {
    const { code, stdout, stderr } = await run(...args());
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('says it as JSON too', async () => {
    const { code, stdout } = await run('--json', '--table', 't', '--no-anchors', ...pem());
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, reasons: [{ path: '--model' }] });
    expect(code).toBe(2);
  });

  it('prints its usage when asked', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--model MODEL') });
  });
});
