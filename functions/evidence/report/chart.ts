import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html, html } from '../../platform/html.ts';
import { shade } from './chart-colors.ts';

use([LineChart, BarChart, ScatterChart, CustomChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

/** Drawn twice, since text of a wide chart cannot be read once it is shrunk to a phone. */
const WIDTHS = { wide: 680, narrow: 340 } as const;

/** How a chart is drawn at one of the two widths. */
export interface Drawing {
  /** Pixels. */
  readonly height: number;
  readonly option: EChartsCoreOption;
}

export interface Chart {
  /** Unique on its page. */
  readonly id: string;
  readonly title: string;
  /** What can be seen, in words. */
  readonly description: string;
  readonly draw: (size: { readonly width: number; readonly narrow: boolean }) => Drawing;
}

/** A chart as inline SVG without scripts, styles or anything from outside; title and description are its text alternative. */
export function figure(chart: Chart): Html {
  const drawn = Object.entries(WIDTHS).map(([size, width]) => {
    const { height, option } = chart.draw({ width, narrow: size === 'narrow' });
    return svg({ ...chart, id: `${chart.id}-${size}` }, { size, width, height, option });
  });
  return html`<figure>${drawn}<figcaption>${chart.description}</figcaption></figure>`;
}

function svg(
  { id, title, description }: Pick<Chart, 'id' | 'title' | 'description'>,
  drawing: Drawing & { readonly size: string; readonly width: number },
): Html {
  const { size, width, height } = drawing;
  const inside = new Html(tidy(render(drawing)));
  return html`<svg class="${size}" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${title}</title><desc id="${id}-text">${description}</desc>
${inside}</svg>`;
}

function render({ width, height, option }: Drawing & { readonly width: number }): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { color: shade('ink') }, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/**
 * What the renderer drew, without what only a script or a pointer would use: its outer element, styles on hover, classes
 * that count the charts of the process, and inline styles, which a strict content security policy refuses. Clips, whose
 * ids count as well, would cut nothing: scales cover what is drawn.
 */
function tidy(drawn: string): string {
  return drawn
    .replace(/^<svg[^>]*>\s*/, '')
    .replace(/\s*<\/svg>\s*$/, '')
    .replaceAll(/<(style|defs)\b[^>]*>[\s\S]*?<\/\1>\s*/g, '')
    .replaceAll(/ (?:class|clip-path|pointer-events|ecmeta_[a-z_]+|xml:space)="[^"]*"/g, '')
    .replaceAll(/ style="([^"]*)"/g, (_, style: string) => attributes(style))
    .trim();
}

/** Declarations as attributes; the font is that of the page. */
function attributes(style: string): string {
  return style
    .split(';')
    .map((declaration) => declaration.split(':'))
    .filter(([name, value]) => name !== undefined && value !== undefined && name !== 'font-family')
    .map(([name, value]) => ` ${name?.trim()}="${value?.trim()}"`)
    .join('');
}
