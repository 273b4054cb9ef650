import { describe, expect, it } from 'vitest';
import {
  csvCell,
  segmentAnalysisCsv,
  segmentAnalysisPage,
} from '../../../functions/evidence/report/segment-analysis.ts';
import { bySegment, highest } from '../../../functions/evidence/report/segment-order.ts';
import { anOfflineReport, segment } from './sample-reports.ts';

describe('Segments', () => {
  it('are in the order in which people look for them, with numbers as numbers', () => {
    const names = [
      'horizon:8-14',
      'volume:B',
      'store:2',
      'region:b',
      'horizon:15-28',
      'region:a',
      'horizon:1-7',
      'store:10',
    ];
    expect(names.toSorted(bySegment)).toEqual([
      'region:a',
      'region:b',
      'volume:B',
      'horizon:1-7',
      'horizon:8-14',
      'horizon:15-28',
      'store:2',
      'store:10',
    ]);
  });

  it('are left out from the mildest on, and stay in order', () => {
    expect(highest([3, 1, 4, 1, 5], 3, (value) => value)).toEqual([3, 4, 5]);
    expect(highest([2, 2, 2], 2, (value) => value)).toEqual([2, 2]);
    expect(highest([1], 3, (value) => value)).toEqual([1]);
  });
});

describe('The segment analysis', () => {
  it('has overall, every origin and every segment as CSV, with empty cells for what is undefined', () => {
    const lines = segmentAnalysisCsv(anOfflineReport()).split('\n');
    expect(lines[0]).toBe(
      'segment,verdict,sufficient,n_rows,n_series,n_folds,rel_wape,se,df,ucb,p_harm,p_harm_holm,p_noninf,wape_candidate,wape_baseline,bias_candidate,bias_baseline',
    );
    expect(lines[1]).toBe(
      'overall,NON_INFERIOR,true,124800,4160,6,-0.084,0.011,5,-0.062,0.9999,,0.0001,0.312,0.341,0.012,-0.034',
    );
    expect(lines.slice(2, 4).map((line) => line.split(',')[0])).toEqual(['origin:2025-11-03', 'origin:2025-11-17']);
    expect(lines.find((line) => line.startsWith('region:new'))).toBe(
      'region:new,INSUFFICIENT,false,40,2,6,inf,,5,,0.9999,,0.0001,0.312,0,0.012,-0.034',
    );
    expect(lines.at(-1)).toBe('');
  });

  it('runs nothing in a spreadsheet and keeps every name in its cell', () => {
    expect(['=1+1', '+x', '-x', '@x', 'a,b', 'a"b', 'a\nb', 'plain', -0.5, null, true].map(csvCell)).toEqual([
      "'=1+1",
      "'+x",
      "'-x",
      "'@x",
      '"a,b"',
      '"a""b"',
      '"a\nb"',
      'plain',
      '-0.5',
      '',
      'true',
    ]);
  });

  it('shows the worst of very many segments, and says how many there are', () => {
    const segments = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `region:${index}`,
        segment({ ucb: index / 1000, rel_wape: index / 1000 - 0.1 }),
      ]),
    );
    const page = segmentAnalysisPage(anOfflineReport({ segments }));
    expect(page).toContain('The 400 worst of 1000.');
    expect(page).toContain('The 30 with the highest upper bound are shown.');
    expect(page).toContain('<th scope="row">region:999</th>');
    expect(page).not.toContain('<th scope="row">region:5</th>');
    expect(page.length).toBeLessThan(1_000_000);
  });
});
