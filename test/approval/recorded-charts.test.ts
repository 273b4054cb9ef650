import { describe, expect, it } from 'vitest';
import { recordedCharts } from '../../functions/approval/recorded-charts.ts';
import { pageText } from './fixtures.ts';

const markup = (stage: 'offline' | 'shadow' | 'canary', page = pageText(stage)) =>
  recordedCharts(stage, Buffer.from(page)).map((one) => one.markup);

/** The page with something put into the first drawing of the segments. */
function withInside(more: string): string {
  return pageText('offline').replace('<title id="error-by-segment-wide-title">', `${more}$&`);
}

describe('The charts of a recorded report', () => {
  it('are those that an approver sees at once, each under its title', () => {
    const titles = (stage: 'offline' | 'shadow' | 'canary') => markup(stage).map((one) => /<h3>([^<]*)/.exec(one)?.[1]);
    expect(titles('offline')).toEqual(['Change of the error by segment']);
    expect(titles('shadow')).toEqual(['Change of the error by segment']);
    expect(titles('canary')).toEqual([
      'Absolute error on the same rows, from look to look',
      'Stockouts, from look to look',
      'Overstock per unit sold, from look to look',
      'Change of the error by segment',
    ]);
  });

  it('keep names of their own beside those of other gates', () => {
    const [chart = ''] = markup('offline');
    expect(chart).toContain('aria-labelledby="offline-error-by-segment-wide-title offline-error-by-segment-wide-text"');
    expect(chart).not.toMatch(/ id="error-/);
  });

  it.each([
    '<form action="/x">',
    '<script>alert(1)</script>',
    '<a href="https://evil.example">',
    '<image href="x"/>',
    '<g onload="alert(1)">',
    '<g style="position:fixed">',
    '<path d="M0" xlink:href="#x">',
    '<foreignObject>',
    '<input name="version" value="1.2.0">',
    "<g class='x'>",
    '<!-- -->',
    '<g x="1"y="2" ',
  ])('are left out when they hold more than a drawing: %s', (more) => {
    expect(markup('offline', withInside('<g fill="none">'))).toHaveLength(1);
    expect(markup('offline', withInside(more))).toEqual([]);
  });

  it('are none where there is no page', () => {
    expect(markup('offline', '')).toEqual([]);
  });
});
