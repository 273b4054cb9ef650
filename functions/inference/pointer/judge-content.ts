import * as z from 'zod';
import { verifyDocument } from '../../pointer/document.ts';
import { parseHosted, parseServed } from '../../pointer/flag.ts';
import type { LookFault, LookFaultCode } from './look-fault.ts';
import { type Pointer, pointerTo } from './pointer.ts';

export type Verdict =
  | { readonly ok: true; readonly pointer: Pointer }
  | { readonly ok: false; readonly fault: LookFault };

/** Judges content for one model: taken is only what was signed for it, with this key. Never throws. */
export type JudgeContent = (content: Uint8Array) => Verdict;

interface Whose {
  readonly model: string;
  /** PEM (SPKI). */
  readonly publicKeyPem: string;
}

/** Judges what the data plane serves. */
export function judgeOfServed(whose: Whose): JudgeContent {
  return (content) => judge(whose, content, parseServed);
}

/** Judges a document that was shipped with the code: as the data plane serves it, or as it is stored. */
export function judgeOfShipped(whose: Whose): JudgeContent {
  return (content) => {
    const served = judge(whose, content, parseServed);
    if (served.ok) return served;
    const hosted = judge(whose, content, parseHosted);
    // Of two refusals the one that read further says more.
    return hosted.ok || hosted.fault.code === 'SIGNATURE_INVALID' ? hosted : served;
  };
}

function judge(whose: Whose, content: Uint8Array, parse: typeof parseServed): Verdict {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (error) {
    return refusal('NOT_JSON', `${content.length} bytes are no JSON text: ${String(error).slice(0, MAX_MESSAGE)}`);
  }
  try {
    const parsed = parse(content);
    if (!parsed.ok) return unfit(json, parsed.reasons);
    if (verifyDocument(whose.publicKeyPem, whose.model, parsed.value)) {
      return { ok: true, pointer: pointerTo(parsed.value) };
    }
    const { revision } = parsed.value;
    return refusal('SIGNATURE_INVALID', `Revision ${revision} is not signed for ${whose.model} with the known key.`);
  } catch (error) {
    // What cannot even be judged is not gone by, and must not stop inference.
    return refusal('NOT_A_POINTER', String(error).slice(0, MAX_MESSAGE));
  }
}

const MAX_MESSAGE = 200;
const KNOWN_SCHEMA = 1;
const numbered = z.looseObject({ pointer: z.looseObject({ schema: z.number().gt(KNOWN_SCHEMA) }) });
const anyForm = z.union([numbered, z.looseObject({ values: numbered }).transform(({ values }) => values)]);

/** A document of a later release is no fault of whoever deployed it, so it has a code of its own. */
function unfit(json: unknown, reasons: readonly { readonly path?: string; readonly message: string }[]): Verdict {
  const newer = anyForm.safeParse(json);
  if (newer.success) {
    const { schema } = newer.data.pointer;
    return refusal('NEWER_SCHEMA', `The document has schema ${schema}; this release knows ${KNOWN_SCHEMA}.`);
  }
  const faults = reasons.slice(0, 3).map(({ path, message }) => `${path}: ${message}`);
  return refusal('NOT_A_POINTER', faults.join(' '));
}

function refusal(code: LookFaultCode, message: string): Verdict {
  return { ok: false, fault: { code, message } };
}
