import { sha256Hex } from '../../platform/json.ts';
import type { AnsweredAlarm } from '../../platform/metric-names.ts';
import type { Cause } from '../input.ts';

/** What a version was asked in the minutes that are looked at, and what it gave. */
export interface Figures {
  /** Forecasts that it was asked for; `missing` of them it did not give, `invalid` are no usable number. */
  readonly asked: number;
  readonly missing: number;
  readonly invalid: number;
  /** Minutes with answers while it was in production, and those of them in which half of the answers or more were slow. */
  readonly answeredMinutes: number;
  readonly slowMinutes: number;
}

/** `beside`: the version before, which runs as the comparator of one that is not confirmed. */
export type Role = 'production' | 'canary' | 'shadow' | 'beside';

export interface VersionLook {
  readonly version: string;
  readonly role: Role;
  readonly figures: Figures;
}

export interface ModelLook {
  readonly model: string;
  readonly versions: readonly VersionLook[];
  /** Its production version is gone back from by itself: it is not confirmed yet, or its policy says so afterwards, too. */
  readonly goesBack: boolean;
  /** There is a document to go back to from its production version. */
  readonly hasReturn: boolean;
  /** Share of its forecasts that a version has to give: what the guard holds a whole day to. */
  readonly minVolume: number;
  /** Well-formed requests that ended with an error, and requests whose forecasts are not in the log. */
  readonly requestsFailed: number;
  readonly notLogged: number;
}

/** What is to be done about one model. */
export interface Answer {
  readonly kind: 'rollback' | 'alert';
  readonly signal: AnsweredAlarm;
  readonly model: string;
  /** Empty: no version is at fault. */
  readonly version: string;
  readonly cause: Cause;
  readonly headline: string;
  readonly detail: string;
}

/** Fewer forecasts than this show no share: it is left to people. As the canary's operational checks have it. */
const LEAST_ASKED = 200;
/** Slow minutes that are no accident: a process that starts is slow once. */
const LEAST_SLOW_MINUTES = 3;

/** What is wrong with a version. */
interface Fault {
  readonly signal: AnsweredAlarm;
  readonly cause: Cause;
  readonly what: string;
  /** Enough was asked to say so. */
  readonly isSure: boolean;
}

/**
 * Decides what the minutes behind us call for. A version goes back when it fails a share of its forecasts that the guard
 * would not accept of a day, on enough of them, and nothing else fails alike. Where others do (the version beside it, half of
 * the models that serve) the cause is upstream, and a version that was withdrawn for it would be gone for good. A confirmed
 * version has shown for weeks that it works; callers get the safe forecast where it fails, and people decide. A candidate in
 * shadow reaches no caller: its gate counts what it fails, and people may withdraw it.
 */
export function decideAlarm(models: readonly ModelLook[]): readonly Answer[] {
  const faulty = models.filter((model) => faultOfRole(model, 'production')?.isSure === true);
  const serving = models.filter(({ versions }) => versions.some(isAsked));
  const isEverywhere = faulty.length > 1 && faulty.length * 2 >= serving.length;
  return models.flatMap((model) => [...ofVersions(model, isEverywhere), ...ofModel(model)]);
}

function ofVersions(model: ModelLook, isEverywhere: boolean): readonly Answer[] {
  return model.versions.flatMap((look) => {
    const fault = faultOf(look, model.minVolume);
    if (fault === null) return [];
    const stays = whyNotBack(model, { look, fault, isEverywhere });
    const { version } = look;
    const place = PLACES[look.role];
    const headline = `Version ${version} of ${model.model} ${place} ${fault.what}.`;
    const detail = stays ?? 'It is the only one that does, and on enough forecasts to say so.';
    const { signal, cause } = fault;
    return [
      { kind: stays === null ? 'rollback' : 'alert', signal, model: model.model, version, cause, headline, detail },
    ];
  });
}

const PLACES: Readonly<Record<Role, string>> = {
  production: 'in production',
  canary: 'in the canary',
  shadow: 'in the shadow',
  beside: 'beside the one in production',
};

