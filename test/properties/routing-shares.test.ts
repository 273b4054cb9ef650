import { describe, expect, it } from 'vitest';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import { Router } from '../../functions/inference/routing/router.ts';
import type { Unit, UnitKind } from '../../functions/inference/routing/unit.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

const SIZE = 1_000_000;
const STORES = 50;
const PERCENTAGES = [0, 0.1, 1, 5, 25, 50, 99, 100] as const;
const SALT = 'demand_2-0-0_1';

/** Names as shops have them: numbered in order, which is what a weak hash would show in. */
function population(kind: UnitKind): readonly Unit[] {
  const more = { region: 'north', category: 'fresh', segments: [] };
  return Array.from({ length: SIZE }, (_, index) => {
    if (kind === 'sku') return { ...more, sku: `SKU-${index}`, store: 'store-1' };
    if (kind === 'store') return { ...more, sku: 'SKU-1', store: `store-${index}` };
    return { ...more, sku: `SKU-${Math.floor(index / STORES)}`, store: `store-${index % STORES}` };
  });
}

function cohort(salt: string, percentage: number, unit: UnitKind = 'sku-store'): Cohort {
  const where = { regions: [], stores: [], skus: [], categories: [] };
  return new Cohort({ unit, salt, percentage, where, excludedSegments: [] });
}

/** Four standard errors of a count of independent draws. */
function bound(share: number): number {
  return 4 * Math.sqrt(SIZE * share * (1 - share));
}

describe('Of a million units', () => {
  const units = population('sku-store');
  const byPercentage = PERCENTAGES.map((percentage) => {
    const drawn = cohort(SALT, percentage);
    return { percentage, drawn: Uint8Array.from(units, (unit) => (drawn.has(unit) ? 1 : 0)) };
  });

  it.each(byPercentage)('a canary of $percentage % serves that share, within four standard errors', (one) => {
    const count = one.drawn.reduce((sum, is) => sum + is, 0);
    const share = one.percentage / 100;
    expect(Math.abs(count - share * SIZE)).toBeLessThanOrEqual(bound(share));
  });

  it('raising the percentage moves nobody back', () => {
    for (const [index, { drawn }] of byPercentage.entries()) {
      const lower = byPercentage[index - 1]?.drawn;
      if (lower === undefined) continue;
      expect(drawn.findIndex((is, at) => is < (lower[at] ?? 0))).toBe(-1);
    }
  });

  it('the router gives the share of its document, and every unit its own route again in a batch', () => {
    const canary = { canaryVersion: '2.0.0', canaryUntil: '2026-03-02T00:00:00.000Z', canaryPercentage: 5 } as const;
    const router = new Router(unsignedDocument({ ...canary, salt: SALT }));
    const now = Date.parse('2026-03-01T00:00:00.000Z');
    const routes = router.routeAll(units, now);
    const drawn = byPercentage.find(({ percentage }) => percentage === 5)?.drawn;
    expect(routes.findIndex(({ arm }, at) => (arm === 'canary') !== (drawn?.[at] === 1))).toBe(-1);
    expect(units.findIndex((unit, at) => router.route(unit, now) !== routes[at])).toBe(-1);
  });

  it.each([5, 25, 50])('two salts draw independently at %i %', (percentage) => {
    const share = percentage / 100;
    const others = ['demand_2-0-0_2', 'demand_3-0-0_1', 'prices_2-0-0_1'].map((salt) => cohort(salt, percentage));
    const first = cohort(SALT, percentage);
    for (const other of others) {
      const table = [0, 0, 0, 0];
      for (const unit of units) {
        const cell = (first.has(unit) ? 2 : 0) + (other.has(unit) ? 1 : 0);
        table[cell] = (table[cell] ?? 0) + 1;
      }
      const both = table[3] ?? 0;
      expect(Math.abs(both - share * share * SIZE)).toBeLessThanOrEqual(bound(share * share));
      // 2x2 table, one degree of freedom: 15.1 is exceeded by chance once in 10,000 tables.
      expect(chiSquare(table)).toBeLessThan(15.1);
    }
  });
});

describe.each(['store', 'sku'] as const)('Of a million units that are each a %s', (kind) => {
  it('a canary serves its share, within four standard errors', () => {
    const units = population(kind);
    for (const percentage of [1, 25]) {
      const drawn = cohort(SALT, percentage, kind);
      const count = units.reduce((sum, unit) => sum + (drawn.has(unit) ? 1 : 0), 0);
      expect(Math.abs(count - (percentage / 100) * SIZE)).toBeLessThanOrEqual(bound(percentage / 100));
    }
  });
});

/** Of counts [neither, second, first, both]. */
function chiSquare([neither = 0, second = 0, first = 0, both = 0]: readonly number[]): number {
  const total = neither + second + first + both;
  const product = (first + both) * (second + both) * (neither + second) * (neither + first);
  return (total * (both * neither - first * second) ** 2) / product;
}
