import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { peopleDigest, peopleFor } from '../../functions/approval/eligible-approvers.ts';
import { sealOf } from '../../functions/approval/seal.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { logger } from '../../functions/platform/logger.ts';
import { ANA } from '../fakes/inputs.ts';
import { passedGate, stored } from '../fakes/runs.ts';
import { ASKED_STAGES, type AskedStage, gateItem, modelItem, promotionItem, STARTED } from './fixtures.ts';

vi.stubEnv('AWS_REGION', 'eu-west-1');
for (const name of ['REGISTRY_TABLE', 'LEDGER_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'LEDGER_KEY_ID'])
  vi.stubEnv(name, name);
vi.stubEnv('FREEZES', '[]');
const decide = await import('../../functions/approval/decide-approval.lambda.ts');
const show = await import('../../functions/approval/show-approval.lambda.ts');

const dynamo = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const kms = mockClient(KMSClient);

const ID = '0123456789abcdef0123456789abcdef';
const SECRET = 'a-secret-that-nobody-may-log';
const request = {
  requestId: ID,
  promotionId: promotionItem().promotionId,
  model: 'demand',
  stage: 'production',
  round: 1,
  approver: ANA,
  secretSha256s: [sha256Hex(SECRET)],
  createdAt: STARTED,
};

function event(method: string, over: Readonly<Record<string, unknown>> = {}) {
  return {
    version: '2.0',
    requestContext: { http: { method } },
    pathParameters: { id: ID },
    queryStringParameters: { k: SECRET },
    isBase64Encoded: false,
    ...over,
  };
}

// Without evidence of a gate there is nothing to be read from the bucket but the versions of what was handed in.
const bare = promotionItem({ gates: {} });
const gateInto = (stage: AskedStage) =>
  gateItem({
    stage,
    approvers: [{ ...ANA, requestId: ID }],
    expiresAt: '2999-01-01T00:00:00.000Z',
    seal: sealOf(bare, stage),
    peopleDigest: peopleDigest(peopleFor(bare, modelItem(), stage)),
  });
let gate = gateInto('production');
let run = bare;

const log: string[] = [];
beforeEach(() => {
  for (const mock of [dynamo, s3, kms]) mock.reset();
  log.length = 0;
  run = bare;
  gate = gateInto('production');
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(logger, level).mockImplementation((...entries) => void log.push(JSON.stringify(entries)));
  }
  dynamo.on(GetCommand, { TableName: 'APPROVALS_TABLE' }).callsFake(({ Key }) => ({
    Item: Key.pk.startsWith('request#') ? (Key.pk === `request#${ID}` ? request : undefined) : gate,
  }));
  dynamo.on(GetCommand, { TableName: 'REGISTRY_TABLE' }).callsFake(({ Key }) => ({
    Item: Key.sk.startsWith('promotion#') ? run : Key.sk === 'model' ? modelItem() : undefined,
  }));
  dynamo.on(QueryCommand).resolves({ Items: [] });
  s3.on(GetObjectCommand).rejects(Object.assign(new Error('no such key'), { name: 'NoSuchKey' }));
  s3.on(HeadObjectCommand).rejects(Object.assign(new Error('not found'), { name: 'NotFound' }));
  kms.on(SignCommand).resolves({ Signature: new Uint8Array([1]) });
});

describe('GET of a link', () => {
  it('answers a page that nobody keeps, frames or extends', async () => {
    const { statusCode, headers, body } = await show.handler(event('GET'));
    expect(statusCode).toBe(200);
    expect(body).toContain('demand 1.2.0 into production');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('max-age='),
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      ),
    });
  });

  it('says not to approve when the report cannot be read', async () => {
    run = promotionItem();
    expect((await show.handler(event('GET'))).body).toContain('Do not approve');
  });

  it.each(ASKED_STAGES)(
    'into %s as HEAD answers the same without the body, and neither writes anything',
    async (stage) => {
      gate = gateInto(stage);
      const get = await show.handler(event('GET'));
      const head = await show.handler(event('HEAD'));
      expect(get.body).toContain(`demand 1.2.0 into ${stage}`);
      expect(head).toEqual({ ...get, body: '' });
      expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
    },
  );

  it('answers a report of a gate as it was recorded, and as HEAD without the body', async () => {
    const page = '<!doctype html><title>Evaluation report</title>';
    const object = stored('evidence/page.html', page);
    run = promotionItem({ gates: { offline: passedGate('offline/2', { 'evaluation-report-page': object }) } });
    s3.on(GetObjectCommand).callsFake(() => ({ Body: { transformToWebStream: () => new Blob([page]).stream() } }));
    const parameters = { pathParameters: { id: ID, name: 'offline-evaluation-report' } };
    const get = await show.handler(event('GET', parameters));
    expect(get).toMatchObject({ statusCode: 200, body: page });
    expect(get.headers['content-security-policy']).toMatch(/^default-src 'none'; .*sandbox$/);
    expect(await show.handler(event('HEAD', parameters))).toEqual({ ...get, body: '' });
    const wrong = await show.handler(event('GET', { ...parameters, queryStringParameters: { k: 'wrong' } }));
    expect(wrong.statusCode).toBe(404);
    expect(wrong.body).not.toContain('Evaluation report');
    expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  it.each([
    ['an unknown id', { pathParameters: { id: 'f'.repeat(32) } }],
    ['a wrong secret', { queryStringParameters: { k: 'wrong' } }],
    ['no secret', { queryStringParameters: undefined }],
    ['no id', { pathParameters: null }],
  ])('answers 404 with one and the same page for %s', async (_, over) => {
    const answer = await show.handler(event('GET', over));
    expect(answer).toEqual({
      ...(await show.handler({ requestContext: { http: { method: 'GET' } } })),
      statusCode: 404,
    });
  });

  it('answers 404 for what is no HTTP event', async () => {
    expect((await show.handler('nonsense')).statusCode).toBe(404);
  });

  it('answers 503 when a table cannot be read, and logs neither link nor secret', async () => {
    dynamo.on(GetCommand, { TableName: 'APPROVALS_TABLE' }).rejects(new Error('table unavailable'));
    const { statusCode, headers } = await show.handler(event('GET'));
    expect([statusCode, headers['cache-control']]).toEqual([503, 'no-store']);
    expect(log.join()).toContain('PAGE_FAILED');
    expect(log.join()).not.toContain(SECRET);
  });
});

