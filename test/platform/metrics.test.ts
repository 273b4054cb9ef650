import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logger } from '../../functions/platform/logger.ts';
import { inferenceCounts } from '../../functions/platform/metrics.ts';

describe('The counts of inference', () => {
  let lines: Record<string, unknown>[];

  beforeEach(() => {
    lines = [];
    vi.spyOn(logger, 'error').mockReturnValue(undefined);
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(JSON.parse(String(line)));
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  const dimensionsOf = (line: Record<string, unknown>) =>
    JSON.parse(JSON.stringify(line['_aws'])).CloudWatchMetrics[0].Dimensions;

  it('are one line for the alarms, and one for each version, under dimensions of its own', () => {
    const counts = inferenceCounts();
    counts.signal('PRODUCTION_FAILED', { model: 'demand', version: '2.0', missing: 3 });
    counts.measure({ model: 'demand', version: '2.0' }, { asked: 10, missing: 3, invalid: 0 });
    counts.measure({ model: 'demand', version: '1.0' }, { asked: 10, missing: 0, invalid: 0 });
    counts.publish();
    expect(lines.map(dimensionsOf)).toEqual([
      [['service']],
      [['service', 'model', 'version']],
      [['service', 'model', 'version']],
    ]);
    expect(lines).toMatchObject([
      { service: 'inference', PRODUCTION_FAILED: 1 },
      { model: 'demand', version: '2.0', PRODUCTION_FAILED: 1, FORECASTS_ASKED: 10, FORECASTS_MISSING: 3 },
      { model: 'demand', version: '1.0', FORECASTS_ASKED: 10 },
    ]);
    // A metric costs by the month: where nothing failed there is none.
    for (const line of lines) expect(line).not.toHaveProperty('FORECASTS_INVALID');
    expect(lines[2]).not.toHaveProperty('FORECASTS_MISSING');
  });

  it('are those of a model where no version is named, and start anew with each line', () => {
    const counts = inferenceCounts();
    counts.signal('PREDICTIONS_NOT_LOGGED', { model: 'demand', forecasts: 5 });
    counts.publish();
    counts.signal('PREDICTIONS_NOT_LOGGED', { model: 'other', forecasts: 5 });
    counts.publish();
    counts.publish();
    expect(lines.map(({ model }) => model)).toEqual([undefined, 'demand', undefined, 'other']);
    expect(dimensionsOf(lines[1] ?? {})).toEqual([['service', 'model']]);
  });

  it('are milliseconds of an answer for all together, and for the version that serves, where one does', () => {
    const counts = inferenceCounts();
    counts.measure({ model: 'demand', version: '2.0' }, { answerMs: 40 });
    counts.measure({ model: 'new', version: '' }, { answerMs: 60 });
    counts.publish();
    expect(lines).toMatchObject([{ ANSWER_MS: [40, 60] }, { version: '2.0', ANSWER_MS: 40 }]);
    expect(lines).toHaveLength(2);
  });
});
