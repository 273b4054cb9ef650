import * as z from 'zod';
import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { evidencePaths } from '../platform/keys.ts';
import type { Retention } from '../platform/retention.ts';
import { reason, type StoredObject } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { Alert } from '../rollback/alert/alert-link.ts';
import { actorOfDrill, type DrillInput, drillInput } from './drill-input.ts';
import type { DrillItem } from './drill-items.ts';
import type { DrillStore, DrillWrites } from './drill-store.ts';
import { PHASE_WORDS } from './report/phase-words.ts';
import { trendPage } from './report/trend-page.ts';
import { scored } from './score.ts';
import { TREND_LENGTH, type Trend, trendOf } from './trend.ts';

const moment = z.iso.datetime().exactOptional();
const document = z.object({ hostedVersion: z.int(), documentSha256: z.string() }).exactOptional();

const rehearsed = z.object({
  outcome: z.literal('rehearsed'),
  model: z.string(),
  ...{ from: z.string(), to: z.string(), production: z.string() },
  ...{ pollSeconds: z.number(), maxSeconds: z.number() },
  moments: z.object({
    ...{ faultAt: moment, noticedAt: moment, decidedAt: moment, servedAt: moment, convergedAt: moment },
  }),
  documents: z.object({ from: document, to: document }),
  reasons: z.array(reason),
  at: z.string(),
});

export const recordDrillEvent = z.object({
  executionName: z.string().min(1),
  startedAt: z.string(),
  /** When the step was entered, UTC: the same for each run of it. */
  at: z.iso.datetime(),
  input: z.unknown(),
  /** What the drill saw, or what it died of. */
  rehearsed: rehearsed.exactOptional(),
  error: z.looseObject({ Error: z.string(), Cause: z.string().optional() }).exactOptional(),
});
export type RecordDrillEvent = z.infer<typeof recordDrillEvent>;

export interface RecordDrillPorts {
  readonly registry: Pick<RegistryStore, 'model'>;
  readonly drills: Pick<DrillStore, 'drill' | 'newest'>;
  readonly writes: Pick<DrillWrites, 'newDrill'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'writeOnce' | 'find'>;
  readonly retention: Retention;
  readonly pollSeconds: number;
  readonly alert: (alert: Alert) => Promise<void>;
  /** An error line by which an alarm rings. */
  readonly tell: (signal: 'DRILL_NOT_PASSED', detail: Readonly<Record<string, unknown>>) => void;
}

/** The answer of the drill machine. */
export interface RecordedDrill extends Omit<DrillItem, 'ledgerSeq'> {
  readonly end: 'passed' | 'failed';
  readonly trend: Trend;
}

type Facts = Omit<DrillItem, 'evidence' | 'ledgerSeq'>;

/**
 * Scores a drill, keeps its evidence and the trend under retention, and records it; one that did not pass rings an alarm
 * and is told to those who can go back. Once per execution; safe to repeat.
 */
export async function recordDrill(ports: RecordDrillPorts, event: RecordDrillEvent): Promise<RecordedDrill> {
  const input = inputOf(event);
  const known = { model: input.model, startedAt: event.startedAt, executionName: event.executionName };
  const before = await ports.drills.drill(known);
  const facts = before ?? (await factsOf(ports, event, input));
  const others = (await ports.drills.newest(input.model, TREND_LENGTH)).filter(
    ({ executionName, startedAt }) => executionName !== facts.executionName && startedAt < facts.startedAt,
  );
  const trend = trendOf(input.model, [...others, facts]);
  const item = before ?? (await record(ports, event, { input, facts, trend }));
  if (!item.passed) {
    ports.tell('DRILL_NOT_PASSED', { model: item.model, executionName: item.executionName, reasons: item.reasons });
    await ports.alert(alertOf(item));
  }
  const { ledgerSeq: _, ...shown } = item;
  return { ...shown, end: item.passed ? 'passed' : 'failed', trend };
}

function inputOf({ input }: RecordDrillEvent): DrillInput {
  const parsed = parseInput(drillInput, input);
  if (parsed.ok) return parsed.value;
  throw new ReleaseError('INVALID_INPUT', 'The input is none of a drill.', { reasons: parsed.reasons });
}

