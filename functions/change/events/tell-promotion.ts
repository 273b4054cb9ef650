import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { dataOf } from '../../registry/run-facts.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import { because, reasons, type Told, toldReasons } from './told.ts';

export function registered(body: EntryBody): Told {
  const { version } = dataOf(z.object({ version: z.string() }), body);
  const summary = `${body.actor.name} hands in version ${version} of ${body.model}; it is judged offline.`;
  return { event: 'stage-entered', detail: { stage: 'offline', percentage: 0, until: '' }, summary, version };
}

const stageName = z.enum(['offline', 'shadow', 'canary', 'production']);

export function judged(body: EntryBody): Told {
  const data = dataOf(z.object({ stage: stageName, verdict: z.string(), reasons }), body);
  const summary = `The ${data.stage} gate of ${body.model} says ${data.verdict}${because(data.reasons)}`;
  return { event: 'gate-judged', detail: { ...data, reasons: toldReasons(data.reasons) }, summary };
}

const move = z.object({
  kind: z.string().optional(),
  step: z.number().default(0),
  ...{ productionVersion: z.string(), fallback: z.string().default('') },
  ...{ shadowVersion: z.string().default(''), shadowUntil: z.string().default('') },
  ...{
    canaryVersion: z.string().default(''),
    canaryPercentage: z.number().default(0),
    canaryUntil: z.string().default(''),
  },
});

export function moved(body: EntryBody): Told | null {
  const data = dataOf(move, body);
  const { model } = body;
  const { productionVersion: version, canaryPercentage: percentage, canaryUntil } = data;
  switch (data.kind) {
    case 'shadow': {
      const detail = { stage: 'shadow' as const, percentage: 0, until: data.shadowUntil };
      const summary = `Version ${data.shadowVersion} of ${model} runs beside production; nothing that it forecasts is served.`;
      return { event: 'stage-entered', detail, summary, version: data.shadowVersion };
    }
    case 'canary': {
      const of = { version: data.canaryVersion };
      const summary = `Version ${data.canaryVersion} of ${model} serves ${percentage} % of the units as a canary, at most until ${canaryUntil}; ${versionWords(version)} serves the rest.`;
      return data.step === 0
        ? { event: 'stage-entered', detail: { stage: 'canary', percentage, until: canaryUntil }, summary, ...of }
        : { event: 'canary-step', detail: { step: data.step, percentage, until: canaryUntil }, summary, ...of };
    }
    case 'promote':
    case 'adopt': {
      const how = data.kind === 'adopt' ? '; it was adopted and passed no gate' : '';
      const summary = `Version ${version} of ${model} serves${how}.`;
      return { event: 'stage-entered', detail: { stage: 'production', percentage: 100, until: '' }, summary, version };
    }
    case 'restore': {
      const summary = `The kill switch of ${model} is left; ${versionWords(version)} serves everything again.`;
      return { event: 'kill-switch-left', detail: { productionVersion: version }, summary, version };
    }
    default:
      return null;
  }
}

export function exposureEnded(body: EntryBody): Told {
  const { version, stage } = dataOf(z.object({ version: z.string(), stage: z.string() }), body);
  const summary = `The ${stage} of version ${version} of ${body.model} is over: production alone serves.`;
  return { event: 'exposure-ended', detail: { stage }, summary, version };
}

const ENDS = {
  promoted: 'promoted',
  rejected: 'rejected',
  expired: 'expired',
  withdrawn: 'withdrawn',
  'rolled-back': 'ended-by-rollback',
} as const;

export function promotionEnded(body: EntryBody): Told {
  const end = z.enum(['promoted', 'rejected', 'expired', 'withdrawn', 'rolled-back']);
  const data = dataOf(z.object({ end, version: z.string().optional(), reasons }), body);
  const what = data.version === undefined ? 'a candidate' : `version ${data.version}`;
  const summary = `The promotion of ${what} of ${body.model} ended: ${data.end}${because(data.reasons)}`;
  return { event: ENDS[data.end], detail: { reasons: toldReasons(data.reasons) }, summary, version: data.version };
}