/** Why nothing goes back by itself; null: it does. */
function whyNotBack(
  model: ModelLook,
  of: { readonly look: VersionLook; readonly fault: Fault; readonly isEverywhere: boolean },
): string | null {
  const { look, fault, isEverywhere } = of;
  if (look.role === 'shadow')
    return 'No caller gets anything of it, and its gate will count it. Withdraw it, or let the gate decide.';
  if (look.role === 'beside') return 'No caller gets anything of it; the version in production lacks its comparator.';
  if (!fault.isSure) return `Fewer than ${LEAST_ASKED} forecasts were asked for: too few to go back by itself.`;
  if (isEverywhere)
    return 'Other models fail at the same time: the cause is not the version, and going back would not help.';
  const others = model.versions.filter((other) => other !== look && faultOf(other, model.minVolume)?.isSure === true);
  if (others.length > 0) {
    return `Version ${others[0]?.version} fails at the same time: the cause is likely upstream, and going back alone would not help.`;
  }
  if (look.role === 'canary') return null;
  if (!model.goesBack)
    return 'Its accuracy is confirmed, so that people decide; callers get the safe forecast where it fails.';
  return model.hasReturn ? null : 'There is nothing to go back to.';
}

function faultOfRole({ versions, minVolume }: ModelLook, role: Role): Fault | null {
  const look = versions.find((one) => one.role === role);
  return look === undefined ? null : faultOf(look, minVolume);
}

function isAsked({ role, figures }: VersionLook): boolean {
  return role === 'production' && figures.asked >= LEAST_ASKED;
}

function faultOf({ role, figures }: VersionLook, minVolume: number): Fault | null {
  const { asked, missing, invalid, answeredMinutes, slowMinutes } = figures;
  if (asked > 0 && (asked - missing - invalid) / asked < minVolume) {
    const what = `failed ${missing + invalid} of ${asked} forecasts (${missing} missing, ${invalid} invalid)`;
    return {
      signal: role === 'production' ? 'production-failing' : 'candidate-failing',
      cause: invalid > missing ? 'data-corruption' : 'infrastructure',
      what,
      isSure: asked >= LEAST_ASKED,
    };
  }
  if (role !== 'production' || slowMinutes < LEAST_SLOW_MINUTES || slowMinutes * 2 <= answeredMinutes) return null;
  const what = `answers slowly in ${slowMinutes} of ${answeredMinutes} minutes`;
  return { signal: 'forecast-slow', cause: 'infrastructure', what, isSure: true };
}

/** What no version is at fault for. */
function ofModel({ model, requestsFailed, notLogged }: ModelLook): readonly Answer[] {
  const told: Answer[] = [];
  const of = { kind: 'alert', model, version: '', cause: 'infrastructure' } as const;
  if (requestsFailed > 0) {
    const headline = `${requestsFailed} requests for forecasts of ${model} ended with an error.`;
    told.push({
      ...of,
      signal: 'forecast-failing',
      headline,
      detail: 'Their callers have no forecasts; no version is at fault.',
    });
  }
  if (notLogged > 0) {
    const headline = `Forecasts of ${notLogged} requests of ${model} were served and are not in the log.`;
    told.push({
      ...of,
      signal: 'predictions-not-logged',
      headline,
      detail: 'Nobody can judge or recall them; callers have them.',
    });
  }
  return told;
}

/** Longer than a rollback takes: until then a repeated look asks for the same one. */
const PERIOD_MS = 15 * 60_000;

/** Name of the rollback, the same for every look of a quarter of an hour. */
export function rollbackName({ signal, model, version }: Answer, at: string): string {
  const period = new Date(Math.floor(Date.parse(at) / PERIOD_MS) * PERIOD_MS).toISOString();
  const start = period.slice(0, 16).replaceAll(/[-:]/g, '');
  return `alarm-${signal}-${sha256Hex(`${model} ${version}`).slice(0, 16)}-${start}`;
}

/** One alert a day of the same signal, model and version; one per rollback. */
export function alertId(answer: Answer, at: string): string {
  if (answer.kind === 'rollback') return rollbackName(answer, at);
  const { signal, model, version } = answer;
  return `alarm-${signal}-${sha256Hex(`${model} ${version}`).slice(0, 16)}-${at.slice(0, 10)}`;
}
