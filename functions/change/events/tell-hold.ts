import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { dataOf } from '../../registry/run-facts.ts';
import { because, clipped, reasons, type Told, toldReasons } from './told.ts';

const stage = z.enum(['offline', 'shadow', 'canary', 'production']).default('canary');

export function held(body: EntryBody): Told {
  const data = dataOf(z.object({ stage, held: z.boolean(), reasons }), body);
  const what = `${body.model} into ${data.stage}`;
  if (!data.held) {
    return { event: 'stage-released', detail: { stage: data.stage }, summary: `Nothing holds ${what} any more.` };
  }
  const summary = `${what} is approved and held${because(data.reasons)}`;
  return { event: 'stage-held', detail: { stage: data.stage, reasons: toldReasons(data.reasons) }, summary };
}

const exception = z.object({
  ...{ version: z.string(), stage, reason: z.string(), holds: z.array(z.string()).default([]) },
});

export function excepted(body: EntryBody): Told {
  const { version, holds, reason, stage: into } = dataOf(exception, body);
  const summary = `${body.actor.name} lets version ${version} of ${body.model} into ${into} in spite of ${holds.join(', ')}: ${reason}`;
  return { event: 'hold-excepted', detail: { stage: into, holds, reason: clipped(reason, 1000) }, summary, version };
}

const announcement = z.object({
  ...{
    version: z.string(),
    teams: z.array(z.object({ team: z.string() })),
    leadTime: z.string(),
    earliestAt: z.string(),
  },
});

export function announced(body: EntryBody): Told {
  const { version, teams, leadTime, earliestAt } = dataOf(announcement, body);
  const names = teams.map(({ team }) => team);
  const summary = `Version ${version} of ${body.model} is announced to ${names.join(', ')} as a critical change; it serves nobody before ${earliestAt}.`;
  return { event: 'change-announced', detail: { teams: names, leadTime, earliestAt }, summary, version };
}

export function noticeSeen(body: EntryBody): Told {
  const { version, team } = dataOf(z.object({ version: z.string(), team: z.string() }), body);
  const summary = `${team} has seen the notice of version ${version} of ${body.model}.`;
  return { event: 'notice-acknowledged', detail: { team }, summary, version };
}

export function noticeRecalled(body: EntryBody): Told {
  const { version, end } = dataOf(z.object({ version: z.string(), end: z.string() }), body);
  const summary = `Version ${version} of ${body.model}, which was announced, does not come; its promotion ended: ${end}.`;
  return { event: 'notice-recalled', detail: { end }, summary, version };
}
