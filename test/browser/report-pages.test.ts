import { describe, expect, it } from 'vitest';
import { REPORT_HEADERS } from '../../functions/approval/show-report.ts';
import {
  buildCanaryArtifacts,
  buildOfflineArtifacts,
  buildShadowArtifacts,
} from '../../functions/evidence/report/artifacts.ts';
import { canaryInput, found, offlineInput, segment, shadowInput } from '../evidence/report/sample-reports.ts';
import { servePages } from './served-pages.ts';

const EVIL = '<script>document.title="owned"</script><img src="https://evil.example/x.png">';
const offline = offlineInput(
  { segments: { [`region:${'x'.repeat(80)}`]: segment(), [`category:${EVIL}`]: segment({ rel_wape: 0.2, ucb: 0.4 }) } },
  { reasons: [found('SEGMENT_REGRESSED:category:x')], warnings: [found('QUANTILE_CROSSING')] },
);
const unread = { judged: false as const, reasons: [{ code: 'COLUMN_MISSING', message: 'A column is missing.' }] };
const documented = { ...offline.subject.documented, knownFailureModes: [EVIL, 'x'.repeat(300)] };

const ARTIFACTS = [
  ...buildOfflineArtifacts({ ...offline, subject: { ...offline.subject, documented } }),
  ...buildOfflineArtifacts({ ...offline, outcome: unread }).map((one) => ({ ...one, file: `unread-${one.file}` })),
  ...buildShadowArtifacts(shadowInput({}, { warnings: [found('PREDICTION_DRIFT')] })),
  ...buildCanaryArtifacts(canaryInput({}, { reasons: [found('KPI_REGRESSED:overstock')] })),
].filter(({ file }) => file.endsWith('.html'));
const PAGES = ARTIFACTS.map(({ file }) => file);

const shown = servePages(({ path }) => {
  const text = ARTIFACTS.find(({ file }) => file === path.slice(1))?.bytes;
  return text === undefined ? null : { status: 200, headers: REPORT_HEADERS, text };
});
const { complaints, requests } = shown;
const address = (file: string) => shown.address(`/${file}`);

