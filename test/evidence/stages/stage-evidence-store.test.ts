import { describe, expect, it } from 'vitest';
import {
  batch,
  CANARY,
  canarySettings,
  datesFrom,
  MemoryFiles,
  outcomesOf,
  readCanary,
  readShadow,
} from './stage-world.ts';

/** A bucket into which the rest of a day arrives as soon as one thing has been listed. */
class GrowingFiles extends MemoryFiles {
  #arrives: (() => void) | null;

  constructor(arrives: (files: MemoryFiles) => void) {
    super();
    this.#arrives = () => arrives(this);
  }

  override async findPredictions(...question: Parameters<MemoryFiles['findPredictions']>) {
    return this.#listed(await super.findPredictions(...question));
  }

  override async findOutcomes() {
    return this.#listed(await super.findOutcomes());
  }

  #listed<T>(found: T): T {
    const arrives = this.#arrives;
    this.#arrives = null;
    arrives?.();
    return found;
  }
}

const NEXT = '2026-03-15';
const whole = (files: MemoryFiles) => {
  files.log(batch({ asOf: '2026-03-14' }));
  files.outcomes(outcomesOf([NEXT]));
};

function twoWeeks<T extends MemoryFiles>(files: T): T {
  for (const asOf of datesFrom('2026-03-01', 13)) files.log(batch({ asOf }));
  files.outcomes(outcomesOf(datesFrom('2026-03-02', 13)));
  return files;
}

describe('evidence of a stage that arrives while it is read', () => {
  it('gives no day its outcomes without all its forecasts', async () => {
    const { sums } = await readShadow(twoWeeks(new GrowingFiles(whole)));
    const before = await readShadow(twoWeeks(new MemoryFiles()));
    // The new forecasts may be read; what is judged by its outcomes is what it was.
    const paired = ({ days }: typeof sums) => days.filter((day) => day.paired > 0).map((day) => [day.day, day.paired]);
    expect(paired(sums)).toEqual(paired(before.sums));
    expect(sums.cycles.map(({ complete }) => complete)).toEqual([true, false, false]);
  });

  it('closes a day of a canary once both halves are there', async () => {
    const exposed = (asOf: string) => batch({ asOf, revision: 7, percentage: 50 });
    const start = (files: MemoryFiles) => {
      for (const asOf of datesFrom('2026-03-01', 13)) files.log(exposed(asOf));
      files.outcomes(outcomesOf(datesFrom('2026-02-01', 42)));
      return files;
    };
    const nextDay = (files: MemoryFiles) => {
      files.log(exposed('2026-03-14'));
      files.outcomes(outcomesOf([NEXT]));
    };
    const files = start(new GrowingFiles(nextDay));
    const read = () => readCanary(files, canarySettings(), CANARY);
    expect((await read()).sums.days.at(-1)).toBe('2026-03-14');
    expect((await read()).sums.days.at(-1)).toBe(NEXT);
  });
});
