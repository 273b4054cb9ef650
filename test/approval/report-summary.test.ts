import { describe, expect, it } from 'vitest';
import { summarise } from '../../functions/approval/report-summary.ts';
import { buildShadowReport } from '../../functions/evidence/report/stage-envelope.ts';
import { aShadowReport, found, SEGMENTS, shadowInput, stageSegment, thin } from '../evidence/report/sample-reports.ts';
import { reportText, stageReportText } from './fixtures.ts';

const bytes = (text: string) => Buffer.from(text);
const offline = (over: Parameters<typeof reportText>[0] = {}, worst?: number) =>
  summarise('offline', bytes(reportText(over)), worst);

describe('The summary of an evaluation report', () => {
  it('shows the estimate with its interval and what is allowed first', () => {
    expect(offline()?.span).toBe('124,800 rows of 4,160 series at 6 forecast origins.');
    expect(offline()?.measures[0]).toEqual({
      name: 'Absolute error, WAPE',
      candidate: '31.2 %',
      comparator: '34.1 %',
      estimate: '−8.4 %',
      bounds: '−10.6 % to −6.2 %',
      limit: 'upper bound below +1.0 %, and itself at most −1.0 %',
      verdict: 'OK',
    });
  });

  it('shows the worst segments first, those with enough data before the others', () => {
    const summary = offline({}, 4);
    expect(summary?.segments.map(({ name }) => name)).toEqual([
      'regime:lumpy',
      'volume:C',
      'category:HOBBIES',
      'category:FOODS',
    ]);
    expect(summary?.segments[0]).toEqual({
      ...{ name: 'regime:lumpy', change: '+3.1 %', bounds: '−1.0 % to +7.2 %', direction: 'worse' },
      ...{ candidate: '71.0 %', comparator: '68.9 %', bias: '+9.0 %', rows: '9,400', thin: false },
    });
    expect(summary?.segmentCount).toBe(6);
  });

  it('says so when only the baseline is perfect, and marks what is too thin to be judged', () => {
    const segments = { 'region:new': SEGMENTS['region:new'] };
    expect(offline({ segments })?.segments).toMatchObject([
      { change: 'comparator perfect', bounds: '–', direction: 'worse', thin: true },
    ]);
  });

  it('shows undefined shares as such, no change as none, and leaves out what has no change', () => {
    const same = thin({ rel_wape: 0, wape_candidate: null, bias_candidate: -0.0001 });
    const segments = { 'region:a': same, 'region:b': thin({ rel_wape: null }) };
    expect(offline({ segments })?.segments).toMatchObject([
      { name: 'region:a', change: '0.0 %', direction: 'same', candidate: '–', bias: '0.0 %' },
    ]);
  });

  it('names warnings, what was not tested, and counts with their units', () => {
    const summary = offline();
    expect(summary?.warnings).toEqual(['Actuals of the backtest are not the units of the history on the same day.']);
    expect(summary?.notTested).toContain('Quantiles: the backtest has none for this candidate.');
    expect(summary?.quality).toContainEqual(['Paired rows', '124,800']);
    expect(summary?.quality).toContainEqual(['Exact match share', '1.300 %']);
  });
});

describe("The summary of a stage's report", () => {
  it('names its days, and each measure with its verdict', () => {
    const canary = summarise('canary', bytes(stageReportText('canary')));
    expect(canary?.span).toBe('18 closed business days, 2026-03-28 to 2026-04-14.');
    expect(canary?.measures.find(({ name }) => name.startsWith('Overstock'))).toMatchObject({
      ...{ candidate: '21.0 %', comparator: '19.0 %', estimate: '+1.10 pp', bounds: '−0.40 pp to +2.40 pp' },
      ...{ limit: 'below +2.00 pp', verdict: 'OPEN' },
    });
    expect(canary?.measures.find(({ name }) => name === 'Stockouts')?.verdict).toBe('OK');
  });

  it('shows a limit that was exceeded as such, and a warning as no more than that', () => {
    const report = aShadowReport({}, { reasons: [found('SYSTEMATIC_BIAS')], warnings: [found('PREDICTION_DRIFT')] });
    const verdicts = Object.fromEntries(
      summarise('shadow', bytes(JSON.stringify(report)))?.measures.map(({ name, verdict }) => [name, verdict]) ?? [],
    );
    expect(verdicts).toMatchObject({
      'Bias, forecast less demand': 'FAIL',
      'Shift of the distribution': 'WARN',
      'Forecasts far from production’s': 'OK',
      'Jensen-Shannon distance': 'NONE',
    });
  });

  it('shows the worst of the segments first, an unbounded one before all', () => {
    const segments = [
      stageSegment(),
      stageSegment({ name: 'store:b', rel_wape: 'inf' }),
      stageSegment({ name: 'x', rel_wape: 0.5 }),
    ];
    const report = JSON.stringify(buildShadowReport({ ...shadowInput(), segments }));
    expect(summarise('shadow', bytes(report))?.segments.map(({ name }) => name)).toEqual(['store:b', 'x', 'region:CA']);
  });

  it('says so while no day is closed', () => {
    expect(summarise('shadow', bytes(JSON.stringify({ ...aShadowReport(), days: null })))?.span).toBe(
      'No business day is closed yet.',
    );
  });
});

describe('The report of a gate', () => {
  it('is read as that of its stage, and as none when it is that of another', () => {
    expect(summarise('offline', bytes(reportText()))?.gate).toBe('offline');
    expect(summarise('shadow', bytes(stageReportText('shadow')))?.gate).toBe('shadow');
    expect(summarise('offline', bytes(stageReportText('shadow')))).toBeNull();
    expect(summarise('canary', bytes(reportText()))).toBeNull();
    expect(summarise('canary', bytes(stageReportText('shadow')))).toBeNull();
  });

  it('of a later kind is read as far as it is known', () => {
    const later = { ...JSON.parse(reportText()), opinions: ['new'] };
    expect(summarise('offline', bytes(JSON.stringify(later)))?.measures).toEqual(offline()?.measures);
  });

  it('is none of what is no report', () => {
    for (const text of ['', 'no JSON', '{}', '[]', 'null', '{"gate":"offline","result":{}}']) {
      expect(summarise('offline', bytes(text))).toBeNull();
    }
  });
});
