import { describe, expect, it } from 'vitest';
import { summarise } from '../../functions/approval/report-summary.ts';
import { groupReport, reportText } from './fixtures.ts';

const withGroups = (over: object) => Buffer.from(JSON.stringify({ ...JSON.parse(reportText()), ...over }));

describe('The summary of an evaluation report', () => {
  it('shows the whole and the worst segments first, those with enough data before the others', () => {
    const summary = summarise(Buffer.from(reportText()), 4);
    expect(summary?.overall).toMatchObject({
      candidate: '31.2 %',
      baseline: '34.1 %',
      change: '−8.4 %',
      direction: 'better',
      bias: '+1.2 %',
    });
    expect(summary?.segments.map(({ name }) => name)).toEqual([
      'regime:lumpy',
      'volume:C',
      'category:HOBBIES',
      'category:FOODS',
    ]);
    expect(summary?.segments[0]).toMatchObject({ change: '+3.1 %', direction: 'worse', thin: false });
    expect(summary?.segmentCount).toBe(6);
    expect(summary?.warnings).toEqual(['The candidate forecasts fewer rows than the baseline.']);
  });

  it('says so when only the baseline is perfect, and marks what is too thin to be judged', () => {
    const segments = [groupReport({ name: 'store:new', rel_wape: 'inf', sufficient: false })];
    expect(summarise(withGroups({ segments }))?.segments).toMatchObject([
      { change: 'baseline perfect', direction: 'worse', thin: true },
    ]);
  });

  it('shows undefined shares as such and no change as none', () => {
    const overall = groupReport({ rel_wape: null, wape_candidate: null, bias_candidate: -0.0001 });
    expect(summarise(withGroups({ overall }))?.overall).toMatchObject({
      candidate: '–',
      change: '–',
      direction: 'same',
      bias: '0.0 %',
    });
    expect(summarise(withGroups({ overall: null }))?.overall).toBeNull();
  });

  it('is none of what is no report', () => {
    for (const text of ['', 'no JSON', '{}', '[]', 'null', '{"overall":{},"segments":[],"warnings":[]}']) {
      expect(summarise(Buffer.from(text))).toBeNull();
    }
  });
});
