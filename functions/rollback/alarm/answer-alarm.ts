import type { GuardItemStore } from '../../evidence/guard/guard-item-store.ts';
import { guardedOf } from '../../evidence/guard/guard-watch.ts';
import type { JsonObject } from '../../platform/json.ts';
import { verifyDocument } from '../../pointer/document.ts';
import { parseServed } from '../../pointer/flag.ts';
import type { VersionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { Alert } from '../alert/alert-link.ts';
import { alarmCallOf } from './alarm-event.ts';
import type { AlarmMetricsStore, Minutes, VersionName } from './alarm-metrics-store.ts';
import { type Answer, alertId, decideAlarm, type ModelLook, type Role, rollbackName } from './decide-alarm.ts';

export interface AnswerAlarmPorts {
  readonly registry: Pick<RegistryStore, 'modelNames' | 'model' | 'versions' | 'run' | 'inFlight' | 'returnDocuments'>;
  readonly guards: Pick<GuardItemStore, 'read'>;
  readonly metrics: Pick<AlarmMetricsStore, 'isAnythingAmiss' | 'ofVersions' | 'ofModels'>;
  /** What the data plane serves to a new session. */
  readonly served: (model: string) => Promise<Uint8Array>;
  readonly publicKeyPem: string;
  /** Starts a rollback, once under its name. */
  readonly startRollback: (rollback: { readonly name: string; readonly input: JsonObject }) => Promise<void>;
  readonly sendAlert: (alert: Alert) => Promise<unknown>;
  readonly tell: (signal: 'ALARM_ANSWERED' | 'ALARM_NOT_ANSWERED', detail: Readonly<Record<string, unknown>>) => void;
  readonly now: () => string;
}

export interface Answered {
  readonly alarm: string;
  readonly answers: readonly Pick<Answer, 'kind' | 'signal' | 'model' | 'version'>[];
}

/** How far back a look reaches: metrics are minutes late, and what has just begun may be too little to say anything. */
const LOOK_MINUTES = 10;

/**
 * Answers an alarm on what happens in minutes, and looks by schedule at what goes on: an alarm rings once, mostly before
 * enough was asked to decide anything. Finds out which version of which model is at fault, starts its rollback, or tells
 * owner and approvers what was found. A repeated event starts nothing twice and tells nobody twice. A model that cannot be
 * looked at, or answered for, keeps no other from it; its failure is thrown at the end.
 */
export async function answerAlarm(ports: AnswerAlarmPorts, event: unknown): Promise<Answered> {
  const call = alarmCallOf(event);
  const alarm = call?.kind === 'rings' ? call.alarm : '';
  const at = ports.now();
  const minutes = { until: at, count: LOOK_MINUTES };
  if (call === null || (call.kind === 'schedule' && !(await ports.metrics.isAnythingAmiss(minutes)))) {
    return { alarm, answers: [] };
  }
  const failures: unknown[] = [];
  const attempt = async <T>(model: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      failures.push(error);
      ports.tell('ALARM_NOT_ANSWERED', { alarm, model, error: error instanceof Error ? error.message : String(error) });
      return null;
    }
  };
  const found: ModelOutline[] = [];
  for (const name of await ports.registry.modelNames()) {
    const outline = await attempt(name, () => outlineOf(ports, name));
    if (outline !== null) found.push(outline);
  }
  const answers = decideAlarm(await looksAt(ports, found, minutes));
  for (const answer of answers) await attempt(answer.model, () => act(ports, answer, at));
  const told = answers.map(({ kind, signal, model, version }) => ({ kind, signal, model, version }));
  ports.tell('ALARM_ANSWERED', { alarm, answers: told });
  if (failures.length > 0) throw failures[0];
  return { alarm, answers: told };
}

/** A model with the versions that are asked for its forecasts, before anybody knows how they did. */
interface ModelOutline extends Pick<ModelLook, 'model' | 'goesBack' | 'hasReturn' | 'minVolume'> {
  readonly versions: readonly { readonly version: string; readonly role: Role }[];
}

