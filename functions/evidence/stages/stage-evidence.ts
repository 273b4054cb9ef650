import type { Exposure } from '../../registry/items.ts';
import { type Finding, finding } from '../finding.ts';
import type { ObjectsRead } from '../report/gate-report.ts';

/** How usable the prediction log and the outcomes of a stage were. */
export interface MeasuredQuality {
  /** Lines of the log that belong to the stage. */
  readonly records: number;
  /** Lines that are no record: not JSON, or without a readable key. */
  readonly unreadable: number;
  /** Records of another promotion or pointer revision, or written after the exposure's bound. */
  readonly foreign: number;
  /** Records that repeat another one value by value. */
  readonly duplicates: number;
  /** Keys (origin, SKU, store, target, version) that appear with different values; left out. */
  readonly conflicts: number;
  /** Origin dates left out because an object of theirs is damaged. */
  readonly damagedOrigins: number;
  readonly outcomes: number;
  /** Outcome rows without a readable key, or of another day than their file. */
  readonly outcomesUnreadable: number;
  readonly outcomeDuplicates: number;
  /** Series and days with different outcomes in one file; left out, so that the day may not count as closed. */
  readonly outcomeConflicts: number;
}

/** What was read for a stage: the sums, and which objects they come from. */
export interface StageRead<T> {
  readonly sums: T;
  readonly objects: { readonly predictions: ObjectsRead; readonly outcomes: ObjectsRead };
  /** Keys of objects that are damaged or cannot be read as what they should be. */
  readonly damaged: readonly string[];
  readonly stock: StockColumns;
}

/** Whether any outcome says something about stock. */
export interface StockColumns {
  readonly stockout: boolean;
  readonly overstock: boolean;
}

/** How a judge of a running stage may decide. */
export type StageVerdict = 'PASS' | 'FAIL' | 'CONTINUE';

/** Which records are evidence of a stage: those of the promotion, routed by one of its documents before its bound. */
export interface RecordFilter {
  readonly promotionId: string;
  readonly candidate: string;
  readonly exposures: readonly Pick<Exposure, 'revision' | 'step' | 'percentage' | 'until'>[];
}

const NAMED = 5;

/** What people should know about the evidence, whatever the verdict. */
export function evidenceWarnings(read: {
  readonly quality: MeasuredQuality;
  readonly damaged: readonly string[];
  readonly stock: StockColumns;
}): readonly Finding[] {
  const { quality, damaged, stock } = read;
  const some = (code: string, count: number, what: string) =>
    finding(count > 0, code, { got: `${count} ${what}`, allowed: `0 ${what}` });
  const more = damaged.length > NAMED ? ` and ${damaged.length - NAMED} more` : '';
  return [
    ...finding(damaged.length > 0, 'DAMAGED_OBJECTS', {
      got: `${damaged.slice(0, NAMED).join(', ')}${more}`,
      allowed: 'no damaged objects',
    }),
    ...some('UNREADABLE_RECORDS', quality.unreadable, 'lines'),
    ...some('OUTCOME_ROWS_UNREADABLE', quality.outcomesUnreadable, 'rows'),
    ...some('OUTCOME_CONFLICTS', quality.outcomeConflicts, 'series and days'),
    ...finding(quality.outcomes > 0 && !(stock.stockout && stock.overstock), 'NO_STOCK_COLUMNS', {
      got: stock.stockout
        ? 'outcomes without overstock'
        : stock.overstock
          ? 'outcomes without stockouts'
          : 'outcomes without stock',
      allowed: 'columns on_hand, stockout or overstock_units with values',
    }),
  ];
}
