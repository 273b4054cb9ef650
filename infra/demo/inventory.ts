/** How a shop is stocked: it looks at each article every morning and orders up to what it expects to need. */
export interface StockRules {
  /** Days between an order and its delivery, which comes before the shop opens. */
  readonly leadDays: number;
  /** Safety stock in standard deviations of what the demand until the next delivery but one does beside its week. */
  readonly safety: number;
  /** Days of mean demand that a stock may cover; what lies above is overstock. */
  readonly coverDays: number;
}

/**
 * Daily deliveries and little storage, as of fresh food: every fault of a forecast shows the day after. With a good
 * forecast some 4 % of the shelves run empty on a day, as shops say of themselves, and what is left at night lasts for
 * one to two days.
 */
export const STOCK_RULES: StockRules = { leadDays: 1, safety: 1.5, coverDays: 2 };

/** Days whose demand an order has to cover: until the delivery of the order of tomorrow. */
export function coveredDays(rules: StockRules): number {
  return rules.leadDays + 1;
}

/** Stock of one article in one shop between two days. */
export interface Stock {
  readonly onHand: number;
  /** Units on their way: the first arrives tomorrow morning, the last in `leadDays`. */
  readonly onOrder: readonly number[];
}

/** One business day of one article in one shop. */
export interface StockDay {
  /** Units that customers wanted, and the shop may not have had. */
  readonly demand: number;
  /** The forecasts that were served for today and the days after it: `coveredDays` of them. */
  readonly served: readonly number[];
  /** Demand of the days before, oldest first, without a gap; what is known this morning. */
  readonly past: readonly number[];
}

/** What a day left behind, as the outcomes tell it. */
export interface StockOutcome {
  /** Units sold: what was wanted, or what was there. */
  readonly sold: number;
  /** Units on the shelf at the end of the day. */
  readonly onHand: number;
  readonly stockout: boolean;
  readonly overstock: number;
}

/** Days of the past that the mean demand is taken from. */
const MEAN_DAYS = 28;
/** Weeks of the past that the spread of the demand is taken from: fewer know slow movers too badly. */
const SPREAD_WEEKS = 8;

/** The stock of an article that was stocked up to its target before the first day. */
export function openingStock(day: Pick<StockDay, 'served' | 'past'>, rules: StockRules): Stock {
  return { onHand: target(day, rules), onOrder: new Array<number>(rules.leadDays).fill(0) };
}

/**
 * One day: the delivery comes, the shop orders up to its target, customers buy what there is; what they do not get is
 * lost. A forecast that is too low leaves shelves empty, one that is too high fills them for weeks.
 */
export function playDay(
  stock: Stock,
  day: StockDay,
  rules: StockRules,
): { readonly stock: Stock; readonly outcome: StockOutcome } {
  const [arriving = 0, ...coming] = stock.onOrder;
  const available = stock.onHand + arriving;
  const position = available + sum(coming);
  const order = Math.max(0, target(day, rules) - position);
  const sold = Math.min(day.demand, available);
  const onHand = available - sold;
  const overstock = Math.max(0, onHand - rules.coverDays * mean(day.past.slice(-MEAN_DAYS)));
  return {
    stock: { onHand, onOrder: [...coming, order] },
    outcome: { sold, onHand, stockout: day.demand > available, overstock: Math.round(overstock * 1000) / 1000 },
  };
}

/** Whole units that stock and orders together should be. */
function target({ served, past }: Pick<StockDay, 'served' | 'past'>, rules: StockRules): number {
  const days = coveredDays(rules);
  const expected = sum(served.slice(0, days).map((units) => Math.max(0, Number.isFinite(units) ? units : 0)));
  return Math.ceil(expected + rules.safety * spreadOf(past) * Math.sqrt(days) - 1e-9);
}

/**
 * Standard deviation of a day's demand around its weekday, from the differences to the same day of the week before: the
 * week itself is no surprise, since forecasts know it. As of a Poisson demand where there is no whole week.
 */
function spreadOf(past: readonly number[]): number {
  const recent = past.slice(-7 * (SPREAD_WEEKS + 1));
  const differences = recent.slice(7).map((units, index) => units - (recent[index] ?? 0));
  if (differences.length === 0) return Math.sqrt(mean(past));
  return Math.sqrt(mean(differences.map((difference) => difference ** 2 / 2)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
