import type { Block } from '../../platform/letter.ts';
import type { PromotionItem } from '../../registry/items.ts';
import type { Note } from './note.ts';

/**
 * What a team has to know of a release without opening anything: whoever plans a store has no access to a bucket. What is
 * left out are tables, what was not tested, and evidence, which the note itself has.
 */
const TOLD: readonly string[] = [
  'What to expect',
  'Why',
  'What changed',
  'Known failure modes',
  'Warnings',
  'Exposure',
  'Approved by',
  'Way back',
];

/** The release note of a promotion as a letter: its own sentences, in its own order. */
export function noteLetter(run: PromotionItem, note: Note): readonly Block[] {
  const sections = note.sections.filter(({ title }) => TOLD.includes(title));
  const { releaseNote: kept, requestedBy } = run;
  return [
    { kind: 'headline', text: note.lead.join(' '), tone: 'good' },
    ...sections.flatMap(({ title, blocks }): readonly Block[] => {
      const lines = blocks.flatMap((block) =>
        block.kind === 'table' ? [] : block.kind === 'list' ? block.items : [block.text],
      );
      return lines.length === 0 ? [] : [{ kind: 'list', title, lines }];
    }),
    {
      kind: 'small',
      text: [
        `Asked for by ${requestedBy.name} <${requestedBy.email}>. Id: ${run.promotionId}`,
        ...(kept === undefined
          ? []
          : [`The whole note, with what each gate measured and the evidence: s3://${kept.bucket}/${kept.key}`]),
      ].join('\n'),
    },
  ];
}
