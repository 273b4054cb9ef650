import { visibleLine } from '../../platform/html.ts';
import type { Block, Note } from './note.ts';

/** The note as Markdown. Same note, same bytes. */
export function noteMarkdown({ title, lead, sections }: Note): string {
  return [
    `# ${line(title)}`,
    '',
    lead.map(line).join(' '),
    '',
    ...sections.flatMap((section) => [
      `## ${line(section.title)}`,
      '',
      ...section.blocks.flatMap((block) => [...blockLines(block), '']),
    ]),
  ].join('\n');
}

function blockLines(block: Block): readonly string[] {
  if (block.kind === 'text') return [line(block.text)];
  if (block.kind === 'list') return block.items.map((item) => `- ${line(item)}`);
  const marks = block.columns.map((_, index) => (index === 0 || block.words === true ? '---' : '---:'));
  return [line(block.about), '', row(block.columns), `| ${marks.join(' | ')} |`, ...block.rows.map(row)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(line).join(' | ')} |`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text from outside on one line, in which nothing is markup: it ends no line, cell or heading, and makes no link, image or
 * emphasis. A reader that turns addresses into links by itself finds none.
 */
export function line(text: string): string {
  return visibleLine(text)
    .replace(/[&<>]/g, (mark) => ENTITIES[mark] ?? '')
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/\b(https?|ftp):\/\//gi, '$1:\\//')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}\\.`)
    .replace(/^(?=(#{1,6}|[+-]|[-=]+)(\s|$))/, '\\')
    .replace(/^(\d{1,9})(?=[.)](\s|$))/, '$1\\');
}
