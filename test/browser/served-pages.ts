import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { openBrowser } from './browser.ts';

export interface Asked {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly body: string;
}

/** Null: nothing is there. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
} | null;

/** A browser, with a new page for each test of the file, and a server whose pages `answer` makes. */
export function servePages(answer: (asked: Asked) => Answer | Promise<Answer>) {
  let browser: Browser;
  let server: Server;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const got = await answer({ method: request.method ?? '', path: request.url ?? '', body });
      response.writeHead(got?.status ?? 204, { ...got?.headers }).end(got?.text);
    }).listen(0, '127.0.0.1');
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });
  beforeEach(async () => {
    for (const list of [complaints, requests]) list.length = 0;
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
  });
  afterEach(() => page.close());
  const address = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    get page(): Page {
      return page;
    },
    /** What the browser said of the page, and what it asked for, since the test began. */
    complaints,
    requests,
    address,
    open: (path: string) => page.goto(address(path)),
  };
}
