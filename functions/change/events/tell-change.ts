import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { storedObject } from '../../registry/items.ts';
import { dataOf } from '../../registry/run-facts.ts';
import { because, reasons, type Teller, type Told, toldReasons } from './told.ts';

export function changeRequested(body: EntryBody): Told {
  const { kind, change } = dataOf(z.object({ kind: z.string(), change: z.object({ reason: z.string() }) }), body);
  const summary = `${body.actor.name} asks for ${CHANGE_WORDS[kind] ?? kind} of ${body.model}: ${change.reason}`;
  return { event: 'change-requested', detail: { kind }, summary };
}

const CHANGE_WORDS: Readonly<Record<string, string>> = {
  onboard: 'the onboarding',
  change: 'a change',
  restore: 'the end of the kill switch',
};

export function settings(event: 'model-onboarded' | 'settings-changed'): Teller {
  return (body) => {
    const { policyVersion, policyDigest } = dataOf(
      z.object({ policyVersion: z.number(), policyDigest: z.string() }),
      body,
    );
    const what =
      event === 'model-onboarded' ? `The model ${body.model} is set up` : `The settings of ${body.model} are changed`;
    return { event, detail: { policyVersion, policyDigest }, summary: `${what}; policy version ${policyVersion}.` };
  };
}

export function changeEnded(body: EntryBody): Told | null {
  const data = dataOf(z.object({ end: z.string(), reasons }), body);
  // What took effect is told by what it did.
  if (data.end === 'applied') return null;
  const summary = `A change of ${body.model} does not take effect; it ended: ${data.end}${because(data.reasons)}`;
  return { event: 'change-ended', detail: { end: data.end, reasons: toldReasons(data.reasons) }, summary };
}

export function noted(body: EntryBody): Told {
  const data = dataOf(
    z.object({
      about: z.string().default('stage-entered'),
      version: z.string().optional(),
      ...{ note: storedObject, page: storedObject.optional() },
    }),
    body,
  );
  const { about, note, page, version } = data;
  const summary = `The release note of ${body.model} is written: s3://${note.bucket}/${note.key}`;
  return { event: 'release-noted', detail: { about, note, ...(page === undefined ? {} : { page }) }, summary, version };
}

export function gateOpened(body: EntryBody): Told {
  const detail = dataOf(z.object({ stage: z.string(), quorum: z.number(), expiresAt: z.string() }), body);
  const what = detail.stage === 'change' ? `a change of ${body.model}` : `${body.model} into ${detail.stage}`;
  return { event: 'approval-requested', detail, summary: `People are asked about ${what}, until ${detail.expiresAt}.` };
}

export function decided(body: EntryBody): Told {
  const detail = dataOf(z.object({ stage: z.string(), decision: z.string(), gateStatus: z.string() }), body);
  const what = detail.stage === 'change' ? `a change of ${body.model}` : `${body.model} into ${detail.stage}`;
  return { event: 'approval-decided', detail, summary: `${body.actor.name} decided on ${what}: ${detail.decision}.` };
}
