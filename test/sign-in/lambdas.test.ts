import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noticeLink } from '../../functions/change/advance-notice/notice-item.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { logger } from '../../functions/platform/logger.ts';
import { readPending } from '../../functions/sign-in/pending.ts';
import { SessionStore } from '../../functions/sign-in/session-store.ts';
import { BEN, REPLENISHMENT } from '../fakes/inputs.ts';
import { aModel, aPromotion } from '../fakes/runs.ts';
import { SmallIssuer } from './small-issuer.ts';

const small = await SmallIssuer.start();
const TABLES = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'LEDGER_KEY_ID'];
vi.stubEnv('AWS_REGION', 'eu-west-1');
for (const name of TABLES) vi.stubEnv(name, name);
const from = new Date(Date.now() - 1000).toISOString();
const until = new Date(Date.now() + 86_400_000).toISOString();
vi.stubEnv('FREEZES', JSON.stringify([{ from, until, reason: 'Peak trading' }]));
vi.stubEnv('APPROVAL_BASE_URL', 'https://api.example');
vi.stubEnv('OIDC_ISSUER', small.address);
vi.stubEnv('OIDC_CLIENT_ID', 'release');
const { handler: signIn } = await import('../../functions/sign-in/sign-in.lambda.ts');
const { handler: showNotice } = await import('../../functions/change/advance-notice/show-notice.lambda.ts');
const { handler: answerNotice } = await import('../../functions/change/advance-notice/answer-notice.lambda.ts');
const { handler: decide } = await import('../../functions/approval/decide-approval.lambda.ts');
const { handler: showApproval } = await import('../../functions/approval/show-approval.lambda.ts');

const ID = '0123456789abcdef0123456789abcdef';
const SECRET = 's'.repeat(43);
const TO = `/notices/${ID}?k=${SECRET}`;
const HOST = 'api.example';
const SESSION = 'i'.repeat(43);
const dynamo = mockClient(DynamoDBDocumentClient);
const log: string[] = [];

const run = aPromotion({
  ...{ stage: 'canary', version: '2.4.0' },
  advanceNotice: { teams: [REPLENISHMENT], leadTime: 'PT24H', acknowledge: 'all', acknowledgements: [] },
});
const isFor = (whose: object) =>
  noticeLink.parse({
    ...{ linkId: ID, model: run.model, promotionId: run.promotionId, attempts: 1 },
    ...{ secretSha256s: [sha256Hex(SECRET)], attemptedAt: run.startedAt, for: whose },
  });
const APPROVER = isFor({ kind: 'approver', stage: 'canary', approver: BEN });
const TEAM = isFor({ kind: 'team', ...REPLENISHMENT });
let link = APPROVER;
let signedIn: object | undefined;
const sessionOf = (email: string) => ({
  ...{ issuer: small.address, subject: 'one', email, name: 'Somebody' },
  ...{ at: from, expiresAt: until },
});

beforeAll(() => {
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(logger, level).mockImplementation((...entries) => void log.push(JSON.stringify(entries)));
  }
});
afterAll(() => small.stop());
beforeEach(() => {
  dynamo.reset();
  dynamo.onAnyCommand().resolves({ Items: [] });
  log.length = 0;
  link = APPROVER;
  signedIn = undefined;
  dynamo.on(GetCommand, { TableName: 'APPROVALS_TABLE' }).callsFake(({ Key }) => {
    if (Key.pk.startsWith('session#'))
      return { Item: Key.pk === `session#${sha256Hex(SESSION)}` ? signedIn : undefined };
    return { Item: Key.pk.startsWith('notice-link#') ? link : undefined };
  });
  dynamo.on(GetCommand, { TableName: 'REGISTRY_TABLE' }).callsFake(({ Key }) => ({
    Item: Key.sk.startsWith('promotion#') ? run : Key.sk === 'model' ? aModel() : undefined,
  }));
});

const page = (method: string, over: object = {}) => ({
  requestContext: { http: { method }, domainName: HOST },
  pathParameters: { id: ID },
  queryStringParameters: { k: SECRET },
  cookies: [`__Host-release-session=${SESSION}`],
  ...over,
});
const form = (note: string) => ({ body: new URLSearchParams({ model: '2.4.0', note }).toString() });
const gone = new Error('table unavailable');

