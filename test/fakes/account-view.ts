import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { gateItem } from '../../functions/approval/items.ts';
import { type KillSwitchItem, killSwitchItem, type StandingSwitch } from '../../functions/kill-switch/items.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { parseStored } from '../../functions/platform/boundary.ts';
import { AppConfigStore } from '../../functions/pointer/appconfig-store.ts';
import { isUndone } from '../../functions/pointer/deployments.ts';
import { findDocument } from '../../functions/pointer/hosted-document.ts';
import { carries, switchOf } from '../../functions/pointer/switch.ts';
import {
  inFlightItem,
  modelItem,
  type Run,
  returnDocumentItem,
  runSchema,
  type VersionItem,
  versionItem,
} from '../../functions/registry/items.ts';
import { account, appConfig, ledgerKeyPem, pointerKeyPem } from './account-clients.ts';
import { MODEL } from './walk.ts';

const row = z.looseObject({ seq: z.number(), body: z.string() });
const body = z.looseObject({ type: z.string(), data: z.record(z.string(), z.unknown()) });
export const store = new AppConfigStore(appConfig(), process.env['APPCONFIG_APPLICATION_ID'] ?? '');

async function itemsOf(table: string): Promise<readonly Record<string, unknown>[]> {
  return (await account.tables.items(table)).map((one) =>
    unmarshall(z.record(z.string(), z.custom<never>()).parse(one)),
  );
}

/** What the tables say, without the words that differ from run to run. */
async function recorded() {
  const registry = await itemsOf('registry');
  const named = (prefix: string) => registry.filter(({ sk }) => String(sk).startsWith(prefix));
  const runs = named('promotion#').map((one) => parseStored(runSchema, one, 'A run'));
  const versions = named('version#').map((one) => parseStored(versionItem, one, 'A version'));
  const inFlight = registry
    .filter(({ pk }) => pk === 'in-flight')
    .map((one) => parseStored(inFlightItem, one, 'In flight'));
  const model = named('model').map((one) => parseStored(modelItem, one, 'A model'))[0];
  const thrown = named('kill-switch').map((one) => parseStored(killSwitchItem, one, 'A kill switch'));
  const returns = named('return#').map((one) => parseStored(returnDocumentItem, one, 'A document to go back to'));
  return { runs, versions, inFlight, model, thrown, returns };
}

/** What each document to go back to has served, by the version that its item names. */
async function waysBack({ model, returns }: Pick<Awaited<ReturnType<typeof recorded>>, 'model' | 'returns'>) {
  return Promise.all(
    returns.map(async ({ version, hostedVersion, documentSha256 }) => {
      const place = { profileId: model?.profileId ?? '', hostedVersion };
      const found = await findDocument(source, MODEL, place);
      const isIt = found?.documentSha256 === documentSha256 && found.document.productionVersion === version;
      return { version, document: isIt ? found.document : null };
    }),
  );
}

async function chain() {
  const rows = (await itemsOf('ledger')).map((one) => row.parse(one)).toSorted((a, b) => a.seq - b.seq);
  const { fault } = await verifyChain({ model: MODEL, publicKeyPem: ledgerKeyPem, rows, anchors: [] });
  return { fault, entries: rows.map((one) => body.parse(JSON.parse(one.body))) };
}

async function pointer(model: Awaited<ReturnType<typeof recorded>>['model']) {
  if (model === undefined) return null;
  const state = await store.deployedState(model);
  const hosted = state.live === null ? null : await findDocument(source, MODEL, { ...model, ...state.live });
  const shown = hosted?.document;
  return {
    serves: shown === undefined ? null : shown.productionVersion || shown.fallback,
    production: shown?.productionVersion ?? '',
    beside: shown === undefined ? [] : [shown.shadowVersion, shown.canaryVersion, shown.canaryPercentage],
    promotionId: shown?.promotionId ?? '',
    switched: shown === undefined ? null : switchOf(shown),
    running: state.inProgress !== null,
    deployed: state.history.filter((one) => !isUndone(one)).map(({ hostedVersion }) => hostedVersion),
  };
}
const source = { appConfig: store, publicKeyPem: pointerKeyPem };