describe('A report page in a browser', () => {
  it.each(PAGES)('%s runs no script, asks for nothing but itself, and breaks none of its own rules', async (file) => {
    await shown.page.goto(address(file));
    expect(await shown.page.locator('script, img, link, iframe, object, form, a').count()).toBe(0);
    expect(await shown.page.title()).toMatch(/ of demand 1\.2\.0$/);
    expect(requests).toEqual([address(file)]);
    expect(complaints).toEqual([]);
    // The style is applied: its digest is the one that the page lets in.
    expect(await shown.page.evaluate('getComputedStyle(document.querySelector("h1")).lineHeight')).toBe('32px');
  });

  it.each(PAGES)('%s holds the browser to its rules by itself, also when it is opened from a file', async (file) => {
    const text = ARTIFACTS.find((one) => one.file === file)?.bytes ?? '';
    await shown.page.setContent(text);
    const injected = await shown.page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "owned"';
      const style = document.createElement('style');
      style.textContent = 'h1 { display: none }';
      document.head.append(script, style);
      return { title: document.title, display: getComputedStyle(document.querySelector('h1')).display };
    })()`);
    expect(injected).toEqual({ title: expect.not.stringContaining('owned'), display: 'block' });
    expect(complaints.join()).toContain('Content Security Policy');
  });

  it.each(PAGES.flatMap((file) => [320, 390, 768, 1100].map((width) => [file, width] as const)))(
    '%s fits a screen of %i pixels without scrolling sideways',
    async (file, width) => {
      await shown.page.setViewportSize({ width, height: 844 });
      await shown.page.goto(address(file));
      for (const details of await shown.page.locator('details').all()) await details.locator('summary').click();
      expect(await shown.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    },
  );

  it.each(PAGES)('%s fits a sheet of paper, with all numbers on it', async (file) => {
    await shown.page.emulateMedia({ media: 'print' });
    await shown.page.setViewportSize({ width: 688, height: 900 });
    await shown.page.goto(address(file));
    expect(await shown.page.evaluate('document.documentElement.scrollWidth')).toBe(688);
    for (const details of await shown.page.locator('details').all()) {
      expect(await details.locator('table').first().isVisible()).toBe(true);
    }
  });

  it('shows the pages of all gates with the charts that they promise', async () => {
    const charts: Record<string, readonly string[]> = {};
    for (const file of PAGES) {
      await shown.page.goto(address(file));
      charts[file] = await shown.page.locator('svg.wide > title').allTextContents();
    }
    expect(charts).toEqual({
      'evaluation-report.html': ['Change of the error by segment', 'Change of the error by origin'],
      'segment-analysis.html': ['Change of the error by segment', 'Bias by segment'],
      'risk-summary.html': [],
      'unread-evaluation-report.html': [],
      'unread-segment-analysis.html': [],
      'unread-risk-summary.html': [],
      'shadow-report.html': ['Bias by demand cycle', 'Distribution of the forecasts', 'Change of the error by segment'],
      'canary-report.html': [
        'Absolute error on the same rows, from look to look',
        'Stockouts, from look to look',
        'Overstock per unit sold, from look to look',
        'Change of the error by segment',
      ],
    });
  });

  it.each(PAGES)(
    '%s tells every chart in words and in a table beside it, and draws it once per screen',
    async (file) => {
      for (const width of [390, 1100]) {
        await shown.page.setViewportSize({ width, height: 844 });
        await shown.page.goto(address(file));
        for (const figure of await shown.page.locator('figure').all()) {
          const image = figure.getByRole('img');
          expect(await image.count()).toBe(1);
          const drawn = figure.locator('svg:visible');
          expect((await drawn.locator('title').textContent())?.length).toBeGreaterThan(5);
          expect((await drawn.locator('desc').textContent())?.length).toBeGreaterThan(40);
          const section = figure.locator('xpath=ancestor::section');
          const tables = (await section.locator('table').count()) + (await shown.page.locator('#numbers').count());
          expect(tables).toBeGreaterThan(0);
        }
      }
    },
  );

  it.each(PAGES)('%s has one heading, sections that are named, and tables with headers', async (file) => {
    await shown.page.goto(address(file));
    expect(await shown.page.locator('h1').count()).toBe(1);
    expect(await shown.page.locator('html').getAttribute('lang')).toBe('en');
    expect(await shown.page.locator('section:not([aria-labelledby])').count()).toBe(0);
    expect(await shown.page.locator('table:not(:has(> caption))').count()).toBe(0);
    expect(await shown.page.locator('thead th:not([scope]), tbody th:not([scope])').count()).toBe(0);
    const ids = '[...document.querySelectorAll("[id]")].map((one) => one.id)';
    const all = await shown.page.evaluate<string[]>(ids);
    expect(new Set(all).size).toBe(all.length);
  });

  it('keeps the labels of a chart inside it, on a phone and on a desk', async () => {
    for (const width of [390, 1100]) {
      await shown.page.setViewportSize({ width, height: 844 });
      for (const file of PAGES) {
        await shown.page.goto(address(file));
        const cut = await shown.page.evaluate<string[]>(`[...document.querySelectorAll('svg')]
          .filter((svg) => svg.getBoundingClientRect().width > 0)
          .flatMap((svg) => [...svg.querySelectorAll('text')].filter((text) => {
            const [inner, outer] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
            return inner.left < outer.left - 6 || inner.right > outer.right + 6;
          }).map((text) => text.textContent))`);
        expect(cut).toEqual([]);
      }
    }
  });

  it('is dark where people want it dark, light on paper, and readable in both', async () => {
    const paper = 'getComputedStyle(document.querySelector("section")).backgroundColor';
    await shown.page.emulateMedia({ colorScheme: 'dark' });
    await shown.page.goto(address('shadow-report.html'));
    expect(await shown.page.evaluate(paper)).toBe('rgb(22, 27, 34)');
    const circle = 'getComputedStyle(document.querySelector("svg.wide [fill=\'#0072b2\']")).fill';
    expect(await shown.page.evaluate(circle)).toBe('rgb(86, 180, 233)');
    await shown.page.emulateMedia({ colorScheme: 'dark', media: 'print' });
    expect(await shown.page.evaluate(circle)).toBe('rgb(0, 114, 178)');
    await shown.page.emulateMedia({ colorScheme: 'light', media: 'screen' });
    expect(await shown.page.evaluate(paper)).toBe('rgb(255, 255, 255)');
  });
});
