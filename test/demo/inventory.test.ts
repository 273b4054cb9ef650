import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coveredDays, openingStock, playDay, STOCK_RULES, type Stock } from '../../infra/demo/inventory.ts';
import { seededRandom } from '../../infra/demo/retailer-demand.ts';

const RULES = { leadDays: 2, safety: 0, coverDays: 14 };
const steady = (units: number) => ({ served: [units, units, units], past: new Array<number>(28).fill(units) });

/** Shares of stocked-out days and of overstocked units when forecasts are the truth times `scale`. */
function yearOf(scale: number) {
  const random = seededRandom(3);
  const demand = Array.from({ length: 400 }, () => Math.floor(20 * random()));
  let stock: Stock | undefined;
  const total = { stockouts: 0, overstock: 0, sold: 0 };
  for (let day = 28; day < 390; day += 1) {
    const today = {
      demand: demand[day] ?? 0,
      served: new Array<number>(coveredDays(STOCK_RULES)).fill(9.5 * scale),
      past: demand.slice(0, day),
    };
    const played = playDay(stock ?? openingStock(today, STOCK_RULES), today, STOCK_RULES);
    stock = played.stock;
    total.stockouts += played.outcome.stockout ? 1 : 0;
    total.overstock += played.outcome.overstock;
    total.sold += played.outcome.sold;
  }
  return total;
}

describe('The stock of an article', () => {
  it('opens at what will be needed until the order of tomorrow is delivered', () => {
    expect(coveredDays(RULES)).toBe(3);
    expect(openingStock(steady(4), RULES)).toEqual({ onHand: 12, onOrder: [0, 0] });
  });

  it('is ordered up to the target; the order comes after the lead time, and sells before the day ends', () => {
    const day = { ...steady(4), demand: 4 };
    const first = playDay({ onHand: 12, onOrder: [0, 0] }, day, RULES);
    expect(first.stock).toEqual({ onHand: 8, onOrder: [0, 0] });
    const second = playDay(first.stock, day, RULES);
    expect(second.stock).toEqual({ onHand: 4, onOrder: [0, 4] });
    const third = playDay(second.stock, day, RULES);
    expect(third.stock).toEqual({ onHand: 0, onOrder: [4, 4] });
    expect(playDay(third.stock, day, RULES)).toEqual({
      stock: { onHand: 0, onOrder: [4, 4] },
      outcome: { sold: 4, onHand: 0, stockout: false, overstock: 0 },
    });
  });

  it('loses what customers want beyond it, and calls that a stockout', () => {
    const { outcome } = playDay({ onHand: 3, onOrder: [2, 0] }, { ...steady(4), demand: 9 }, RULES);
    expect(outcome).toEqual({ sold: 5, onHand: 0, stockout: true, overstock: 0 });
  });

  it('is no stockout when it sells to the last unit', () => {
    const { outcome } = playDay({ onHand: 4, onOrder: [0, 0] }, { ...steady(4), demand: 4 }, RULES);
    expect(outcome).toMatchObject({ onHand: 0, stockout: false });
  });

  it('is overstock beyond so many days of what was sold on average', () => {
    const { outcome } = playDay({ onHand: 100, onOrder: [0, 0] }, { ...steady(4), demand: 4 }, RULES);
    expect(outcome).toMatchObject({ onHand: 96, overstock: 96 - 14 * 4 });
  });

  it('never falls below zero, whatever is forecast, and nothing appears or vanishes but by orders and sales', () => {
    const units = fc.oneof(fc.double({ min: -5, max: 500, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        fc.array(fc.record({ demand: fc.nat(300), served: fc.array(units, { minLength: 3, maxLength: 7 }) })),
        (days) => {
          let stock: Stock = { onHand: 10, onOrder: new Array<number>(STOCK_RULES.leadDays).fill(0) };
          for (const day of days) {
            const arriving = stock.onOrder[0] ?? 0;
            const { stock: after, outcome } = playDay(stock, { ...day, past: [3, 1, 4] }, STOCK_RULES);
            expect(after.onHand).toBe(stock.onHand + arriving - outcome.sold);
            expect(Math.min(after.onHand, outcome.sold, outcome.overstock, ...after.onOrder)).toBeGreaterThanOrEqual(0);
            expect(outcome.stockout).toBe(outcome.sold < day.demand);
            expect(after.onOrder).toHaveLength(STOCK_RULES.leadDays);
            stock = after;
          }
        },
      ),
    );
  });

  it('runs out far more often when forecasts are too low, and piles up when they are too high', () => {
    const [low, right, high] = [yearOf(0.6), yearOf(1), yearOf(6)];
    expect(low.stockouts).toBeGreaterThan(2 * right.stockouts);
    expect(low.sold).toBeLessThan(right.sold);
    expect(high.overstock).toBeGreaterThan(50 * right.overstock);
    expect(low.overstock).toBeLessThan(right.overstock);
  });
});