export interface View {
  readonly runs: readonly Run[];
  readonly versions: readonly VersionItem[];
  readonly inFlight: readonly string[];
  readonly pointer: NonNullable<Awaited<ReturnType<typeof pointer>>>;
  readonly entries: readonly z.infer<typeof body>[];
  /** The kill switch that stands, and the candidates that were stopped. */
  readonly thrown: readonly KillSwitchItem[];
  readonly returns: Awaited<ReturnType<typeof waysBack>>;
  readonly gates: readonly { readonly gate: string; readonly status: string; readonly decisions: number }[];
}

/** The account from outside. Reading it is a proof already: the ledger holds, and every item is of its form. */
export async function view(): Promise<View> {
  const [{ runs, versions, inFlight, model, thrown, returns }, { fault, entries }, approvals] = await Promise.all([
    recorded(),
    chain(),
    itemsOf('approvals'),
  ]);
  if (fault !== undefined) throw new Error(`The verifier finds a fault: ${JSON.stringify(fault)}`);
  const shown = await pointer(model);
  if (shown === null) throw new Error('There is no model.');
  const gates = approvals
    .filter(({ status }) => status !== undefined)
    .map((one) => parseStored(gateItem, one, 'A gate'));
  return {
    ...{ runs, versions, entries, pointer: shown, thrown, returns: await waysBack({ model, returns }) },
    inFlight: inFlight.map(({ promotionId }) => promotionId),
    gates: gates
      .map((one) => ({
        gate: `${one.promotionId} ${one.stage} ${one.round}`,
        status: one.status,
        decisions: one.decisions.length,
      }))
      .toSorted((a, b) => (a.gate < b.gate ? -1 : 1)),
  };
}

/** What must be the same, however often a step had to be run for it. */
export function outcomeOf({ runs, versions, inFlight, pointer: shown, entries, gates, thrown, returns }: View) {
  const { deployed: _, ...served } = shown;
  return {
    ...{ inFlight, gates, pointer: served },
    runs: runs.map(standing),
    versions: versions.map(({ version, status, predecessor }) => ({ version, status, predecessor })),
    thrown: thrown.map(saidOf),
    returns: returns.map(({ version, document }) => ({
      version,
      serves: document === null ? null : [document.fallback, ...document.fallbackSegments],
    })),
    entries: entries.map(({ type }) => type).filter((type) => !NOT_COUNTED.includes(type)),
  };
}

/** Intents of going back and of stopping are tried, and not waited for; a wait that ended for nothing is counted. */
const NOT_COUNTED: readonly string[] = ['rollback-intended', 'kill-switch-intended', 'callback-forged'];

function saidOf(item: KillSwitchItem) {
  const { level, reason, requestedBy, expiresAt } = item;
  const what =
    item.level === 'model'
      ? [item.fallback, ...item.fallbackSegments]
      : [item.promotionId, item.version, item.deploymentNumber !== undefined];
  return { level, reason, by: requestedBy.email, expiresAt, what };
}

function standing(run: Run) {
  const { promotionId, end, reasons } = run;
  const ended = { promotionId, end, reasons: reasons?.map(({ code }) => code) };
  if (run.kind !== 'promotion') return ended;
  const { stage, awaitingApproval, canaryStep, exposures, gates, manifest, pointer: moved, releaseNote } = run;
  return {
    ...ended,
    ...{ stage, awaitingApproval, canaryStep },
    exposures: exposures.map((one) => `${one.stage} ${one.step}`),
    verdicts: Object.entries(gates).map(([gate, found]) => `${gate} ${found?.verdict}`),
    has: [manifest, moved, releaseNote].map((one) => one !== undefined),
  };
}

