import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { sentence } from '../../platform/sentence.ts';
import { dataOf } from '../../registry/run-facts.ts';
import { announcedWords } from '../advance-notice/announced-run.ts';
import { because, clipped, reasons, type Told, toldReasons } from './told.ts';

const stage = z.enum(['offline', 'shadow', 'canary', 'production', 'change']).default('canary');
const version = z.string().optional();

export function held(body: EntryBody): Told {
  const data = dataOf(z.object({ stage, step: z.number().optional(), held: z.boolean(), reasons }), body);
  const words = heldWords(body.model, data);
  if (!data.held) return { event: 'stage-released', detail: { stage: data.stage }, summary: words.released };
  const summary = `${words.held}${because(data.reasons)}`;
  return { event: 'stage-held', detail: { stage: data.stage, reasons: toldReasons(data.reasons) }, summary };
}

/** `step`: of a canary that runs. */
function heldWords(model: string, of: { readonly stage: z.infer<typeof stage>; readonly step?: number | undefined }) {
  if (of.step !== undefined) {
    return {
      held: `The canary of ${model} is not widened`,
      released: `Nothing keeps the canary of ${model} from being widened any more.`,
    };
  }
  const what = of.stage === 'change' ? `a change of settings of ${model}` : `${model} into ${of.stage}`;
  const start = of.stage === 'change' ? sentence(what) : what;
  return { held: `${start} is approved and held`, released: `Nothing holds ${what} any more.` };
}

const exception = z.object({
  ...{ version, stage, reason: z.string(), holds: z.array(z.string()).default([]) },
  /** Of a canary that runs. */
  step: z.number().optional(),
});

export function excepted(body: EntryBody): Told {
  const { version: named, holds, reason, stage: into, step } = dataOf(exception, body);
  const goes = into === 'change' ? 'take effect' : step === undefined ? `into ${into}` : 'serve more units';
  const summary = `${body.actor.name} lets ${announcedWords(body.model, named)} ${goes} in spite of ${holds.join(', ')}: ${reason}`;
  const detail = { stage: into, holds, reason: clipped(reason, 1000) };
  return { event: 'hold-excepted', detail, summary, version: named };
}

const announcement = z.object({
  ...{
    version,
    teams: z.array(z.object({ team: z.string() })),
    leadTime: z.string(),
    earliestAt: z.string(),
  },
});

export function announced(body: EntryBody): Told {
  const { version: named, teams, leadTime, earliestAt } = dataOf(announcement, body);
  const names = teams.map(({ team }) => team);
  const waits = named === undefined ? 'does not take effect' : 'serves nobody';
  const summary = `${sentence(announcedWords(body.model, named))} is announced to ${names.join(', ')} as a critical change; it ${waits} before ${earliestAt}.`;
  return { event: 'change-announced', detail: { teams: names, leadTime, earliestAt }, summary, version: named };
}

export function noticeSeen(body: EntryBody): Told {
  const { version: named, team } = dataOf(z.object({ version, team: z.string() }), body);
  const summary = `${team} has seen the notice of ${announcedWords(body.model, named)}.`;
  return { event: 'notice-acknowledged', detail: { team }, summary, version: named };
}

export function noticeRecalled(body: EntryBody): Told {
  const { version: named, end } = dataOf(z.object({ version, end: z.string() }), body);
  const what = named === undefined ? 'it' : 'its promotion';
  const summary = `${sentence(announcedWords(body.model, named))}, which was announced, does not come; ${what} ended: ${end}.`;
  return { event: 'notice-recalled', detail: { end }, summary, version: named };
}
