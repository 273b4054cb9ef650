import { CONTRACT } from '../../../functions/evidence/shadow/shadow.ts';
import {
  judgeLooks,
  type ShadowDecision,
  type ShadowEvidence,
} from '../../../functions/evidence/shadow/shadow-looks.ts';
import { addDays, type DayTotals } from '../../../functions/evidence/shadow/shadow-sums.ts';
import {
  batch,
  datesFrom,
  MemoryFiles,
  NO_LOOK,
  type OutcomeRow,
  outcomesOf,
  record,
  shadowThresholds,
} from './stage-world.ts';

const CONFIG = shadowThresholds();

export function judged(evidence: ShadowEvidence): ShadowDecision {
  const bounds = { now: '2026-04-01T00:00:00.000Z', until: '2026-12-31T00:00:00.000Z' };
  return judgeLooks(evidence, CONFIG, { ...CONTRACT, ...bounds, taken: NO_LOOK });
}

/** Sums of the days of one cycle. */
export function overall({ cycles, days }: ShadowEvidence, index = 0): DayTotals {
  const { from = '', to = '' } = cycles.find(({ cycle }) => cycle === index) ?? {};
  return addDays(days.filter(({ day }) => day >= from && day <= to));
}

/** One series for a day ahead, by both versions. */
export function pair(members: Parameters<typeof record>[0] = {}, production: number | null = 12) {
  return [record(members), record({ ...members, version: '1.0', arm: 'production', units: production })];
}
export const sold = (date: string, units: number | string, stock: Partial<OutcomeRow> = {}): OutcomeRow => ({
  ...{ date, sku: 'milk', store: 'harbour', units },
  ...stock,
});

/** Three cycles of batches, the first two of them closed. */
export function threeWeeks(): MemoryFiles {
  const files = new MemoryFiles();
  for (const asOf of datesFrom('2026-03-01', 17)) files.log(batch({ asOf }));
  files.outcomes(outcomesOf(datesFrom('2026-03-02', 15)));
  return files;
}