/** What nobody may find, whatever was disturbed: something decided twice, or said differently in two places. */
export function contradictions(seen: View): readonly string[] {
  const { versions, pointer: shown, entries, runs, inFlight } = seen;
  const found: string[] = [...switchContradictions(seen)];
  const once = new Map<string, number>();
  for (const { type, data } of entries) {
    const key = keyOfDecision(type, data);
    if (key !== null) once.set(key, (once.get(key) ?? 0) + 1);
  }
  for (const [key, count] of once) if (count > 1) found.push(`${key} stands ${count} times in the ledger`);
  const production = versions.filter(({ status }) => status === 'production').map(({ version }) => version);
  if (production.length > 1) found.push(`there are ${production.length} production versions`);
  if ((production[0] ?? '') !== shown.production) {
    found.push(`the registry says ${production[0] ?? 'none'}, and the pointer ${shown.production || 'none'}`);
  }
  const withdrawn = versions.filter(({ status }) => status === 'withdrawn').map(({ version }) => version);
  const exposed = [shown.production, ...shown.beside].filter((one) => withdrawn.includes(String(one)));
  if (exposed.length > 0) found.push(`${exposed.join(', ')} was withdrawn, and is in the pointer`);
  for (const run of runs) {
    const open = run.end === undefined;
    if (open !== inFlight.includes(run.promotionId))
      found.push(`${run.promotionId} is ${open ? 'open' : 'over'}, and in flight or not`);
    const ends = entries.filter(
      ({ type, data }) => /-ended$/.test(type) && type !== 'exposure-ended' && data['promotionId'] === run.promotionId,
    );
    if (ends.length !== (open ? 0 : 1)) found.push(`${run.promotionId} ended ${ends.length} times`);
  }
  const candidates = versions.filter(({ status }) => status === 'candidate').map(({ version }) => version);
  const owners = runs.filter((run) => run.end === undefined).map(({ promotionId }) => promotionId);
  const beside = shown.beside.filter((one) => candidates.includes(String(one)));
  if (beside.length > 0 && !owners.includes(shown.promotionId))
    found.push(`${beside.join(', ')} is exposed by no open run`);
  return found;
}

/**
 * A switch that one place has and another has not. A way back may lack one that stands, since a rollback then takes another
 * document of the version; one that carries a switch that was left would bring it back.
 */
function switchContradictions({ pointer: shown, thrown, returns, versions }: View): readonly string[] {
  const stands = thrown.find((one): one is StandingSwitch => one.level === 'model') ?? null;
  const found: string[] = [];
  if (stands === null && shown.switched !== null) found.push('the pointer carries a kill switch that does not stand');
  const served = { ...NO_FALLBACK, productionVersion: shown.production, ...shown.switched };
  if (shown.production !== '' && !carries(served, stands)) found.push('a kill switch stands that the pointer lacks');
  const withdrawn = versions.filter(({ status }) => status === 'withdrawn').map(({ version }) => version);
  for (const { version, document } of returns.filter((one) => !withdrawn.includes(one.version))) {
    if (document === null) found.push(`the document to go back to ${version || 'no version'} is another one`);
    else if (stands === null && switchOf(document) !== null) found.push(`going back to ${version} would bring one`);
  }
  return found;
}
const NO_FALLBACK = { fallback: '', fallbackSegments: [] };

/** What can be decided once only, as its entry names it; null for entries that may stand often. */
function keyOfDecision(type: string, data: Readonly<Record<string, unknown>>): string | null {
  const of = (...names: readonly string[]) =>
    [type, ...names.map((name) => JSON.stringify(data[name] ?? ''))].join(' ');
  switch (type) {
    case 'candidate-registered':
    case 'manifest-signed':
    case 'release-noted':
      return of('promotionId');
    case 'gate-judged':
      return of('promotionId', 'stage');
    case 'gate-opened':
    case 'gate-closed':
      return of('promotionId', 'stage', 'round');
    case 'approval-decided':
      return of('promotionId', 'stage', 'round', 'approver');
    case 'canary-advanced':
      return of('promotionId', 'to');
    case 'pointer-move-intended':
    case 'pointer-moved':
      return of('promotionId', 'kind', 'step');
    case 'exposure-ended':
      return of('promotionId', 'deploymentNumber');
    case 'rolled-back':
    case 'rollback-intended':
      return of('executionName');
    case 'kill-switch-thrown':
      return of('level', 'promotionId', 'deploymentNumber', 'reason', 'expiresAt', 'requestedBy');
    case 'forecasts-recalled':
      return of('executionName', 'part');
    case 'recall-acknowledged':
      return of('executionName', 'part', 'email');
    default:
      return null;
  }
}