async function factsOf(
  ports: RecordDrillPorts,
  { executionName, startedAt, at, rehearsed: seen, error }: RecordDrillEvent,
  input: DrillInput,
): Promise<Facts> {
  const known = { model: input.model, executionName, startedAt };
  if (seen !== undefined) {
    const { from, to, production, pollSeconds } = seen;
    return { ...known, from, to, production, pollSeconds, at: seen.at, ...scored(seen.moments, seen) };
  }
  const model = await ports.registry.model(input.model);
  const maxSeconds = model?.policy.drill.maxSeconds ?? 0;
  const { pollSeconds } = ports;
  const nothing = { from: '', to: '', production: '', pollSeconds };
  return { ...known, ...nothing, at, ...scored({}, { maxSeconds, reasons: [died(error)] }) };
}

async function record(
  ports: RecordDrillPorts,
  event: RecordDrillEvent,
  of: { readonly input: DrillInput; readonly facts: Facts; readonly trend: Trend },
): Promise<DrillItem> {
  const { input, facts, trend } = of;
  const evidence = await keepEvidence(ports, event, of);
  const { model, executionName, at, passed, seconds, total, maxSeconds, slowest } = facts;
  const data = {
    ...{
      executionName,
      from: facts.from,
      to: facts.to,
      passed,
      phaseSeconds: { ...seconds },
      total,
      maxSeconds,
      slowest,
    },
    ...{ pollSeconds: facts.pollSeconds, reasons: facts.reasons.map((one) => ({ ...one })), evidence: { ...evidence } },
    trend: { passed: trend.passed, of: trend.drills.length, medianTotal: trend.medianTotal },
  };
  const draft = { model, type: 'drill-completed' as const, at, actor: actorOfDrill(input), data };
  try {
    const { seq } = await ports.ledger.append(draft, (ledgerSeq) => [
      ports.writes.newDrill({ ...facts, evidence, ledgerSeq }),
    ]);
    return { ...facts, evidence, ledgerSeq: seq };
  } catch (error) {
    const twin = isReleaseError(error, 'CONDITION_FAILED') ? await ports.drills.drill(facts) : null;
    if (twin === null) throw error;
    return twin;
  }
}

/** What was written before under these names, by a run of this step that died, stays: it was of the same drill. */
async function keepEvidence(
  ports: RecordDrillPorts,
  event: RecordDrillEvent,
  { facts, trend }: { readonly facts: Facts; readonly trend: Trend },
): Promise<StoredObject> {
  const { model, executionName, at } = facts;
  const options = { retention: ports.retention, at };
  const put = async (key: string, bytes: string, contentType: string) => {
    try {
      return await ports.evidence.writeOnce(key, bytes, { contentType, ...options });
    } catch (error) {
      const before = isReleaseError(error, 'CONDITION_FAILED') ? await ports.evidence.find(key) : null;
      if (before === null) throw error;
      return before;
    }
  };
  for (const [extension, bytes, contentType] of [
    ['json', `${JSON.stringify(trend, null, 2)}\n`, 'application/json'],
    ['html', trendPage(trend, facts.reasons), 'text/html; charset=utf-8'],
  ] as const) {
    await put(evidencePaths.drillTrend(model, executionName, extension), bytes, contentType);
  }
  const evidence = { schema: 1, ...facts, measures: PHASE_WORDS, ...seenBy(event) };
  return put(evidencePaths.drill(model, executionName), `${JSON.stringify(evidence, null, 2)}\n`, 'application/json');
}

function seenBy({ rehearsed: seen, error }: RecordDrillEvent) {
  return seen === undefined ? { error: error ?? null } : { moments: seen.moments, documents: seen.documents };
}

function died(error: RecordDrillEvent['error']): Reason {
  return {
    code: 'DRILL_BROKE_OFF',
    message: 'The drill broke off: whether the model can be gone back from is not known.',
    got: (error?.Error ?? 'nothing').slice(0, 200).toWellFormed(),
    next: 'Read the log of the function rehearse, mend the cause, and drill again.',
  };
}

function alertOf({ model, executionName, reasons }: DrillItem): Alert {
  return {
    id: `drill-${executionName}`,
    model,
    version: '',
    cause: 'infrastructure',
    trigger: 'system:drill',
    headline: 'A rehearsed rollback did not pass.',
    detail: reasons.map(({ message, got }) => (got === undefined ? message : `${message} Got: ${got}.`)).join('\n'),
    rolledBack: false,
  };
}
