import { CreateHostedConfigurationVersionCommand, StartDeploymentCommand } from '@aws-sdk/client-appconfig';
import { DeleteCommand, PutCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eligibleApprovers, peopleFor } from '../../functions/approval/eligible-approvers.ts';
import { countApprovals } from '../../functions/approval/quorum.ts';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { approvalKeys, registryKeys } from '../../functions/platform/keys.ts';
import { kmsSigner } from '../../functions/platform/signing-store.ts';
import { returnDocument } from '../../functions/pointer/build.ts';
import {
  documentSha256,
  type PointerDocument,
  signDocument,
  type UnsignedDocument,
} from '../../functions/pointer/document.ts';
import { FLAG_CONTENT_TYPE, hostedContent } from '../../functions/pointer/flag.ts';
import { readDocument } from '../../functions/pointer/hosted-document.ts';
import type { ModelItem } from '../../functions/registry/items.ts';
import { aModel, aPromotion } from '../fakes/runs.ts';

vi.mock('../../functions/platform/clients.ts', () => import('../fakes/account-clients.ts'));
vi.mock('node:timers/promises', async (actual) => (await import('../fakes/no-waiting.ts')).withoutWaiting(actual));
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const { account, appConfig, appConfigData, dynamo, kms, ledgerKeyPem, pointerKeyPem } = await import(
  '../fakes/account-clients.ts'
);
const { store, view } = await import('../fakes/account-view.ts');
const { goBack, goingBack } = await import('../fakes/goings-back.ts');
const walks = await import('../fakes/walk.ts');
const { MODEL, WAY, layOut, linkOf, post, promote, readAgain, registerOnly, registry, walkOf, walkTo } = walks;

const ANA = 'ana@shop.example';
const APPROVE = { decision: 'approve', justification: 'The evidence holds in every region.' };
const applicationId = process.env['APPCONFIG_APPLICATION_ID'] ?? '';
const sign = kmsSigner(kms(), process.env['SIGNING_KEY_ID'] ?? '');
const walk = walkOf('2.0.0');
const links: Record<string, URL> = {};
let model: ModelItem;
let restore: () => Promise<void>;
/** The document of the last canary step, which people approved, and which has ended. */
let canary: number;

const step = (what: string) => WAY.find((one) => one.what === what)?.run ?? (() => Promise.reject(new Error(what)));

beforeAll(async () => {
  await walks.onboard();
  await promote('1.0.0');
  await layOut(walk);
  for (const one of WAY) {
    if (one.what === 'deciding on production') break;
    await one.run(walk);
    if (one.state === 'AwaitDecision') links[walk.gate.stage] = linkOf(ANA);
    if (one.what === 'exposing the last canary step') canary = (await live()).hostedVersion;
  }
  model = await modelNow();
  restore = await account.save();
});
afterAll(() => account.stop());

/** Whatever is tried: production serves what people approved, and nothing runs beside it. */
let expected: unknown;
beforeEach(async () => {
  expected = (await view()).pointer;
});
afterEach(async () => {
  const { pointer } = await view().catch(() => ({ pointer: expected }));
  await restore();
  expect(pointer).toMatchObject({ serves: '1.0.0', beside: ['', '', 0] });
});

async function modelNow(): Promise<ModelItem> {
  const found = await registry.model(MODEL);
  if (found === null) throw new Error('There is no model.');
  return found;
}

async function live() {
  const place = await modelNow();
  const { live: deployed } = await store.deployedState(place);
  const source = { appConfig: store, publicKeyPem: pointerKeyPem };
  return readDocument(source, MODEL, { ...place, hostedVersion: deployed?.hostedVersion ?? 0 });
}

/** Puts a document where AppConfig keeps them, as an administrator may. */
async function host(build: (revision: number) => PointerDocument | Promise<PointerDocument>): Promise<number> {
  const [newest] = await store.hostedVersions(model.profileId);
  const document = await build((newest?.number ?? 0) + 1);
  const call = {
    ApplicationId: applicationId,
    ConfigurationProfileId: model.profileId,
    ContentType: FLAG_CONTENT_TYPE,
  };
  const { VersionNumber = 0 } = await appConfig().send(
    new CreateHostedConfigurationVersionCommand({ ...call, Content: Buffer.from(hostedContent(document)) }),
  );
  return VersionNumber;
}

