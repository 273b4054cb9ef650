import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import * as z from 'zod';

/** Where a run leaves its pictures, for people to look at. */
const PICTURES = new URL('./pictures/', import.meta.url);

/** Chromium, without the package's own arguments: they run everything in one process, and switch off the web security that is tried here. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await chromium.executablePath();
  return playwright.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const found = z.object({
  violations: z.array(
    z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string() })) }),
  ),
  passes: z.array(z.unknown()),
});

/**
 * What axe has against a page, as texts: by WCAG 2.2 AA, and by what is good practice on a site, which an email is not. Its
 * rules run outside the page's policy.
 */
export async function violations(
  page: Page,
  practice: readonly string[] = ['best-practice'],
): Promise<readonly string[]> {
  await page.evaluate(readFileSync(axe, 'utf8'));
  const answer = found.parse(await page.evaluate(`axe.run({ runOnly: ${JSON.stringify([...WCAG, ...practice])} })`));
  // A page that no rule applies to was not looked at.
  if (answer.passes.length < 5) throw new Error(`Only ${answer.passes.length} rules applied to ${page.url()}.`);
  return answer.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** On a phone and on a desk, by day and by night. */
export const LOOKS = [360, 1440].flatMap((width) => (['light', 'dark'] as const).map((theme) => ({ width, theme })));

/** Shows a page at one of the looks and keeps a picture of the whole of it. */
export async function picture(page: Page, name: string, { width, theme }: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: 900 });
  mkdirSync(PICTURES, { recursive: true });
  const options = { path: new URL(`${name}-${width}-${theme}.png`, PICTURES).pathname, fullPage: true };
  // On a busy machine a browser may not have drawn yet, and then takes no picture.
  await page.screenshot(options).catch(async () => {
    await page.waitForTimeout(1_000);
    await page.screenshot(options);
  });
}
