import type { Measure } from '../../functions/evidence/report/measure.ts';
import { UNDEFINED } from '../../functions/evidence/report/numbers.ts';
import { measuresOf, readReport, spanWords } from '../../functions/evidence/report/read-report.ts';

/** Measures that are told when they are as they should be; what failed, or is not shown, is always told. */
const MOST = 4;

/** The numbers of a gate's report that matter, in one line; empty when the bytes are no report. */
export function verdictNumbers(bytes: Uint8Array): string {
  const report = readReport(bytes);
  if (report === null) return '';
  const measures = measuresOf(report).filter(
    ({ candidate, estimate }) => `${candidate}${estimate}` !== UNDEFINED.repeat(2),
  );
  const open = measures.filter(({ verdict }) => verdict === 'FAIL' || verdict === 'OPEN');
  const told = open.length > 0 ? open : measures.filter(({ verdict }) => verdict === 'OK').slice(0, MOST);
  return [...told.map(measureText), spanWords(report).replace(/\.$/, '')].join('; ');
}

/** Such as `Absolute error, WAPE 27.9 % against 29.8 %: −6.3 % (upper bound below +1.0 %)`. */
function measureText({ name, candidate, comparator, estimate, limit }: Measure): string {
  const own = candidate === UNDEFINED ? '' : ` ${candidate}`;
  const against = comparator === UNDEFINED ? '' : ` against ${comparator}`;
  const difference = estimate === UNDEFINED ? '' : `: ${estimate}`;
  const allowed = limit === UNDEFINED ? '' : ` (${limit})`;
  return `${name}${own}${against}${difference}${allowed}`;
}