async function outlineOf({ registry, guards }: AnswerAlarmPorts, name: string): Promise<ModelOutline> {
  const [model, versions, returns, inFlight, item] = await Promise.all([
    registry.model(name),
    registry.versions(name),
    registry.returnDocuments(name),
    registry.inFlight(name, 'promotion'),
    guards.read(name),
  ]);
  const serving = versions.find(({ status }) => status === 'production');
  const run = serving === undefined ? null : await registry.run(name, serving.promotionId);
  const guarded = guardedOf(versions, run, item);
  const beside = guarded?.isArmed === true ? guarded.run.baseline : '';
  const stays = guarded?.isLatest === true && model?.policy.watch.afterConfirmation === 'rollback';
  const candidate = inFlight === null ? null : await candidateOf(registry, name, inFlight.promotionId);
  return {
    model: name,
    versions: [
      ...(serving === undefined ? [] : [{ version: serving.version, role: 'production' as const }]),
      ...(candidate === null || candidate.version === serving?.version ? [] : [candidate]),
      ...(beside === '' || beside === candidate?.version ? [] : [{ version: beside, role: 'beside' as const }]),
    ],
    goesBack: guarded?.isArmed === true || stays,
    hasReturn: returns.some(({ version }) => mayServe(versions, version) && version !== serving?.version),
    minVolume: model?.policy.guard.min_volume ?? LEAST_VOLUME,
  };
}

/** Where the registry does not say: what no policy may be milder than. */
const LEAST_VOLUME = 0.5;

function mayServe(versions: readonly VersionItem[], version: string): boolean {
  return version === '' || versions.some((one) => one.version === version && one.status === 'retained');
}

async function candidateOf(registry: AnswerAlarmPorts['registry'], model: string, promotionId: string) {
  const run = await registry.run(model, promotionId);
  const exposure = run?.kind === 'promotion' && run.end === undefined ? run.exposures.at(-1) : undefined;
  if (run?.kind !== 'promotion' || exposure === undefined) return null;
  return { version: run.version, role: exposure.stage };
}

async function looksAt(
  { metrics }: AnswerAlarmPorts,
  found: readonly ModelOutline[],
  minutes: Minutes,
): Promise<readonly ModelLook[]> {
  const names: readonly VersionName[] = found.flatMap(({ model, versions }) =>
    versions.map(({ version }) => ({ model, version })),
  );
  const [figures, failures] = await Promise.all([
    metrics.ofVersions(names, minutes),
    metrics.ofModels(
      found.map(({ model }) => model),
      minutes,
    ),
  ]);
  return found.map((outline, index) => ({
    ...outline,
    ...(failures[index] ?? { requestsFailed: 0, notLogged: 0 }),
    versions: outline.versions.flatMap(({ version, role }) => {
      const position = names.findIndex((name) => name.model === outline.model && name.version === version);
      const own = figures[position];
      return own === undefined ? [] : [{ version, role, figures: own }];
    }),
  }));
}

async function act(ports: AnswerAlarmPorts, answer: Answer, at: string): Promise<void> {
  const { model, version, cause, headline, detail, signal } = answer;
  const trigger = `system:alarm-${signal}`;
  const rolledBack = answer.kind === 'rollback';
  if (rolledBack) {
    // What was counted before a rollback is counted for minutes after it.
    if (!(await isExposed(ports, model, version))) return;
    const told = `${headline} ${detail}`;
    const input = { model, cause, requestedBy: trigger, withdrawVersion: version, detail: told };
    await ports.startRollback({ name: rollbackName(answer, at), input });
  }
  await ports.sendAlert({ id: alertId(answer, at), model, version, cause, trigger, headline, detail, rolledBack });
}

/** Whether callers get anything of a version. Where the data plane does not say, the rollback itself looks. */
async function isExposed(ports: AnswerAlarmPorts, model: string, version: string): Promise<boolean> {
  const content = await ports.served(model).catch(() => null);
  const parsed = content === null ? null : parseServed(content);
  if (parsed === null || !parsed.ok || !verifyDocument(ports.publicKeyPem, model, parsed.value)) return true;
  const { productionVersion, canaryVersion, fallback, fallbackSegments } = parsed.value;
  // A kill switch stands for the whole model: what was counted before it must not withdraw what it holds back.
  if (fallback !== '' && fallbackSegments.length === 0) return false;
  return version === productionVersion || version === canaryVersion;
}
