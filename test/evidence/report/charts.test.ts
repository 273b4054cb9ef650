import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chart, figure } from '../../../functions/evidence/report/chart.ts';
import { SHADES } from '../../../functions/evidence/report/chart-colors.ts';
import { distributionChart } from '../../../functions/evidence/report/distribution-chart.ts';
import { intervalChart } from '../../../functions/evidence/report/interval-chart.ts';
import { lookChart } from '../../../functions/evidence/report/look-chart.ts';
import { courseChart, pairChart } from '../../../functions/evidence/report/pair-chart.ts';

const about = (id: string) => ({ id, title: `Title of ${id}`, description: `What ${id} shows.` });
const names = { candidate: 'candidate 2.0.0', comparator: 'version 1.0.0' };
const EVIL = 'region:<script>"&\'</script> class="x" style="color:red" zr1-cls';

const CHARTS: Readonly<Record<string, () => Chart>> = {
  intervals: () =>
    intervalChart({
      ...about('intervals'),
      axis: 'change of WAPE, %',
      rows: [
        { name: 'region:north', estimate: -8, bounds: [-10, -6], open: false },
        { name: EVIL, estimate: 3, bounds: [-400, 900], open: false },
        { name: 'volume:C', estimate: 1, bounds: null, open: true },
      ],
      marks: [{ at: 5, name: 'margin +5 %' }],
      kinds: { judged: 'judged', open: 'too little data' },
    }),
  pairs: () =>
    pairChart({
      ...about('pairs'),
      ...{ axis: 'bias, %', names, marks: [{ at: -20, name: '−20 %' }] },
      rows: [
        { name: 'region:north', candidate: 2, comparator: -3 },
        { name: 'region:south', candidate: null, comparator: 40 },
      ],
    }),
  course: () =>
    courseChart({
      ...about('course'),
      ...{ axis: 'bias, %', names, marks: [{ at: 2, name: '±2 %' }] },
      rows: [
        { name: 'cycle 1', candidate: 2, comparator: -3 },
        { name: 'cycle 2', candidate: null, comparator: -2 },
        { name: 'cycle 3', candidate: 1, comparator: -2 },
      ],
    }),
  distribution: () =>
    distributionChart({
      ...about('distribution'),
      ...{ names, axis: { bins: 'level', shares: 'share, %' } },
      bins: [
        { name: 'zero', candidate: 12, comparator: 10 },
        { name: '1', candidate: 50, comparator: 61 },
        { name: '', candidate: 38, comparator: 29 },
      ],
    }),
  looks: () =>
    lookChart({
      ...about('looks'),
      axis: 'percentage points of rows',
      margin: 0.5,
      looks: [
        { day: '2026-04-01', estimate: 0.1, low: null, high: 4 },
        { day: '2026-04-02', estimate: null, low: null, high: null },
        { day: '2026-04-03', estimate: 0.2, low: -1, high: 1.1 },
      ],
    }),
};

const drawn = (name: string): string => {
  const chart = CHARTS[name];
  if (chart === undefined) throw new Error(`No chart ${name}.`);
  return figure(chart()).markup;
};
const all = Object.keys(CHARTS);

describe('A chart', () => {
  it.each(all)('of %s is the same bytes whatever was drawn before it', (name) => {
    const first = drawn(name);
    for (const other of all) drawn(other);
    expect(drawn(name)).toBe(first);
  });

  it.each(all)('of %s has nothing in it that runs, loads, or that a strict policy refuses', (name) => {
    const markup = drawn(name);
    expect(markup).not.toMatch(/<script|<style|<image|<foreignObject|\son\w+=|javascript:|href=|url\(|ecmeta/i);
    // Text is escaped, so that what looks like an attribute in it is none.
    expect(markup.replaceAll(/>[^<]*</g, '><')).not.toMatch(/\sstyle=|class="(?!wide"|narrow")/);
  });

  it.each(all)('of %s is told in words, with ids of its own', (name) => {
    const markup = drawn(name);
    for (const size of ['wide', 'narrow']) {
      expect(markup).toContain(`role="img" aria-labelledby="${name}-${size}-title ${name}-${size}-text"`);
      expect(markup).toContain(`<title id="${name}-${size}-title">Title of ${name}</title>`);
      expect(markup).toContain(`<desc id="${name}-${size}-text">What ${name} shows.</desc>`);
    }
    const ids = [...markup.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(new RegExp(`^${name}-`));
  });

  it.each(all)('of %s has no colour that dark paper does not know', (name) => {
    const known = new Set<string>([...Object.values(SHADES).map(({ light }) => light), 'none']);
    // The fill of one straight line covers nothing.
    const markup = drawn(name).replaceAll(/(d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+"[^>]*) fill="[^"]*"/g, '$1');
    const used = [...markup.matchAll(/\s(?:fill|stroke)="([^"]*)"([^>]*)/g)]
      .filter(([, , rest]) => !/(?:fill-opacity|stroke-width)="0"/.test(rest ?? ''))
      .map(([, color]) => color);
    expect([...new Set(used)].filter((color) => !known.has(color ?? ''))).toEqual([]);
  });

  it('keeps markup in a name as text', () => {
    const markup = drawn('intervals');
    expect(markup).toContain('region:&lt;script&gt;&quot;&amp;');
    expect(markup).not.toContain('<script');
  });

  it('draws an arrow where an interval goes on beyond the axis, and keeps the axis readable', () => {
    const markup = drawn('intervals');
    expect(markup).not.toContain('>+900<');
    expect(markup).not.toContain('>−400<');
  });

  it('can be drawn of whatever is measured', () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    const row = fc.record({
      name: fc.string({ unit: 'binary', maxLength: 30 }),
      estimate: value,
      bounds: fc.option(fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)),
      open: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
        const chart = { ...about('any'), axis: '%', rows, marks: [], kinds: { judged: 'a', open: 'b' } };
        expect(figure(intervalChart(chart)).markup).not.toMatch(/NaN|Infinity/);
      }),
      { numRuns: 50 },
    );
  });
});
