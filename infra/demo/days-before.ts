import { artifact, forecasterOf } from '../../functions/inference/predictors/artifact.ts';
import { plusDays } from '../../functions/platform/duration.ts';
import { SAFE } from './artifacts.ts';
import type { Demand } from './demand.ts';
import { STOCK_RULES } from './inventory.ts';
import { type ForecastAnswer, type ForecastEvent, Replay, type ReplayPorts } from './replay.ts';

/** Days of which the shops' outcomes are known before the model is asked for its first forecast. */
export const DAYS_BEFORE = 28;

/**
 * The four weeks before: shops ordered by last week's sales, and their outcomes are on record, as they are wherever shops
 * deliver them in any case. A canary is planned by how much units differed then. Answers the stocks that they left.
 */
export async function playDaysBefore(of: {
  readonly demand: Demand;
  readonly firstDay: number;
  readonly put: ReplayPorts['put'];
}): Promise<Replay['stocks']> {
  const { demand, firstDay, put } = of;
  const ports = { put, forecast: async (event: ForecastEvent) => safely(event) };
  const replay = new Replay({ model: 'none', demand, firstDay, rules: STOCK_RULES, ports });
  for (let day = 0; day < DAYS_BEFORE; day += 1) await replay.playDay();
  return replay.stocks;
}

const safeForecast = forecasterOf(artifact.parse(SAFE));

async function safely({ asOf, horizonDays, requests }: ForecastEvent): Promise<ForecastAnswer> {
  const forecasts = await Promise.all(
    requests.map(async ({ sku, store, history }) => {
      const units = await safeForecast({ sku, store, history, asOf, horizonDays });
      return units.map((value, ahead) => ({
        ...{ sku, store, targetDate: plusDays(asOf, ahead + 1), units: value },
        ...{ version: '', arm: 'fallback' as const },
      }));
    }),
  );
  return { revision: 0, forecasts: forecasts.flat() };
}
