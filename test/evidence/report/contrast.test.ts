import { describe, expect, it } from 'vitest';
import { SHADES } from '../../../functions/evidence/report/chart-colors.ts';
import { reportPage } from '../../../functions/evidence/report/report-frame.ts';
import { html } from '../../../functions/platform/html.ts';

const style = /<style>([\s\S]*?)<\/style>/.exec(reportPage('title', html``))?.[1] ?? '';
const SCHEMES = {
  light: variables(style.indexOf(':root{')),
  dark: variables(style.indexOf('prefers-color-scheme:dark')),
};

/** The custom properties of the first block from a place on, as six digits each. */
function variables(from: number): ReadonlyMap<string, string> {
  const block = style.slice(from, style.indexOf('}', from));
  return new Map(
    [...block.matchAll(/--([a-z-]+):#([0-9a-f]{3,6})/g)].map(([, name = '', digits = '']) => [
      name,
      digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits,
    ]),
  );
}

/** Relative luminance and contrast ratio of WCAG 2.2. */
function luminance(digits: string): number {
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const channel = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(Object.entries(SCHEMES))('On %s paper', (scheme, colors) => {
  const color = (name: string) => colors.get(name) ?? '';

  it.each([
    ['ink', 'paper'],
    ['ink', 'ground'],
    ['soft', 'paper'],
    ['soft', 'ground'],
    ['accent', 'paper'],
    ['good', 'paper'],
    ['good', 'good-bg'],
    ['bad', 'paper'],
    ['bad', 'bad-bg'],
    ['warn', 'warn-bg'],
  ])('text in %s can be read on %s (WCAG AA)', (text, ground) => {
    expect(contrast(color(text), color(ground))).toBeGreaterThanOrEqual(4.5);
  });

  const shades = Object.entries(SHADES).map(
    ([name, both]) => [name, scheme === 'dark' ? both.dark : both.light] as const,
  );
  const paper = shades.find(([name]) => name === 'paper')?.[1] ?? '';

  it.each(shades.filter(([name]) => ['ink', 'soft', 'limit'].includes(name)))(
    'text of charts in %s can be read (WCAG AA)',
    (_, shade) => {
      expect(contrast(shade.slice(1), paper.slice(1))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(shades.filter(([name]) => ['candidate', 'comparator', 'limit'].includes(name)))(
    'what charts draw in %s stands out from it (WCAG AA, graphics)',
    (_, shade) => {
      expect(contrast(shade.slice(1), paper.slice(1))).toBeGreaterThanOrEqual(3);
    },
  );

  it('is the same for charts and for the page around them', () => {
    expect(paper.slice(1)).toBe(color('paper'));
  });
});
