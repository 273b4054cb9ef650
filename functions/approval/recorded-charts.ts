import { Html, html } from '../platform/html.ts';
import type { Stage } from '../promotion/life-cycle.ts';

/** What an approver sees at once: what the canary is judged by, and the segments. All others are behind the links. */
const SHOWN = /^(error-by-segment|looks-(paired_wape|wape|stockout|overstock))$/;

const TAGS = 'figure|figcaption|svg|title|desc|g|path|rect|line|circle|ellipse|polyline|polygon|text|tspan';
/** A tag of a drawing, with attributes that name nothing else and run nothing. */
const HARMLESS = new RegExp(`^</?(${TAGS})((?: (?!on|style|href|xlink|src)[a-zA-Z][\\w:-]*="[^"<>]*")*) ?/?>$`);

/**
 * The charts that a gate drew into its report page, as they were recorded: nothing is drawn anew for whoever opens a link.
 * The page was written by the judge, perhaps of an earlier release; a figure that holds anything but a drawing is left out.
 */
export function recordedCharts(stage: Stage, page: Uint8Array): readonly Html[] {
  const figures =
    Buffer.from(page)
      .toString('utf8')
      .match(/<figure>[\s\S]*?<\/figure>/g) ?? [];
  return figures.flatMap((figure) => {
    const [, id = '', title = ''] = /<title id="([\w-]+)-wide-title">([^<]*)<\/title>/.exec(figure) ?? [];
    const tags = figure.match(/<[^>]*>?/g) ?? [];
    if (!SHOWN.test(id) || !tags.every((tag) => HARMLESS.test(tag))) return [];
    return [html`<h3>${new Html(title)}</h3>${new Html(ofGate(stage, figure))}`];
  });
}

/** One page shows several gates, whose charts have the same names. */
function ofGate(stage: Stage, figure: string): string {
  return figure
    .replaceAll(/ id="([^"]*)"/g, ` id="${stage}-$1"`)
    .replaceAll(/ aria-labelledby="([^"]*)"/g, (_, ids: string) => {
      const all = ids.split(' ').map((id) => `${stage}-${id}`);
      return ` aria-labelledby="${all.join(' ')}"`;
    });
}
