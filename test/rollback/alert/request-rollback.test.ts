import { beforeEach, describe, expect, it } from 'vitest';
import { newSecret } from '../../../functions/approval/secret.ts';
import { sha256Hex } from '../../../functions/platform/json.ts';
import { signDocument, type UnsignedDocument } from '../../../functions/pointer/document.ts';
import { hostedContent } from '../../../functions/pointer/flag.ts';
import type { ExecutionStatus } from '../../../functions/promotion/dead-promotion.ts';
import type { ModelItem, VersionItem } from '../../../functions/registry/items.ts';
import type { Alert } from '../../../functions/rollback/alert/alert-link.ts';
import { executionArnOf } from '../../../functions/rollback/alert/execution-arn.ts';
import {
  openAlert,
  type RequestRollbackPorts,
  requestRollback,
} from '../../../functions/rollback/alert/request-rollback.ts';
import { parseRollbackInput } from '../../../functions/rollback/input.ts';
import { modelItem } from '../../approval/fixtures.ts';
import { ANA, BEN, OWNER } from '../../fakes/inputs.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { unsignedDocument } from '../../pointer/fixtures.ts';
import { ALERT, NOW, returnItem, versionItem } from './alert-stand.ts';

const key = createTestKey();
const { secret, sha256 } = newSecret((count) => new Uint8Array(count).fill(7));
const LINK = { requestId: 'a'.repeat(32), secret };
const TYPED = { model: 'demand', cause: 'metric-degradation', target: '', detail: '' };

let alert: Alert;
let model: ModelItem;
let versions: VersionItem[];
let live: Partial<UnsignedDocument>;
let now: string;
let executions: Map<string, ExecutionStatus>;
let started: { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];

beforeEach(() => {
  alert = ALERT;
  model = modelItem({ owner: OWNER, approvers: [ANA, BEN] });
  versions = [versionItem('1.0'), versionItem('2.0', { status: 'production', predecessor: '1.0' })];
  live = { productionVersion: '2.0', previousVersion: '1.0' };
  now = NOW;
  executions = new Map();
  started = [];
});

function ports(): RequestRollbackPorts {
  const place = { environmentId: 'env1', profileId: 'prof1' };
  const returnDocuments = [returnItem('', 1), returnItem('1.0', 3)];
  const deployment = { number: 4, profileId: 'prof1', hostedVersion: 4, state: 'COMPLETE', startedAt: NOW } as const;
  return {
    alerts: {
      link: async (linkId) =>
        linkId === LINK.requestId
          ? {
              linkId,
              alert,
              person: { name: ANA.name, email: ANA.email },
              secretSha256s: [sha256Hex('an earlier email'), sha256],
              createdAt: NOW,
              expiresAt: '2026-03-09T09:00:00.000Z',
            }
          : null,
    },
    registry: { model: async () => model, waysBack: async () => ({ place, versions, returnDocuments }) },
    appConfig: {
      deployedState: async () => ({ latestNumber: 4, live: deployment, inProgress: null, history: [deployment] }),
      hostedContent: async () =>
        Buffer.from(hostedContent(await signDocument(key.sign, 'demand', unsignedDocument(live)))),
    },
    publicKeyPem: key.publicKeyPem,
    now: () => now,
    status: async (name) => executions.get(name) ?? 'MISSING',
    start: async (name, input) => {
      started.push({ name, input });
      executions.set(name, 'RUNNING');
    },
  };
}

const post = (typed: Partial<typeof TYPED> = {}, link = LINK) => requestRollback(ports(), link, { ...TYPED, ...typed });

