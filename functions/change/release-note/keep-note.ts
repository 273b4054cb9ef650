import type { EvidenceStore } from '../../evidence/evidence-store.ts';
import { HTML_TYPE } from '../../evidence/report/gate-report.ts';
import { isReleaseError } from '../../platform/errors.ts';
import type { Retention } from '../../platform/retention.ts';
import type { StoredObject } from '../../registry/items.ts';
import type { Note } from './note.ts';
import { notePage } from './note-html.ts';
import { noteMarkdown } from './note-markdown.ts';

export const MARKDOWN_TYPE = 'text/markdown; charset=utf-8';

export interface KeepNotePorts {
  readonly evidence: Pick<EvidenceStore, 'writeOnce' | 'find'>;
  readonly retention: Retention;
}

/** A note as it is kept, in both forms. */
export interface KeptNote {
  readonly note: StoredObject;
  readonly page: StoredObject;
}

/** Keeps a note in both forms, once. What a call that was cut wrote stays, although an owner may have changed since. */
export async function keepNote(
  ports: KeepNotePorts,
  note: Note,
  { key, at }: { readonly key: (extension: 'md' | 'html') => string; readonly at: string },
): Promise<KeptNote> {
  return {
    note: await first(ports, key('md'), { text: noteMarkdown(note), contentType: MARKDOWN_TYPE, at }),
    page: await first(ports, key('html'), { text: notePage(note), contentType: HTML_TYPE, at }),
  };
}

async function first(
  { evidence, retention }: KeepNotePorts,
  key: string,
  { text, contentType, at }: { readonly text: string; readonly contentType: string; readonly at: string },
): Promise<StoredObject> {
  try {
    return await evidence.writeOnce(key, text, { contentType, retention, at });
  } catch (error) {
    const before = isReleaseError(error, 'CONDITION_FAILED') ? await evidence.find(key) : null;
    if (before === null) throw error;
    return before;
  }
}