describe('POST of a link', () => {
  const form = new URLSearchParams({
    decision: 'approve',
    version: '1.2',
    justification: 'Typed <b>by</b> hand, "carefully".',
  });

  it.each([
    ['as text', { body: form.toString() }],
    ['as base64', { body: Buffer.from(form.toString()).toString('base64'), isBase64Encoded: true }],
  ])('with a fault, %s, answers 400 with the fault and with what was typed', async (_, over) => {
    s3.on(HeadObjectCommand).resolves({ VersionId: 'v1' });
    const { statusCode, body } = await decide.handler(event('POST', over));
    expect(statusCode).toBe(400);
    expect(body).toContain('That is not what is decided on. Type exactly 1.2.0.');
    expect(body).toContain('Typed &lt;b&gt;by&lt;/b&gt; hand, &quot;carefully&quot;.</textarea>');
    expect(body).toContain('value="1.2"');
    expect(body).toMatch(/value="approve" checked/);
    expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  it.each(ASKED_STAGES)('into %s answers 200 when it is recorded', async (stage) => {
    gate = gateInto(stage);
    s3.on(HeadObjectCommand).resolves({ VersionId: 'v1' });
    dynamo.on(TransactWriteCommand).resolves({});
    form.set('version', '1.2.0');
    const { statusCode, body } = await decide.handler(event('POST', { body: form.toString() }));
    expect([statusCode, body.includes('Your approval is recorded')]).toEqual([200, true]);
    expect(dynamo.commandCalls(TransactWriteCommand)[0]?.args[0].input.TransactItems).toHaveLength(5);
    expect(log.join()).not.toMatch(new RegExp(`${SECRET}|carefully`));
  });

  it('that another site sent is as if nothing had been typed', async () => {
    s3.on(HeadObjectCommand).resolves({ VersionId: 'v1' });
    const headers = { 'sec-fetch-site': 'cross-site' };
    const { statusCode, body } = await decide.handler(event('POST', { headers, body: form.toString() }));
    expect([statusCode, body.includes('carefully')]).toEqual([400, false]);
    expect(body).not.toContain(' checked>');
    expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  it('answers 404 with the page of GET for a wrong secret', async () => {
    const over = { queryStringParameters: { k: 'wrong' }, body: form.toString() };
    const answer = await decide.handler(event('POST', over));
    expect(answer).toEqual(await show.handler(event('GET', over)));
    expect(answer.statusCode).toBe(404);
  });

  it('answers 503 when it cannot be recorded, and logs neither secret nor justification', async () => {
    dynamo.on(GetCommand, { TableName: 'REGISTRY_TABLE' }).rejects(new Error('table unavailable'));
    const { statusCode, body } = await decide.handler(event('POST', { body: form.toString() }));
    expect(statusCode).toBe(503);
    expect(body).toContain('Nothing was recorded');
    expect(log.join()).toContain('DECISION_FAILED');
    expect(log.join()).not.toContain(SECRET);
    expect(log.join()).not.toContain('carefully');
  });
});