/** Starts a deployment past all of our functions, as an administrator may. */
function deploy(hostedVersion: number, over: Readonly<Record<string, string>> = {}): Promise<unknown> {
  return appConfig().send(
    new StartDeploymentCommand({
      ...{ ApplicationId: applicationId, EnvironmentId: model.environmentId },
      ...{ ConfigurationProfileId: model.profileId, ConfigurationVersion: String(hostedVersion) },
      DeploymentStrategyId: process.env['INSTANT_STRATEGY_ID'],
      ...over,
    }),
  );
}

const refusedFor = (code: string) => ({ name: 'BadRequestException', message: expect.stringContaining(code) });

/** The deployed document, with the candidate in production; signed as ours are, unless `signed` is false. */
function forged(over: Partial<UnsignedDocument> = {}, signer = sign, of = MODEL) {
  return async (revision: number) => {
    const { document } = await live();
    const { signature: _, ...unsigned } = document;
    const wanted = { ...unsigned, productionVersion: '2.0.0', previousVersion: '1.0.0', salt: walk.promotionId };
    return signDocument(signer, of, { ...wanted, promotionId: walk.promotionId, revision, ...over });
  };
}

async function update(table: string, key: object, expression: string, values: Readonly<Record<string, unknown>>) {
  await dynamo().send(
    new UpdateCommand({
      ...{ TableName: table, Key: { ...key }, UpdateExpression: expression },
      ExpressionAttributeValues: values,
      ...(expression.includes('#') ? { ExpressionAttributeNames: { '#status': 'status' } } : {}),
    }),
  );
}

const production = () => approvalKeys.gate(walk.promotionId, 'production', walk.gate.round);

