import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerConsole } from '../../functions/console/console.ts';
import { CONSOLE_PATH, createConsole } from '../../infra/local/console.ts';
import { AT, PLAIN, samplePorts } from '../console/sample-ports.ts';
import { ENDPOINT } from '../console/stand.ts';
import { LOOKS, openBrowser, picture, violations } from './browser.ts';

let browser: Browser;
let server: Server;
let page: Page;
let complaints: string[] = [];

beforeAll(async () => {
  const ports = await samplePorts((field) => PLAIN[field] ?? field);
  const invoke = async (_: string, event: unknown) => ({
    payload: await answerConsole(ports, event, { at: AT, endpoint: ENDPOINT }),
  });
  const service = createConsole({ host: { invoke }, functionName: 'ModelRelease-console' });
  server = createServer(async ({ method = '', url = '' }, response) => {
    if (!url.startsWith(CONSOLE_PATH)) return response.writeHead(204).end();
    const path = url.slice(CONSOLE_PATH.length);
    const request = { method, path, query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) };
    const { status, headers, body } = await service.handle({ ...request, authorize: () => undefined });
    return response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  server.close();
});

beforeEach(async () => {
  complaints = [];
  page = await browser.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(() => page.close());

const open = (path = '') =>
  page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${CONSOLE_PATH}${path}`);

describe('The console in a browser', () => {
  it('leads from all models to one and back, by the keyboard alone, without a script', async () => {
    await open();
    expect(await page.locator('script, img, iframe, form').count()).toBe(0);
    await page.getByRole('link', { name: 'demand', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${CONSOLE_PATH}/demand`);
    expect(await page.locator('h1').textContent()).toBe('demand');
    await page.getByRole('link', { name: 'All models' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${CONSOLE_PATH}`);
    expect(complaints).toEqual([]);
  });

  it('names every section, and every table by its caption with headers of columns and rows', async () => {
    await open('/demand');
    expect(await page.locator('section:not([aria-labelledby])').count()).toBe(0);
    expect(await page.locator('table').count()).toBeGreaterThan(6);
    expect(await page.locator('table:not(:has(> caption))').count()).toBe(0);
    expect(await page.locator('thead th:not([scope]), tbody th:not([scope])').count()).toBe(0);
  });

  it.each(LOOKS)('fits $width pixels, $theme, and has nothing that axe minds', async (look) => {
    for (const [name, path] of [
      ['console', ''],
      ['console-model', '/demand'],
    ] as const) {
      await page.setViewportSize({ width: look.width, height: 900 });
      await open(path);
      await picture(page, name, look);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
      expect(await violations(page)).toEqual([]);
    }
    const ground = await page.evaluate('getComputedStyle(document.querySelector(".rc")).backgroundColor');
    expect(ground).toBe(look.theme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(243, 245, 247)');
    expect(complaints).toEqual([]);
  });

  it('refuses what is no page, and every method that could be meant to change something', async () => {
    expect((await open('/no/such'))?.status()).toBe(404);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${CONSOLE_PATH}`;
    expect((await fetch(address, { method: 'POST' })).status).toBe(405);
  });
});
