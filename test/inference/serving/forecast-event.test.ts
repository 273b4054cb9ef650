import { describe, expect, it } from 'vitest';
import { isBatch, parseInferenceEvent } from '../../../functions/inference/serving/forecast-event.ts';
import { isReleaseError, type Reason } from '../../../functions/platform/errors.ts';
import { eventOf, requestOf } from '../stand.ts';

function parseForecastEvent(event: unknown) {
  const parsed = parseInferenceEvent(event);
  if (isBatch(parsed)) throw new Error('Expected requests.');
  return parsed;
}

function refusal(event: unknown): { readonly message: string; readonly reasons: readonly Reason[] } {
  try {
    parseInferenceEvent(event);
  } catch (error) {
    if (isReleaseError(error, 'INVALID_INPUT')) return error;
    throw error;
  }
  return { message: '', reasons: [] };
}

const paths = (event: unknown) => refusal(event).reasons.map(({ path }) => path);

describe('A forecast event', () => {
  it('is taken with what it leaves out', () => {
    const { requestId: _, ...rest } = eventOf({ requests: [{ sku: 'milk', store: 'harbour', history: [] }] });
    expect(parseForecastEvent(rest)).toEqual({
      ...rest,
      requests: [{ sku: 'milk', store: 'harbour', region: '', category: '', segments: [], history: [] }],
    });
  });

  it('carries segments and features as they are', () => {
    const request = requestOf('milk', { segments: ['tier:gold'], features: { price: 2.5, promotion: null } });
    expect(parseForecastEvent(eventOf({ requests: [request] })).requests).toEqual([request]);
  });

  it('is refused with every fault at once, in the message too', () => {
    const requests = [
      requestOf('milk', { history: [1, -1, null, '3'] }),
      requestOf('bread', { segments: ['gold'] }),
      requestOf('salt'),
      requestOf('salt'),
    ];
    const event = eventOf({ model: 'Demand', asOf: '2026-02-30', horizonDays: 61, requestId: 'a b', requests });
    const faulty = [
      ...['model', 'asOf', 'horizonDays', 'requestId', 'requests.0.history.1', 'requests.0.history.2'],
      ...['requests.0.history.3', 'requests.1.segments.0', 'requests.3'],
    ];
    expect(paths(event)).toEqual(faulty);
    for (const path of faulty) expect(refusal(event).message).toContain(`${path}: `);
  });

  it.each([0, 61, 1.5, '7', undefined])('is refused for a horizon of %s', (horizonDays) => {
    expect(paths(eventOf({ horizonDays }))).toEqual(['horizonDays']);
  });

  it.each(['', 'a/b', 'ü', 'x'.repeat(101), '../x', 5])('is refused for the request id %s', (requestId) => {
    expect(paths(eventOf({ requestId }))).toEqual(['requestId']);
  });

  it('takes as many requests as it may have, and no more', () => {
    const requests = Array.from({ length: 10_001 }, (_, index) => requestOf(`sku-${index}`, { history: [] }));
    expect(parseForecastEvent(eventOf({ requests: requests.slice(1) })).requests).toHaveLength(10_000);
    expect(paths(eventOf({ requests }))).toEqual(['requests']);
    expect(paths(eventOf({ requests: [] }))).toEqual(['requests']);
  });

  it('is refused when its answer would be too large', () => {
    const requests = Array.from({ length: 1_000 }, (_, index) => requestOf(`sku-${index}`, { history: [] }));
    expect(paths(eventOf({ requests, horizonDays: 36 }))).toEqual([]);
    expect(refusal(eventOf({ requests, horizonDays: 37 })).reasons).toMatchObject([
      { path: 'requests', got: '1000 requests of 37 days', next: 'Split the requests.' },
    ]);
  });

  it('is refused when its answer would be too large for the length of its names', () => {
    const long = (length: number) =>
      Array.from({ length: 1_000 }, (_, index) => requestOf(`sku-${index}-`.padEnd(length, 'ä'), { history: [] }));
    const [fault] = refusal(eventOf({ requests: long(60), horizonDays: 35 })).reasons;
    expect(fault).toMatchObject({
      path: 'requests',
      message: 'The answer would be larger than a function may answer.',
    });
    const answer = (requests: readonly { readonly sku: string; readonly store: string }[], days: number) =>
      requests.flatMap(({ sku, store }) =>
        Array.from({ length: days }, () => ({
          ...{
            sku,
            store,
            targetDate: '2026-03-01',
            units: 1.234567890123457e-300,
            version: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
            arm: 'production',
          },
        })),
      );
    for (const length of [60, 1]) {
      const accepted = (horizonDays: number) => paths(eventOf({ requests: long(length), horizonDays })).length === 0;
      const days = Array.from({ length: 60 }, (_, index) => 60 - index).find(accepted) ?? 0;
      expect(days).toBeGreaterThan(20);
      const { requests } = parseForecastEvent(eventOf({ requests: long(length), horizonDays: days }));
      const bytes = Buffer.byteLength(JSON.stringify({ revision: 1, forecasts: answer(requests, days) }));
      expect(bytes).toBeLessThan(6_291_556);
    }
  });

  it('is refused for a date whose next days are none', () => {
    expect(paths(eventOf({ asOf: '9999-12-31' }))).toEqual(['asOf']);
    expect(paths(eventOf({ asOf: '0999-12-31' }))).toEqual(['asOf']);
    expect(paths(eventOf({ asOf: '2999-12-31' }))).toEqual([]);
  });

  it('may name an S3 object in place of the requests, which is then a batch', () => {
    const { requests: _, ...rest } = eventOf();
    const event = { ...rest, input: 's3://bucket/requests/day-60.ndjson.gz' };
    expect(parseInferenceEvent(event)).toEqual(event);
    expect(isBatch(parseInferenceEvent(event))).toBe(true);
  });

  it('is refused when it has both, or an input that is no S3 URI, with all other faults', () => {
    expect(paths(eventOf({ input: 'https://bucket/x', asOf: 'today' }))).toEqual(['asOf', 'input', '$', 'requests']);
    expect(paths(eventOf({ input: 's3://bucket', requests: undefined }))).toContain('input');
  });

  it.each([null, undefined, 'demand', [], 7])('is refused when it is %s', (event) => {
    expect(refusal(event).reasons.length).toBeGreaterThan(0);
  });

  it('is refused for a member that it does not have', () => {
    expect(refusal(eventOf({ horizon: 7 })).reasons).toHaveLength(1);
    expect(paths(eventOf({ requests: [requestOf('milk', { histroy: [1] })] }))).toEqual(['requests.0']);
  });
});