describe('Nobody reaches production', () => {
  it('by a forged callback: the gate is read, counted as woken for nothing, and asked again', async () => {
    expect(await readAgain(walk)).toMatchObject({ status: 'open' });
    expect((await view()).entries.at(-1)).toMatchObject({ type: 'callback-forged' });
    await expect(step('moving the pointer to the candidate')(walk)).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
  });

  it('by deploying a document that was approved once, after its exposure has ended', async () => {
    await expect(deploy(canary)).rejects.toMatchObject(refusedFor('NOT_DUE'));
  });

  it('by a document that nobody signed: the extension refuses it, and so would every reader', async () => {
    const unsigned = await host(forged({}, async () => 'AAAA'));
    await expect(deploy(unsigned)).rejects.toMatchObject(refusedFor('SIGNATURE_INVALID'));
    // An administrator takes the extension away first.
    const { vouch } = account;
    account.vouch = async () => undefined;
    await deploy(unsigned).finally(() => {
      account.vouch = vouch;
    });
    const reader = { client: appConfigData(), application: applicationId, model: MODEL, copyFolder: null };
    const readers = new PointerReader({ ...reader, publicKeyPem: pointerKeyPem });
    await expect(readers.current()).rejects.toMatchObject({ code: 'POINTER_UNAVAILABLE' });
    await goBack(goingBack('undo', { targetVersion: '1.0.0' })).catch(() => {});
    await restore();
  });

  it('by a document that was signed for another model', async () => {
    await expect(deploy(await host(forged({}, sign, 'other')))).rejects.toMatchObject(refusedFor('SIGNATURE_INVALID'));
  });

  it('by the signing key alone: a signed document needs its decision in the ledger', async () => {
    await expect(deploy(await host(forged()))).rejects.toMatchObject(refusedFor('NO_INTENT'));
  });

  it('by a canary step that is skipped or widened by hand', async () => {
    const wider = { productionVersion: '1.0.0', previousVersion: '', canaryVersion: '2.0.0', canaryPercentage: 100 };
    await expect(deploy(await host(forged(wider)))).rejects.toMatchObject(refusedFor('NO_INTENT'));
  });

  it('by an intent that an administrator puts into the registry', async () => {
    const build = forged();
    let digest = '';
    const number = await host(async (revision) => {
      const document = await build(revision);
      digest = documentSha256(MODEL, document);
      return document;
    });
    const item = {
      model: MODEL,
      documentSha256: digest,
      promotionId: walk.promotionId,
      ledgerSeq: 3,
      at: model.createdAt,
    };
    await dynamo().send(
      new PutCommand({ TableName: 'registry', Item: { ...registryKeys.intent(MODEL, digest), ...item } }),
    );
    await expect(deploy(number)).rejects.toMatchObject(refusedFor('INTENT_NOT_PROVEN'));
  });

  it('by a gate that an administrator sets to approved, without an entry of anybody', async () => {
    const decision = { approver: { id: 'ana', name: 'Ana', email: ANA }, ...APPROVE, at: model.createdAt, seq: 3 };
    const values = { ':status': 'approved', ':seq': 3, ':at': model.createdAt, ':decisions': [decision] };
    await update(
      'approvals',
      production(),
      'SET #status = :status, closedSeq = :seq, closedAt = :at, decisions = :decisions',
      values,
    );
    await readAgain(walk);
    await step('preparing the way back from production')(walk);
    await expect(step('moving the pointer to the candidate')(walk)).rejects.toMatchObject({
      code: 'NOT_VOUCHED',
      // The entry that it names is one of another gate.
      message: expect.stringContaining('NOT_APPROVED'),
    });
  });

  it('by saying in the registry that the promotion stands behind its gate', async () => {
    const key = registryKeys.promotion(MODEL, walk.promotionId);
    await update('registry', key, 'SET awaitingApproval = :no', { ':no': false });
    await expect(step('moving the pointer to the candidate')(walk)).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
  });

  it('by a link that was used already, or that was sent for another stage', async () => {
    for (const stage of ['shadow', 'canary']) {
      const { statusCode } = await post(links[stage] ?? linkOf(''), { ...APPROVE, version: '2.0.0' });
      expect([stage, statusCode]).toEqual([stage, 409]);
    }
    expect(
      (await view()).gates.find(({ gate }) => gate.endsWith('production 1') && gate.includes('2-0-0')),
    ).toMatchObject({
      ...{ status: 'open', decisions: 0 },
    });
  });

  it('by the secret of one link under the id of another', async () => {
    const mixed = new URL(links['production'] ?? '');
    mixed.searchParams.set('k', links['canary']?.searchParams.get('k') ?? '');
    expect(await post(mixed, { ...APPROVE, version: '2.0.0' })).toMatchObject({ statusCode: 404 });
  });

  it('by an approval of another version', async () => {
    for (const version of ['2.0', '1.0.0', ' ', '2.0.0.']) {
      expect(await post(links['production'] ?? linkOf(''), { ...APPROVE, version })).toMatchObject({ statusCode: 400 });
    }
  });

  it('by an approval of evidence that was exchanged after the seal', async () => {
    const run = await walks.promotionOf(walk);
    const key = run.gates.canary?.artifacts['evaluation-report']?.key ?? '';
    const request = { method: 'PUT', path: `/${account.bucket}/${key}`, query: new URLSearchParams(), headers: {} };
    await account.handle('s3', { ...request, body: Buffer.from('{"verdict":"PASS","nicer":true}') });
    expect(await post(links['production'] ?? linkOf(''), { ...APPROVE, version: '2.0.0' })).toMatchObject({
      statusCode: 409,
    });
    expect((await view()).entries.at(-1)).toMatchObject({ type: 'gate-closed', data: { status: 'void' } });
  });

  it('by an approval of a plan or a candidate that was exchanged after the seal', async () => {
    const key = registryKeys.promotion(MODEL, walk.promotionId);
    await update('registry', key, 'SET artifact.sha256 = :other', { ':other': 'f'.repeat(64) });
    expect(await post(links['production'] ?? linkOf(''), { ...APPROVE, version: '2.0.0' })).toMatchObject({
      statusCode: 409,
    });
  });

  it('by a milder policy that is written into the registry', async () => {
    const next = walkOf('3.0.0');
    await end();
    await walkTo(await layOut(next), ({ what }) => what === 'judging the backtest');
    const milder = { ...model.policy, offline: { ...model.policy.offline, margin_overall: 0.05 } };
    await update('registry', registryKeys.policy(MODEL, model.policyVersion), 'SET policy = :policy', {
      ':policy': milder,
    });
    await expect(step('judging the backtest')(next)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('by a verdict that is written into the registry, without the report that a judge leaves of this promotion', async () => {
    const next = walkOf('3.0.0');
    await end();
    await walkTo(await layOut(next), ({ what }) => what === 'judging the backtest');
    const gates = {
      offline: { verdict: 'PASS', reasons: [], judge: 'offline/1', judgedAt: model.createdAt, artifacts: {} },
    };
    const key = registryKeys.promotion(MODEL, next.promotionId);
    await update('registry', key, 'SET gates = :gates', { ':gates': gates });
    await step('signing the manifest')(next);
    const notPassed = { code: 'CONDITION_FAILED', reasons: [{ code: 'STAGE_NOT_PASSED' }] };
    await expect(step('opening the gate into shadow')(next)).rejects.toMatchObject(notPassed);
    // Nor with the report of another promotion.
    const other = (await walks.promotionOf(walk)).gates.offline;
    await update('registry', key, 'SET gates = :gates', { ':gates': { offline: other } });
    await expect(step('opening the gate into shadow')(next)).rejects.toMatchObject(notPassed);
  });
});

/** Ends the promotion that waits, so that another may begin. */
async function end(): Promise<void> {
  const { handler } = await import('../../functions/promotion/close-promotion.lambda.ts');
  await handler({ promotionId: walk.promotionId, end: 'withdrawn', reasons: [] });
}

describe('Nobody gets a second try', () => {
  it('by starting a finished execution again: its id is spent, and its steps find it over', async () => {
    const input = await walks.candidateOf(walk);
    await end();
    const other = { ...walk, executionArn: `${walk.executionArn}x` };
    expect(await registerOnly(other, input)).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'PROMOTION_ID_SEEN' }],
    });
    // A redrive runs the failed state of the same execution once more.
    for (const what of [
      'preparing the way back from production',
      'moving the pointer to the candidate',
      'opening the gate into production',
    ]) {
      await expect(step(what)(walk)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
    }
  });

  it('by a second promotion with the same name while the first runs', async () => {
    const other = { ...walk, executionArn: `${walk.executionArn}x` };
    const answer = await registerOnly(other, await walks.candidateOf(walk));
    expect(answer).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'PROMOTION_ID_SEEN' }] });
  });

  it('by two promotions at once', async () => {
    const next = walkOf('3.0.0');
    const answer = await registerOnly(next, await walks.candidateOf(next));
    expect(answer).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'PROMOTION_IN_FLIGHT' }] });
  });

  it('by a name that is not the one of the model and version', async () => {
    const next = { ...walkOf('3.0.0'), promotionId: 'other_3-0-0_1' };
    const answer = await registerOnly(next, await walks.candidateOf(walkOf('3.0.0')));
    expect(answer).toMatchObject({ outcome: 'rejected' });
  });

  it('by other bytes than the digest names, from a place that is not allowed, or under a version that is taken', async () => {
    await end();
    const next = walkOf('3.0.0');
    const input = await walks.candidateOf(next);
    const bytes = { ...input.artifact, sha256: 'a'.repeat(64) };
    const place = { ...input.artifact, uri: 's3://elsewhere/model.json' };
    expect(await registerOnly(next, { ...input, artifact: bytes })).toMatchObject({
      reasons: [{ code: 'DIGEST_MISMATCH' }],
    });
    const second = walkOf('3.0.0', 2);
    expect(await registerOnly(second, { ...input, artifact: place })).toMatchObject({ outcome: 'rejected' });
    const taken = walkOf('1.0.0', 2);
    const again = { ...(await walks.candidateOf(taken)), artifact: input.artifact };
    const { reasons } = await registerOnly(taken, again);
    expect(reasons.map(({ code }) => code)).toContain('VERSION_DIGEST_CONFLICT');
  });

  it('by deploying the way back to a version that was withdrawn', async () => {
    const { document } = await live();
    const number = await host((revision) => signDocument(sign, MODEL, returnDocument(document, revision)));
    await goBack(goingBack('back', { withdrawVersion: '1.0.0' }));
    await expect(deploy(number)).rejects.toMatchObject(refusedFor('VERSION_WITHDRAWN'));
    await restore();
  });

  it('by deploying a way back to a version that was never promoted', async () => {
    const { document } = await live();
    const candidate = { ...document, productionVersion: '2.0.0' };
    const number = await host((revision) => signDocument(sign, MODEL, returnDocument(candidate, revision)));
    await expect(deploy(number)).rejects.toMatchObject(refusedFor('NEVER_PROMOTED'));
  });

  it('by a fallback of a kill switch that brings another version with it', async () => {
    const thrown = { fallback: 'seasonal-naive', fallbackSegments: ['region:north'] };
    await expect(deploy(await host(forged(thrown)))).rejects.toMatchObject(refusedFor('NO_INTENT'));
  });
});

