import { describe, expect, it } from 'vitest';
import { reportOf } from '../../functions/approval/review.ts';
import { summariseStage } from '../../functions/approval/stage-summary.ts';
import { metric, reportText, stageReportText } from './fixtures.ts';

const summaryOf = (over: Parameters<typeof stageReportText>[1]) =>
  summariseStage(Buffer.from(stageReportText('canary', over)), 2);

describe("The summary of a stage's report", () => {
  it('writes each value in its unit, and each limit as one of what is judged', () => {
    const summary = summaryOf({
      metrics: [
        metric(),
        metric({ name: 'Churn', candidate: 1.043, comparator: 1, change: null, limit: 1.25, unit: 'ratio' }),
        metric({ name: 'Bias', candidate: -0.031, comparator: 0, change: null, limit: 0.05, verdict: 'FAIL' }),
        metric({
          name: 'Rows',
          candidate: 12_345,
          comparator: null,
          change: null,
          limit: null,
          unit: 'count',
          verdict: 'INFO',
        }),
        metric({ name: 'Stockout', change: 'inf', limit: 0.1, verdict: 'PENDING' }),
        metric({ name: 'Same', change: -0.0001 }),
      ],
    });
    expect(summary?.metrics.map(({ name: _, tone: __, ...values }) => Object.values(values))).toEqual([
      ['30.1 %', '31.1 %', '−3.1 %', '+2.0 %', 'within limit'],
      ['1.04', '1.00', '–', '1.25', 'within limit'],
      ['−3.1 %', '0.0 %', '–', '5.0 %', 'over limit'],
      ['12,345', '–', '–', '–', 'no limit'],
      ['30.1 %', '31.1 %', 'comparator perfect', '+10.0 %', 'open'],
      ['30.1 %', '31.1 %', '0.0 %', '+2.0 %', 'within limit'],
    ]);
    expect(summary?.metrics.map(({ tone }) => tone)).toEqual(['better', 'better', 'worse', 'open', 'open', 'better']);
  });

  it('shows the worst of the segments first: what failed, then what is open, then by change', () => {
    const summary = summaryOf({
      segments: [
        {
          name: 'region:n',
          metrics: [metric({ change: 0.01 }), metric({ name: 'Stockout', change: 0.3, verdict: 'FAIL' })],
        },
        { name: 'region:s', metrics: [metric({ change: 'inf', verdict: 'PENDING' }), metric({ change: 0.5 })] },
      ],
    });
    expect(summary?.segments.map(({ name }) => name)).toEqual(['region:n: Stockout', 'region:s: WAPE']);
    expect(summary?.segmentCount).toBe(2);
  });

  it('names days, warnings and counts', () => {
    expect(summaryOf({})).toMatchObject({
      days: '28 closed business days, 2026-03-03 to 2026-03-30.',
      warnings: ['The forecasts of slow movers shifted.'],
      quality: [
        ['Paired rows', '58,240'],
        ['Invalid forecasts', '0'],
      ],
    });
    expect(summaryOf({ days: null })?.days).toBe('No business day is closed yet.');
    expect(summaryOf({ quality: { missingRate: 0.001234 } })?.quality).toEqual([['Missing rate', '0.0012']]);
  });

  it('is none of what is no such report', () => {
    for (const text of ['', 'no JSON', '{}', '[]', 'null', reportText()]) {
      expect(summariseStage(Buffer.from(text))).toBeNull();
    }
  });
});

describe('The report of a gate', () => {
  it('is read as that of its stage, and as none when it is that of another', () => {
    const [backtest, stage] = [Buffer.from(reportText()), Buffer.from(stageReportText('shadow'))];
    expect(reportOf('offline', backtest)?.of).toBe('backtest');
    expect(reportOf('shadow', stage)?.of).toBe('stage');
    expect(reportOf('offline', stage)).toBeNull();
    expect(reportOf('canary', backtest)).toBeNull();
    expect(reportOf('canary', stage)).toBeNull();
  });
});
