import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { storedObject } from '../../registry/items.ts';
import { dataOf } from '../../registry/run-facts.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import { because, clipped, named, nameOf, reasons, type Told, toldReasons } from './told.ts';

const rollback = z.object({
  ...{ cause: z.string(), from: z.string(), to: z.string() },
  ...{ seconds: z.number().default(0), requestedBy: named, detail: z.string().optional() },
});

export function rolledBack(body: EntryBody): Told {
  const { cause, from, to, seconds, requestedBy } = dataOf(rollback, body);
  const by = nameOf(requestedBy);
  const summary = `${body.model} is served by ${versionWords(to)}; ${versionWords(from)} was taken out (${cause}), asked for by ${by}.`;
  return { event: 'rolled-back', detail: { from, to, cause, requestedBy: by, seconds }, summary, version: from };
}

const recall = z.object({
  ...{ executionName: z.string(), part: z.number(), version: z.string(), to: z.string(), cause: z.string() },
  ...{ forecasts: z.number(), toCome: z.number(), list: storedObject.optional(), summary: storedObject.optional() },
});

export function recalled(body: EntryBody): Told {
  const { version, list, summary: object, ...detail } = dataOf(recall, body);
  const summary = `${detail.forecasts} forecasts of version ${version} of ${body.model} are recalled, ${detail.toCome} of them for days still to come.`;
  const objects = { ...(list === undefined ? {} : { list }), ...(object === undefined ? {} : { summary: object }) };
  return { event: 'recall-opened', detail: { ...detail, ...objects }, summary, version };
}

const answer = z.object({
  ...{ executionName: z.string(), part: z.number(), version: z.string(), team: z.string(), outcome: z.string() },
  status: z.string(),
});

/** The answer that is waited for last closes the recall. */
export function acknowledged(body: EntryBody): Told {
  const { version, status, ...detail } = dataOf(answer, body);
  const closes = status === 'closed';
  const summary = `${detail.team} ${detail.outcome === 'acknowledged' ? 'has seen' : 'is not concerned by'} the recall of version ${version} of ${body.model}${closes ? '; nobody is waited for any more' : ''}.`;
  return { event: closes ? 'recall-closed' : 'recall-acknowledged', detail, summary, version };
}

const MAX_SEGMENTS = 100;
const kill = z.object({
  ...{ level: z.string(), reason: z.string(), requestedBy: named, expiresAt: z.string().default('') },
  ...{ fallback: z.string().default(''), fallbackSegments: z.array(z.string()).default([]) },
  version: z.string().optional(),
});

export function thrown(body: EntryBody): Told {
  const data = dataOf(kill, body);
  const { level, reason, expiresAt, fallback, version } = data;
  const fallbackSegments = data.fallbackSegments.slice(0, MAX_SEGMENTS);
  const requestedBy = nameOf(data.requestedBy);
  const detail = { level, reason: clipped(reason, 1000), requestedBy, expiresAt, fallback, fallbackSegments };
  const what =
    level === 'model'
      ? `The safe forecast ${fallback} serves ${fallbackSegments.length === 0 ? 'everything' : fallbackSegments.join(', ')} of ${body.model}`
      : `The ${level} ${version ?? ''} of ${body.model} is stopped`;
  return {
    event: 'kill-switch-thrown',
    detail,
    summary: `${what}, by the kill switch of ${requestedBy}: ${reason}`,
    version,
  };
}

export function readiness(body: EntryBody): Told {
  const data = dataOf(z.object({ ready: z.boolean(), reasons }), body);
  return data.ready
    ? { event: 'rollback-ready', detail: {}, summary: `${body.model} can be gone back from.` }
    : {
        event: 'rollback-not-ready',
        detail: { reasons: toldReasons(data.reasons) },
        summary: `${body.model} cannot be gone back from as it should be${because(data.reasons)}`,
      };
}

const drill = z.object({
  ...{ executionName: z.string(), passed: z.boolean(), total: z.number().nullish(), reasons },
});

export function drilled(body: EntryBody): Told {
  const { executionName, passed, total = null, reasons: why } = dataOf(drill, body);
  if (!passed) {
    const summary = `A rehearsed rollback of ${body.model} failed${because(why)}`;
    return { event: 'drill-failed', detail: { executionName, reasons: toldReasons(why) }, summary };
  }
  const summary = `A rollback of ${body.model} was rehearsed and passed.`;
  return { event: 'drill-passed', detail: { executionName, seconds: total }, summary };
}

const change = z.object({
  code: z.string(),
  ...{ message: z.string().default(''), got: z.unknown().optional(), allowed: z.unknown().optional() },
  document: z.unknown().optional(),
  ...{ amends: z.number().optional(), over: z.boolean().default(false) },
  // As CloudTrail tells it.
  ...{ eventName: z.string().default(''), resource: z.string().default(''), principalArn: z.string().nullish() },
  alarming: z.boolean().default(true),
});

/** That somebody is known now for what was told before is no event. */
export function noticed(body: EntryBody): Told | null {
  const { code, got, allowed, document, amends, over, ...data } = dataOf(change, body);
  if (over && amends !== undefined) {
    const summary = `What was noticed about ${body.model} (${code}, ledger position ${amends}) is over.`;
    return { event: 'change-over', detail: { code, noticed: amends }, summary };
  }
  if (amends !== undefined) return null;
  const by = data.principalArn ?? 'somebody who is not known yet';
  const message = data.message || `${data.eventName} of ${data.resource} by ${by}`;
  const detail = {
    ...{ code, message: clipped(message, 1000), got: textOf(got), allowed: textOf(allowed) },
    serving: document !== undefined,
  };
  const summary = `Something changed about ${body.model} that nobody decided (${code}): ${message}`;
  const severity = data.alarming ? {} : { severity: 'warning' as const };
  return { event: 'change-noticed', detail, summary, ...severity };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? clipped(value, 500) : '';
}

export function undone(body: EntryBody): Told {
  const { productionVersion } = dataOf(z.object({ productionVersion: z.string() }), body);
  const summary = `What nobody decided about ${body.model} is undone: ${versionWords(productionVersion)} serves.`;
  return { event: 'change-undone', detail: { productionVersion }, summary, version: productionVersion };
}