describe('Nobody approves what they asked for', () => {
  const eligible = (requester: { readonly name: string; readonly email: string }, over: Partial<ModelItem> = {}) => {
    const run = aPromotion({ requestedBy: requester });
    return eligibleApprovers(peopleFor(run, aModel(over), 'production'), run, 'production').map(({ id }) => id);
  };

  it('as owner of the model, who is an approver too', () => {
    const owner = { name: 'Olga Owner', email: 'olga@shop.example', team: 'Forecasting' };
    const approvers = [...aModel().approvers, { id: 'olga', name: owner.name, email: owner.email }];
    expect(eligible({ name: owner.name, email: owner.email }, { owner, approvers })).toEqual(['ana', 'ben']);
  });

  it.each([
    ['another case', 'ANA@Shop.Example'],
    ['a tag', 'ana+candidates@shop.example'],
    ['another tag and case', 'Ana+2@SHOP.example'],
    ['blanks around it', ' ana@shop.example '],
    ['wide characters', 'ａｎａ@shop.example'],
    ['a wide at sign', 'ana＠shop.example'],
    ['a dot after the domain', 'ana@shop.example.'],
    ['a character that nobody sees', 'a\u200bna@shop.example'],
  ])('under their address with %s', (_, email) => {
    expect(eligible({ name: 'Somebody Else', email })).toEqual(['ben']);
  });

  it('as an approver who is listed a second time under a tag or another id', () => {
    const twice = [
      { id: 'ana', name: 'Ana Approver', email: 'ana@shop.example' },
      { id: 'anna', name: 'Anna A.', email: 'ana+work@shop.example' },
      { id: 'ANA ', name: 'A. Approver', email: 'other@shop.example' },
    ];
    expect(eligible({ name: 'Ana', email: 'ana@shop.example' }, { approvers: twice })).toEqual([]);
    const decision = 'approve' as const;
    expect(countApprovals(twice.map((approver) => ({ approver, decision })))).toBe(1);
  });

  it('by starting the execution under the name of a colleague', () => {
    const [ana, ben] = aModel().approvers;
    const principal = 'arn:aws:sts::000000000000:assumed-role/DataScience/ana';
    const approvers = [{ ...(ana ?? never()), principals: [principal] }, ben ?? never()];
    const run = aPromotion({
      requestedBy: { name: 'Pia', email: 'pia@shop.example' },
      startedBy: { principalArn: principal },
    });
    expect(eligibleApprovers(peopleFor(run, aModel({ approvers }), 'production'), run, 'production')).toMatchObject([
      { id: 'ben' },
    ]);
  });
});

function never(): never {
  throw new Error('The model has two approvers.');
}

describe('Nobody rewrites what was decided', () => {
  const chain = async () => {
    const { Items = [] } = await dynamo().send(new ScanCommand({ TableName: 'ledger', ConsistentRead: true }));
    return Items.toSorted((one, other) => Number(one['seq']) - Number(other['seq']));
  };
  const faultNow = async () =>
    (await verifyChain({ model: MODEL, publicKeyPem: ledgerKeyPem, rows: await chain(), anchors: [] })).fault;

  it('in a row of the ledger: the verifier names the position', async () => {
    const [row] = (await chain()).filter(({ body }) => String(body).includes('"approval-decided"'));
    const body = String(row?.['body']).replace('"decision":"approve"', '"decision":"reject"');
    await dynamo().send(new PutCommand({ TableName: 'ledger', Item: { ...row, body } }));
    expect(await faultNow()).toMatchObject({ position: row?.['seq'] });
  });

  it('by deleting a row: the verifier names the gap', async () => {
    await dynamo().send(new DeleteCommand({ TableName: 'ledger', Key: { model: MODEL, seq: 5 } }));
    expect(await faultNow()).toMatchObject({ position: 5 });
  });
});
