import { describe, expect, it } from 'vitest';
import { trendPage } from '../../functions/drill/report/trend-page.ts';
import { trendOf } from '../../functions/drill/trend.ts';
import {
  buildCanaryArtifacts,
  buildOfflineArtifacts,
  buildShadowArtifacts,
} from '../../functions/evidence/report/artifacts.ts';
import { wayBackItem } from '../approval/fixtures.ts';
import {
  canaryInput,
  found,
  offlineInput,
  segment,
  shadowInput,
  stageSegment,
} from '../evidence/report/sample-reports.ts';
import { servePages } from './served-pages.ts';

/** What somebody writes into a field who means harm: markup of every kind that a page has, templates of charts, and what hides. */
const evil = (field: string) =>
  `${field}"'><script>document.title="owned"</script><img src=x onerror="document.title='owned'"></title></text></desc></svg></style><a href="javascript:1">{value}{a|b}{b}\u202e\u0000&lt;`;
/** The same as people are to see it. */
const shownAs = (field: string) => evil(field).replaceAll('\u202e', '\ufffd').replaceAll('\u0000', '\ufffd');
/** Names are in captions and tables, and cut in charts. */
const SEGMENTS = ['sku', 'store', 'region', 'category', 'tier'].map((kind) => `${kind}:`);

const DOCUMENTED = {
  knownFailureModes: [evil('mode-')],
  change: {
    type: 'architecture' as const,
    ...{ reason: evil('reason-'), scope: evil('scope-'), expectedImpact: evil('impact-'), rollbackPlan: evil('back-') },
    equalIsEnough: { because: 'cost' as const, explanation: evil('equal-') },
  },
  training: { from: '2025-01-01', to: '2026-01-31', features: [evil('feature-')], code: evil('code-') },
};
/** What judges say of a segment holds its name. */
const FINDINGS = {
  reasons: [{ ...found(`SEGMENT_REGRESSED:${evil('code-of-reason-')}`), got: evil('got-') }],
  pending: [{ ...found('NOT_SHOWN'), got: evil('open-') }],
  warnings: [{ ...found('PREDICTION_DRIFT'), allowed: evil('allowed-') }],
};
/** Short enough to stand whole in a chart, and read backwards. */
const BACKWARDS = 'sku:\u202ea-4\ngnp';
const NAMES = [...SEGMENTS.map(evil), BACKWARDS];
const STAGE_SEGMENTS = NAMES.map((name) => stageSegment({ name }));
const { drill } = wayBackItem();

const offline = offlineInput(
  { segments: Object.fromEntries(NAMES.map((name) => [name, segment({ verdict: 'INCONCLUSIVE' })])) },
  FINDINGS,
);
const [shadow, canary] = [shadowInput({}, FINDINGS), canaryInput({}, FINDINGS)];
const PAGES: ReadonlyMap<string, string> = new Map([
  ...[
    ...buildOfflineArtifacts({ ...offline, subject: { ...offline.subject, documented: DOCUMENTED } }),
    ...buildShadowArtifacts({
      ...{ ...shadow, segments: STAGE_SEGMENTS, subject: { ...shadow.subject, documented: DOCUMENTED } },
    }),
    ...buildCanaryArtifacts({
      ...{ ...canary, segments: STAGE_SEGMENTS, subject: { ...canary.subject, documented: DOCUMENTED } },
    }),
  ]
    .filter(({ file }) => file.endsWith('.html'))
    .map(({ file, bytes }) => [file, String(bytes)] as const),
  [
    'drill-trend.html',
    trendPage(trendOf('demand', drill === null ? [] : [drill]), [
      { code: 'NOT_ARMED', message: evil('drill-'), got: evil('got-'), allowed: evil('allowed-'), next: evil('next-') },
    ]),
  ],
]);

const WRITTEN = ['reason-', 'scope-', 'impact-', 'back-', 'equal-', 'feature-', 'code-', 'mode-'];
const SAID = ['got-', 'open-', 'allowed-'];
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'evaluation-report.html': [...WRITTEN, ...SAID],
  'segment-analysis.html': SEGMENTS,
  'risk-summary.html': ['mode-', 'back-', ...SEGMENTS],
  'shadow-report.html': [...WRITTEN, ...SAID, ...SEGMENTS],
  'canary-report.html': [...WRITTEN, ...SAID, ...SEGMENTS],
  'drill-trend.html': ['drill-', 'got-', 'allowed-', 'next-'],
};

const shown = servePages(({ path }) => {
  // Without the rules that would stop a script anyway: nothing but the markup is to keep it from running.
  const text = PAGES.get(path.slice(1))?.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
  return text === undefined ? null : { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, text };
});
const { complaints, requests } = shown;

describe('What was written by others', () => {
  it.each(Object.entries(SHOWN))('is shown as text in %s, in its charts as well', async (file, fields) => {
    await shown.open(`/${file}`);
    for (const details of await shown.page.locator('details').all()) await details.locator('summary').click();
    const text = await shown.page.evaluate<string>('document.body.textContent');
    expect(fields.filter((field) => !text.includes(shownAs(field)))).toEqual([]);
    for (const hidden of ['\u202e', '\u0000']) expect(text).not.toContain(hidden);
    expect(await shown.page.locator('script, img, a, iframe, object, form, foreignObject').count()).toBe(0);
    const attributes =
      "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => /^on|href|^src/.test(name))";
    expect(await shown.page.evaluate(attributes)).toEqual([]);
    expect(await shown.page.title()).not.toContain('owned');
    expect(requests).toEqual([shown.address(`/${file}`)]);
    expect(complaints).toEqual([]);
  });

  it('is tried in every page that a gate or a drill leaves', () => {
    expect([...PAGES.keys()].toSorted()).toEqual(Object.keys(SHOWN).toSorted());
  });

  it.each(['segment-analysis.html', 'shadow-report.html', 'canary-report.html'])(
    'names segments in the charts of %s, cut but on one line and not hidden',
    async (file) => {
      await shown.page.setContent(PAGES.get(file) ?? '');
      const labels = await shown.page.locator('svg.wide text').allTextContents();
      for (const kind of SEGMENTS) expect(labels.some((label) => label.startsWith(`${kind}"'><scr`))).toBe(true);
      expect(labels).toContain('sku:\ufffda-4 gnp');
    },
  );
});
