import { beforeEach, describe, expect, it } from 'vitest';
import { GuardItemStore } from '../../../functions/evidence/guard/guard-item-store.ts';
import { planOf } from '../../../functions/promotion/exposure.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { type AnswerAlarmPorts, answerAlarm } from '../../../functions/rollback/alarm/answer-alarm.ts';
import type { Figures } from '../../../functions/rollback/alarm/decide-alarm.ts';
import type { Alert } from '../../../functions/rollback/alert/alert-link.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';

const CALM: Figures = { asked: 1000, missing: 0, invalid: 0, answeredMinutes: 5, slowMinutes: 0 };
const FAILING: Figures = { ...CALM, missing: 600 };
const SCHEDULE = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
const rings = (value = 'ALARM') => ({
  ...{ source: 'aws.cloudwatch', 'detail-type': 'CloudWatch Alarm State Change', region: 'eu-west-1' },
  detail: { alarmName: 'ModelRelease-production-failing', state: { value, timestamp: '2026-11-01T00:00:00.000+0000' } },
});

describe('An alarm on what happens in minutes', () => {
  let stage: ReleaseStage;
  let tables: Tables;
  onFreshStage((fresh, shared) => {
    [stage, tables] = [fresh, shared];
  });
  let started: { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
  let alerts: Alert[];
  let told: string[];
  let figures: Readonly<Record<string, Figures>>;
  let now: string;

  beforeEach(async () => {
    await stage.onboard();
    await stage.promote('1.0');
    const promotionId = await stage.candidate('2.0', 1, { plan: planOf(policySchema.parse({})) });
    await stage.prepare(promotionId);
    await stage.move(promotionId);
    await stage.close(promotionId, 'promoted');
    [started, alerts, told, figures] = [[], [], [], {}];
    now = '2026-11-01T00:02:00.000Z';
  });

  const registryWith = (over: Partial<AnswerAlarmPorts['registry']> = {}): AnswerAlarmPorts['registry'] => ({
    modelNames: async () => [stage.model],
    model: (name) => stage.registry.model(name),
    versions: (name) => stage.registry.versions(name),
    run: (name, id) => stage.registry.run(name, id),
    inFlight: (name, kind) => stage.registry.inFlight(name, kind),
    returnDocuments: (name) => stage.registry.returnDocuments(name),
    ...over,
  });
  const ports = (over: Partial<AnswerAlarmPorts> = {}): AnswerAlarmPorts => ({
    registry: registryWith(),
    guards: new GuardItemStore(tables.client, tables.registry),
    metrics: {
      isAnythingAmiss: async () => Object.values(figures).some(({ missing }) => missing > 0),
      ofVersions: async (names) => names.map(({ version }) => figures[version] ?? CALM),
      ofModels: async (models) => models.map(() => ({ requestsFailed: 0, notLogged: 0 })),
    },
    served: () => stage.appConfig.served(),
    publicKeyPem: stage.key.publicKeyPem,
    startRollback: async (rollback) => {
      if (!started.some(({ name }) => name === rollback.name)) started.push(rollback);
    },
    sendAlert: async (alert) => {
      if (!alerts.some(({ id }) => id === alert.id)) alerts.push(alert);
    },
    tell: (signal) => told.push(signal),
    now: () => now,
    ...over,
  });
  const answer = (event: unknown = rings(), over: Partial<AnswerAlarmPorts> = {}) => answerAlarm(ports(over), event);

  it('takes back the version at fault, once for however many events, and tells people', async () => {
    figures = { '2.0': FAILING };
    expect(await answer()).toMatchObject({ answers: [{ kind: 'rollback', model: stage.model, version: '2.0' }] });
    await answer();
    expect(started).toMatchObject([
      {
        input: {
          ...{ model: stage.model, withdrawVersion: '2.0', cause: 'infrastructure' },
          ...{ requestedBy: 'system:alarm-production-failing', detail: expect.stringContaining('600 of 1000') },
        },
      },
    ]);
    expect(alerts).toMatchObject([{ rolledBack: true, version: '2.0', trigger: 'system:alarm-production-failing' }]);

    // The rollback itself; what was counted before it is counted for minutes after it.
    const [{ input = {}, name = '' } = {}] = started;
    expect(await stage.finish(await stage.rollBack(input, name))).toMatchObject({ from: '2.0', to: '1.0' });
    now = '2026-11-01T00:20:00.000Z';
    expect((await answer()).answers).toEqual([]);
    expect([started.length, alerts.length]).toEqual([1, 1]);
  });

  it('takes nothing back that serves nobody any more, whatever the registry says', async () => {
    figures = { '2.0': FAILING };
    const { model } = stage;
    const served = await stage.appConfig.served();
    await stage.finish(
      await stage.rollBack({ model, cause: 'safety', requestedBy: 'system:test', withdrawVersion: '2.0' }),
    );
    const versions = async () =>
      (await stage.registry.versions(model)).map((one) =>
        one.version === '2.0' ? { ...one, status: 'production' as const } : { ...one, status: 'retained' as const },
      );
    const stale = registryWith({ versions });
    await answer(rings(), { registry: stale });
    expect([started, alerts]).toEqual([[], []]);
    await answer(rings(), { registry: stale, served: async () => served });
    expect(started).toHaveLength(1);
  });

  it('takes nothing back while a kill switch has the safe forecast serve the whole model, but does under one for segments', async () => {
    figures = { '2.0': FAILING };
    await stage.kill('model', { segments: ['region:north'] });
    await answer();
    expect(started).toHaveLength(1);
    [started, alerts] = [[], []];
    await stage.kill('model');
    await answer();
    expect([started, alerts]).toEqual([[], []]);
  });

  it('goes on where the data plane does not answer: the rollback itself looks', async () => {
    figures = { '2.0': FAILING };
    const served = async () => {
      throw new Error('AppConfig is away.');
    };
    await answer(rings(), { served });
    expect(started).toHaveLength(1);
  });

  it('tells people of a candidate that fails in shadow, and takes production back for none', async () => {
    await stage.shadowed('3.0');
    figures = { '3.0': FAILING };
    await answer();
    expect(started).toEqual([]);
    expect(alerts).toMatchObject([{ version: '3.0', rolledBack: false }]);
  });

  it('withdraws a candidate that fails in the canary, and production stays', async () => {
    await stage.canaried('3.0');
    figures = { '3.0': FAILING };
    await answer();
    expect(started).toMatchObject([
      { input: { withdrawVersion: '3.0', requestedBy: 'system:alarm-candidate-failing' } },
    ]);
    const [{ input = {}, name = '' } = {}] = started;
    await stage.finish(await stage.rollBack(input, name));
    expect(await stage.registry.version(stage.model, '3.0')).toMatchObject({ status: 'withdrawn' });
    expect(await stage.registry.version(stage.model, '2.0')).toMatchObject({ status: 'production' });
  });

  it('is not answered when it falls silent, and by schedule only where anything is amiss', async () => {
    figures = { '2.0': FAILING };
    expect(await answer(rings('OK'))).toEqual({ alarm: '', answers: [] });
    expect(started).toEqual([]);
    expect((await answer(SCHEDULE)).answers).toHaveLength(1);
    figures = {};
    const modelNames = async () => {
      throw new Error('Nothing is read.');
    };
    const registry = registryWith({ modelNames });
    expect((await answer(SCHEDULE, { registry })).answers).toEqual([]);
    await expect(answer({ source: 'elsewhere' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('is answered for each model that can be looked at; the failure of another is told in the end', async () => {
    figures = { '2.0': FAILING };
    const model = async (name: string) => {
      if (name === 'broken') throw new Error('A stored item is broken.');
      return stage.registry.model(name);
    };
    await expect(
      answer(rings(), { registry: registryWith({ modelNames: async () => ['broken', stage.model], model }) }),
    ).rejects.toThrow('broken');
    expect(started).toHaveLength(1);
    expect(told).toEqual(['ALARM_NOT_ANSWERED', 'ALARM_ANSWERED']);
  });

  it('starts the rollback before anybody is told, and although nobody can be', async () => {
    figures = { '2.0': FAILING };
    const sendAlert = async () => {
      throw new Error('No mailbox answers.');
    };
    await expect(answer(rings(), { sendAlert })).rejects.toThrow('mailbox');
    expect(started).toHaveLength(1);
    await answer(SCHEDULE);
    expect([started.length, alerts.length]).toEqual([1, 1]);
  });
});
