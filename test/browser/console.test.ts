import { describe, expect, it } from 'vitest';
import { answerConsole } from '../../functions/console/console.ts';
import { CONSOLE_PATH, createConsole } from '../../infra/local/console.ts';
import { AT, PLAIN, samplePorts } from '../console/sample-ports.ts';
import { ENDPOINT } from '../console/stand.ts';
import { LOOKS, picture, violations } from './browser.ts';
import { servePages } from './served-pages.ts';

const ports = await samplePorts((field) => PLAIN[field] ?? field);
const invoke = async (_: string, event: unknown) => ({
  payload: await answerConsole(ports, event, { at: AT, endpoint: ENDPOINT }),
});
const service = createConsole({ host: { invoke }, functionName: 'ModelRelease-console' });

const shown = servePages(async ({ method, path: url }) => {
  if (!url.startsWith(CONSOLE_PATH)) return null;
  const path = url.slice(CONSOLE_PATH.length);
  const request = { method, path, query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) };
  const { status, headers, body } = await service.handle({ ...request, authorize: () => undefined });
  return { status, headers: headers ?? {}, text: String(body) };
});
const { complaints } = shown;
const open = (path = '') => shown.open(`${CONSOLE_PATH}${path}`);

describe('The console in a browser', () => {
  it('leads from all models to one and back, by the keyboard alone, without a script', async () => {
    await open();
    expect(await shown.page.locator('script, img, iframe, form').count()).toBe(0);
    await shown.page.getByRole('link', { name: 'demand', exact: true }).focus();
    await shown.page.keyboard.press('Enter');
    await shown.page.waitForURL(`**${CONSOLE_PATH}/demand`);
    expect(await shown.page.locator('h1').textContent()).toBe('demand');
    await shown.page.getByRole('link', { name: 'All models' }).focus();
    await shown.page.keyboard.press('Enter');
    await shown.page.waitForURL(`**${CONSOLE_PATH}`);
    expect(complaints).toEqual([]);
  });

  it('names every section, and every table by its caption with headers of columns and rows', async () => {
    await open('/demand');
    expect(await shown.page.locator('section:not([aria-labelledby])').count()).toBe(0);
    expect(await shown.page.locator('table').count()).toBeGreaterThan(6);
    expect(await shown.page.locator('table:not(:has(> caption))').count()).toBe(0);
    expect(await shown.page.locator('thead th:not([scope]), tbody th:not([scope])').count()).toBe(0);
  });

  it.each(LOOKS)('fits $width pixels, $theme, and has nothing that axe minds', async (look) => {
    for (const [name, path] of [
      ['console', ''],
      ['console-model', '/demand'],
    ] as const) {
      await shown.page.setViewportSize({ width: look.width, height: 900 });
      await open(path);
      await picture(shown.page, name, look);
      expect(await shown.page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
      expect(await violations(shown.page)).toEqual([]);
    }
    const ground = await shown.page.evaluate('getComputedStyle(document.querySelector(".rc")).backgroundColor');
    expect(ground).toBe(look.theme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(243, 245, 247)');
    expect(complaints).toEqual([]);
  });

  it('refuses what is no shown.page, and every method that could be meant to change something', async () => {
    expect((await open('/no/such'))?.status()).toBe(404);
    expect((await fetch(shown.address(CONSOLE_PATH), { method: 'POST' })).status).toBe(405);
  });
});
