import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logObject, objectRecords } from '../../../functions/inference/log/log-object.ts';
import { predictionRecord } from '../../../functions/inference/log/prediction.ts';
import type { Forecaster } from '../../../functions/inference/predictors/forecaster.ts';
import { forecast } from '../../../functions/inference/serving/forecast.ts';
import { forecastEvent, parseInferenceEvent } from '../../../functions/inference/serving/forecast-event.ts';
import { isReleaseError } from '../../../functions/platform/errors.ts';
import { PREDICTION_KEY } from '../../../functions/platform/keys.ts';
import { CANARY, documentOf, SHADOW, stand } from '../stand.ts';

const HORIZON_DAYS = 3;
/** What a version says: an error, a list with anything in it, or anything. */
const says = fc.oneof(
  fc.constant('throws'),
  fc.anything(),
  fc.array(fc.oneof(fc.double(), fc.constantFrom(null, 'x', -0, 1e308)), { maxLength: 5 }),
);
const scenes = fc.record({
  ...{ production: says, candidate: says, shadow: says },
  hasProduction: fc.boolean(),
  hasCanary: fc.boolean(),
  canaryPercentage: fc.constantFrom(0, 50, 100),
  shadowVersion: fc.constantFrom('', '1.1.0', '2.0.0', '3.0.0'),
  fallback: fc.constantFrom('', 'seasonal-naive', 'weekday-mean', 'unknown-here'),
  fallbackSegments: fc.constantFrom([], ['category:fresh']),
});
const units = fc.record({
  skus: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }), { minLength: 1, maxLength: 6 }),
  category: fc.constantFrom('fresh', 'dry', ''),
  history: fc.array(fc.oneof(fc.constant(1e308), fc.double({ min: 0, max: 1e308, noNaN: true })), { maxLength: 30 }),
});

function versionOf(said: unknown): Forecaster {
  return () => {
    if (said === 'throws') throw new Error('No price.');
    return said as readonly number[];
  };
}

function standOf(scene: typeof scenes extends fc.Arbitrary<infer T> ? T : never) {
  const { hasProduction, hasCanary, canaryPercentage, shadowVersion, fallback, fallbackSegments } = scene;
  const document = documentOf({
    ...(hasCanary ? { ...CANARY, canaryPercentage } : {}),
    ...(shadowVersion === '' ? {} : { ...SHADOW, shadowVersion }),
    productionVersion: hasProduction ? '1.1.0' : '',
    fallback: fallback === '' && !hasProduction ? 'seasonal-naive' : fallback,
    fallbackSegments,
  });
  const [production, candidate, shadow] = [scene.production, scene.candidate, scene.shadow].map(versionOf);
  return stand({
    document,
    versions: { '1.1.0': production, '2.0.0': candidate, '3.0.0': shadow } as Record<string, Forecaster>,
  });
}

describe('Whatever versions say, and whatever a document names', () => {
  it('callers get a number from 0 on for each unit and day, and each is in the log once', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, units, async (scene, { skus, category, history }) => {
        const made = standOf(scene);
        const requests = skus.map((sku) => ({ sku, store: 'harbour', category, history }));
        const event = { model: 'demand', asOf: '2026-03-01', horizonDays: HORIZON_DAYS, requestId: 'any', requests };
        const { forecasts } = await forecast(made.ports, forecastEvent.parse(event), 'any');
        expect(forecasts).toHaveLength(skus.length * HORIZON_DAYS);
        expect(forecasts.filter((one) => !Number.isFinite(one.units) || one.units < 0)).toEqual([]);
        const served: string[] = [];
        for (const batch of made.batches) {
          for (const records of objectRecords(batch.records)) {
            expect((await logObject(batch, records)).key).toMatch(PREDICTION_KEY);
            for (const record of records) predictionRecord.parse(JSON.parse(JSON.stringify(record)));
            const said = records.map(({ sku, targetDate, ...one }) =>
              JSON.stringify([sku, targetDate, one.version, one.units]),
            );
            if (records[0]?.arm !== 'shadow') served.push(...said);
          }
        }
        const answered = forecasts.map((one) => JSON.stringify([one.sku, one.targetDate, one.version, one.units]));
        expect(served.toSorted()).toEqual(answered.toSorted());
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe('Whatever an event is', () => {
  it('it is taken, or refused as input', () => {
    const part = fc.oneof(fc.anything(), fc.string(), fc.constantFrom('demand', '2026-03-01', 7));
    const request = fc.record({ sku: part, store: part, segments: part, history: part }, { requiredKeys: [] });
    const members = { model: part, asOf: part, horizonDays: part, requestId: part, input: part };
    const event = fc.record({ ...members, requests: fc.oneof(part, fc.array(request)) }, { requiredKeys: [] });
    const refusal = (one: unknown): unknown => {
      try {
        parseInferenceEvent(one);
        return null;
      } catch (cause) {
        return cause;
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.anything(), event), (one) => {
        const cause = refusal(one);
        return cause === null || isReleaseError(cause, 'INVALID_INPUT');
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});