describe('The link of an alert', () => {
  it('starts one rollback of the version that the alert is about, under the name of the person whose it is', async () => {
    expect(await post()).toMatchObject({ status: 200, withdraws: '2.0' });
    expect(started).toHaveLength(1);
    const [{ name, input } = { name: '', input: {} }] = started;
    expect(input).toEqual({
      model: 'demand',
      cause: 'metric-degradation',
      requestedBy: { name: ANA.name, email: ANA.email },
      withdrawVersion: '2.0',
      detail: ALERT.headline,
    });
    expect(parseRollbackInput(input)).toMatchObject({ ok: true });
    expect(name).toMatch(/^[\w-]{1,80}$/);
  });

  it('starts one, however often it is posted, and another only when that one achieved nothing', async () => {
    await post();
    expect(await post({ cause: 'safety' })).toMatchObject({ status: 200 });
    expect(started).toHaveLength(1);
    for (const status of ['FAILED', 'TIMED_OUT', 'ABORTED', 'SUCCEEDED'] as const) {
      executions.set(started.at(-1)?.name ?? '', status);
      expect(await post()).toMatchObject({ status: 200 });
    }
    expect(new Set(started.map(({ name }) => name)).size).toBe(5);
  });

  it('names the longest version within what an execution may be called', async () => {
    alert = { ...ALERT, version: 'v'.repeat(40) };
    live = { productionVersion: alert.version };
    await post();
    expect(started[0]?.name).toMatch(/^[\w-]{1,80}$/);
  });

  it('goes back to a version that is chosen, with the cause and the detail that are typed', async () => {
    await post({ cause: 'safety', target: '1.0', detail: ' Shelves are empty.\n' });
    expect(started[0]?.input).toMatchObject({ cause: 'safety', targetVersion: '1.0', detail: 'Shelves are empty.' });
  });

  it('withdraws what serves when the alert names no version', async () => {
    alert = { ...ALERT, version: '' };
    expect(await post()).toMatchObject({ status: 200, withdraws: '2.0' });
    live = { productionVersion: '', fallback: 'seasonal-naive' };
    expect(await post()).toMatchObject({ status: 409 });
  });

  it('withdraws a candidate beside production', async () => {
    alert = { ...ALERT, version: '3.0' };
    expect(await post()).toMatchObject({ status: 409 });
    live = { ...live, canaryVersion: '3.0', canaryPercentage: 5 };
    expect(await post()).toMatchObject({ status: 200, withdraws: '3.0' });
  });

  it.each([
    ['the wrong model', { model: 'Demand' }, ['model']],
    ['nothing', { model: '', cause: '', target: '', detail: '' }, ['model', 'cause']],
    ['a version that cannot be gone back to', { target: '2.0' }, ['target']],
    ['too much', { detail: 'x'.repeat(4001) }, ['detail']],
    [
      'all of it',
      { model: 'x', cause: 'x', target: 'x', detail: 'x'.repeat(4001) },
      ['model', 'cause', 'target', 'detail'],
    ],
  ])('starts nothing when %s is typed, and says each fault', async (_, typed, paths) => {
    const outcome = await post(typed);
    expect(outcome).toMatchObject({ status: 400 });
    expect(outcome.status === 400 ? outcome.faults.map(({ path }) => path) : []).toEqual(paths);
    expect(started).toEqual([]);
  });

  it('starts nothing for who lost the part, and starts for who has another one now', async () => {
    model = modelItem({ owner: OWNER, approvers: [BEN] });
    expect(await post()).toMatchObject({ status: 403 });
    expect(started).toEqual([]);
    model = modelItem({ owner: { ...OWNER, email: ANA.email.toUpperCase() }, approvers: [BEN] });
    expect(await post()).toMatchObject({ status: 200 });
  });

  it('leads nowhere with another secret or id, and the two cannot be told apart', async () => {
    expect(await post({}, { ...LINK, secret: 'x' })).toEqual({ status: 404 });
    expect(await post({}, { ...LINK, secret: '' })).toEqual({ status: 404 });
    expect(await post({}, { requestId: 'b'.repeat(32), secret })).toEqual({ status: 404 });
    expect(await post({}, { requestId: '../x', secret })).toEqual({ status: 404 });
    expect(started).toEqual([]);
  });

  it('starts nothing once the version does not serve any more', async () => {
    live = { productionVersion: '1.0' };
    expect(await post()).toMatchObject({ status: 409, opened: { standing: { serves: '1.0', withdraws: null } } });
    expect(started).toEqual([]);
  });

  it('starts nothing once it has expired', async () => {
    now = '2026-03-09T09:00:00.000Z';
    expect(await post()).toMatchObject({ status: 410 });
    expect(started).toEqual([]);
  });

  it('changes nothing when it is opened, however often', async () => {
    const { start: _, ...showing } = ports();
    for (let time = 0; time < 3; time++) {
      expect(await openAlert(showing, LINK)).toMatchObject({
        isConcerned: true,
        isExpired: false,
        started: null,
        standing: { serves: '2.0', withdraws: '2.0', goesTo: '1.0' },
      });
    }
    expect(started).toEqual([]);
  });

  it('says what became of the rollback that it started, after the version is gone', async () => {
    await post();
    expect(await openAlert(ports(), LINK)).toMatchObject({ started: { status: 'RUNNING' } });
    executions.set(started[0]?.name ?? '', 'SUCCEEDED');
    live = { productionVersion: '1.0' };
    versions = [
      versionItem('1.0', { status: 'production' }),
      versionItem('2.0', { status: 'withdrawn', withdrawnAt: NOW }),
    ];
    expect(await openAlert(ports(), LINK)).toMatchObject({
      started: { status: 'SUCCEEDED' },
      standing: { withdraws: null, withdrawn: { at: NOW } },
    });
  });

  it('lets a rollback find out where what is deployed cannot be read', async () => {
    const broken = { ...ports(), publicKeyPem: createTestKey().publicKeyPem };
    expect(await openAlert(broken, LINK)).toMatchObject({ standing: { serves: null, withdraws: '2.0' } });
    expect(await requestRollback(broken, LINK, TYPED)).toMatchObject({ status: 200 });
  });
});

describe('The ARN of an execution', () => {
  it('is that of its machine, whichever alias of it is started', () => {
    const machine = 'arn:aws:states:eu-west-1:000000000000:stateMachine:ModelRelease-rollback';
    const execution = 'arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-rollback:run';
    expect(executionArnOf(machine, 'run')).toBe(execution);
    expect(executionArnOf(`${machine}:live`, 'run')).toBe(execution);
  });
});
