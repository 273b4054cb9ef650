/** One part of a section. All of it is text: whatever markup it holds is shown as it stands. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      /** What its numbers are, for whoever hears it read. */
      readonly about: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      /** Columns after the first hold words, not numbers. */
      readonly words?: true;
    };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A release note before it is written as Markdown or HTML: both say the same. */
export interface Note {
  readonly title: string;
  /** The first sentences: what happens to whom, from when, what to expect, and what to do when it looks wrong. */
  readonly lead: readonly string[];
  readonly sections: readonly Section[];
}

export function paragraph(text: string): Block {
  return { kind: 'text', text };
}

/** A list; nothing where there is nothing to list. */
export function listed(items: readonly string[]): readonly Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** A section; none where there is nothing to say. */
export function section(title: string, ...blocks: readonly (Block | readonly Block[])[]): readonly Section[] {
  const all = blocks.flat();
  return all.length === 0 ? [] : [{ title, blocks: all }];
}
