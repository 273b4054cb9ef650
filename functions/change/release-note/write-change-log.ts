import { HTML_TYPE } from '../../evidence/report/gate-report.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { ChangeLog } from './change-log.ts';
import type { PutChangeLog } from './change-log-store.ts';
import { MARKDOWN_TYPE } from './keep-note.ts';
import { notePage } from './note-html.ts';
import { noteMarkdown } from './note-markdown.ts';

export interface ChangeLogPorts {
  readonly ledger: Pick<Ledger, 'entries'>;
  readonly put: PutChangeLog;
}

/** What comes in so fast has events of its own, by which the log is made again. */
const MAX_ROUNDS = 5;

/**
 * Makes a model's change log from its ledger. Safe to repeat, and at once: whoever wrote last looks whether it still is
 * the newest, so that an older one never stays in the place of a newer one.
 * @returns the ledger position up to which it was made
 */
export async function writeChangeLog({ ledger, put }: ChangeLogPorts, model: string): Promise<number> {
  for (let round = 1; ; round++) {
    const log = new ChangeLog(model);
    for await (const { body } of ledger.entries(model)) log.add(body);
    const note = log.note();
    await put(evidencePaths.changeLog(model, 'md'), noteMarkdown(note), MARKDOWN_TYPE);
    await put(evidencePaths.changeLog(model, 'html'), notePage(note), HTML_TYPE);
    if (round === MAX_ROUNDS || !(await hasEntryAfter(ledger, model, log.position))) return log.position;
  }
}

async function hasEntryAfter(ledger: ChangeLogPorts['ledger'], model: string, position: number): Promise<boolean> {
  for await (const _ of ledger.entries(model, { fromSeq: position + 1 })) return true;
  return false;
}
