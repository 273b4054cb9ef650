import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnitSet } from '../../../functions/inference/serving/unit-set.ts';

describe('The units that a batch has asked for', () => {
  it('are told from each other as by their names, in whatever order and however often they come', () => {
    const name = fc.string({ maxLength: 3, unit: fc.constantFrom('a', '|', '"', ',', 'é') });
    fc.assert(
      fc.property(fc.array(fc.record({ sku: name, store: name }), { maxLength: 200 }), (units) => {
        const [units64, names] = [new UnitSet(), new Set<string>()];
        for (const unit of units) {
          const before = names.size;
          names.add(JSON.stringify([unit.sku, unit.store]));
          expect(units64.add(unit)).toBe(names.size > before);
        }
      }),
    );
  });

  it('may be many', () => {
    const units = new UnitSet();
    const unit = (index: number) => ({ sku: `sku-${index % 5_000}`, store: `store-${Math.floor(index / 5_000)}` });
    const added = Array.from({ length: 200_000 }, (_, index) => units.add(unit(index)));
    expect(added.every(Boolean)).toBe(true);
    expect(Array.from({ length: 200_000 }, (_, index) => units.add(unit(index))).some(Boolean)).toBe(false);
  });
});