describe('The function of the sign-in', () => {
  const event = (path: string, query: Readonly<Record<string, string>>, cookies: readonly string[] = []) => ({
    ...{ routeKey: `GET ${path}`, rawQueryString: new URLSearchParams(query).toString(), cookies },
    requestContext: { domainName: HOST },
  });

  it('leads to the issuer and back, and keeps the session under a digest until it has expired', async () => {
    const began = await signIn(event('/sign-in', { to: TO }));
    expect([began.statusCode, new URL(began.headers['location'] ?? '').origin]).toEqual([302, small.address]);
    const [pair = ''] = (began.cookies?.[0] ?? '').split(';');
    const pending = readPending(pair.slice(pair.indexOf('=') + 1), new Date());
    if (pending === null) throw new Error('Nothing was begun.');
    small.claims = { sub: 'ben-1', nonce: pending.nonce, email: BEN.email, email_verified: true, name: 'Ben' };
    const done = await signIn(event('/sign-in/callback', { code: 'one', state: pending.state }, [pair]));
    expect([done.statusCode, done.headers['location']]).toEqual([302, `https://api.example${TO}`]);
    const put = dynamo.commandCalls(PutCommand)[0]?.args[0].input;
    const id = /session=([\w-]{43});/.exec(done.cookies?.[0] ?? '')?.[1] ?? '';
    expect(put).toMatchObject({
      TableName: 'APPROVALS_TABLE',
      Item: { pk: `session#${sha256Hex(id)}`, sk: 'session', email: BEN.email, issuer: small.address },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    const { expiresAt, expiresAtSeconds } = put?.Item ?? {};
    expect(expiresAtSeconds).toBe(Math.ceil(Date.parse(expiresAt) / 1000));
    expect(log.join()).not.toMatch(new RegExp(`${SECRET}|${id}|${pending.state}|${pending.verifier}`));
  });

  it('answers 503 and rings when the session cannot be kept, and lets nobody in', async () => {
    dynamo.on(PutCommand).rejects(gone);
    const began = await signIn(event('/sign-in', { to: TO }));
    const [pair = ''] = (began.cookies?.[0] ?? '').split(';');
    const pending = readPending(pair.slice(pair.indexOf('=') + 1), new Date());
    small.claims = { sub: 'ben-1', nonce: pending?.nonce, email: BEN.email, email_verified: true };
    const done = await signIn(event('/sign-in/callback', { code: 'one', state: pending?.state ?? '' }, [pair]));
    expect([done.statusCode, done.cookies]).toEqual([503, undefined]);
    expect(log.join()).toContain('SIGN_IN_UNAVAILABLE');
    expect(log.join()).not.toContain(SECRET);
  });

  it('takes nonsense for a sign-in that leads nowhere', async () => {
    expect((await signIn('nonsense')).statusCode).toBe(400);
  });
});

describe('An exception of a second approver, where people sign in', () => {
  const REASON = 'The chain is out of milk without this version.';

  it('shows what holds it, and the way to sign in instead of the form', async () => {
    const { statusCode, body } = await showNotice(page('GET'));
    expect(statusCode).toBe(200);
    expect(body).toContain('What it waits for');
    expect(body).not.toContain('<form');
    expect(body).toContain(`href="../sign-in?to=${encodeURIComponent(TO)}"`);
    expect(await showNotice(page('HEAD'))).toMatchObject({ statusCode: 200, body: '' });
  });

  it('without a session is 401, with what was typed; of somebody else 403; neither writes anything', async () => {
    const nobody = await answerNotice(page('POST', form(REASON)));
    expect(nobody.statusCode).toBe(401);
    expect(nobody.body).toContain(`${REASON}</textarea>`);
    expect(nobody.body).toContain('Sign in as Ben Approver (opens in a new tab)');
    signedIn = sessionOf('ana@shop.example');
    const other = await answerNotice(page('POST', form(REASON)));
    expect(other.statusCode).toBe(403);
    expect(other.body).toContain('Nothing was recorded: you are signed in as somebody else');
    expect(other.body).toContain(`${REASON}</textarea>`);
    expect((await showNotice(page('GET'))).body).toContain('You are signed in as Somebody (ana@shop.example)');
    expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  it('that another site sent is as if nothing had been typed, whoever is signed in: no form comes back filled in', async () => {
    for (const [session, status] of [
      [undefined, 401],
      [sessionOf('ana@shop.example'), 403],
      [sessionOf(BEN.email), 400],
    ] as const) {
      signedIn = session;
      for (const from of ['cross-site', 'same-site']) {
        const sent = page('POST', { ...form(REASON), headers: { 'sec-fetch-site': from } });
        const { statusCode, body } = await answerNotice(sent);
        expect([statusCode, body.includes(REASON), body.includes('<form')]).toEqual([status, false, true]);
      }
    }
    signedIn = undefined;
    const own = await answerNotice(page('POST', { ...form(REASON), headers: { 'sec-fetch-site': 'same-origin' } }));
    expect(own.body).toContain(REASON);
    expect(dynamo.commandCalls(TransactWriteCommand)).toEqual([]);
  });

  it('with the session of the person addressed is taken as far as its form: only then are its faults told', async () => {
    signedIn = sessionOf('Ben@shop.example');
    const faulty = await answerNotice(page('POST', form('short')));
    expect(faulty.statusCode).toBe(400);
    expect(faulty.body).toContain('Signed in as Somebody (Ben@shop.example).');
    signedIn = { ...sessionOf(BEN.email), expiresAt: from };
    expect((await answerNotice(page('POST', form('short')))).statusCode).toBe(401);
  });

  it('answers 503 when the session cannot be read: nothing is decided by nobody', async () => {
    dynamo.on(GetCommand, { TableName: 'APPROVALS_TABLE' }).rejects(gone);
    expect((await answerNotice(page('POST', form(REASON)))).statusCode).toBe(503);
    expect((await showNotice(page('GET'))).statusCode).toBe(503);
    expect((await decide(page('POST'))).statusCode).toBe(503);
    expect((await showApproval(page('GET'))).statusCode).toBe(503);
  });
});

describe('What needs no session, where people sign in', () => {
  it('is the acknowledgement of a team: its form is there, and no word of a sign-in', async () => {
    link = TEAM;
    const { statusCode, body } = await showNotice(page('GET', { cookies: [] }));
    expect(statusCode).toBe(200);
    expect(body).toContain('<form');
    expect(body).not.toContain('sign-in');
    const faulty = await answerNotice(page('POST', { ...form('Noted.'), cookies: [] }));
    expect([faulty.statusCode, faulty.body.includes('Say who acknowledges')]).toEqual([400, true]);
  });
});

describe('A session that is kept', () => {
  it('is read as it was written, or not at all', async () => {
    const store = new SessionStore(DynamoDBDocumentClient.from(new DynamoDBClient({})), 'APPROVALS_TABLE');
    signedIn = { ...sessionOf(BEN.email), expiresAtSeconds: 1 };
    expect(await store.session(sha256Hex(SESSION))).toEqual(sessionOf(BEN.email));
    signedIn = { email: BEN.email };
    await expect(store.session(sha256Hex(SESSION))).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });
});
