/** A colour on light paper, and the one that takes its place on dark paper. */
interface Shade {
  readonly light: string;
  readonly dark: string;
}

/**
 * Colours of all charts. Candidate and comparator are blue and orange of a palette that colour-blind people can tell apart
 * (Okabe, Ito 2008), with at least 3 to 1 against the paper; shape and stroke differ too, so that grey print says the same.
 */
export const SHADES = {
  ink: { light: '#1b1f24', dark: '#e6edf3' },
  soft: { light: '#57606a', dark: '#9aa6b2' },
  grid: { light: '#d8dee4', dark: '#30363d' },
  paper: { light: '#ffffff', dark: '#161b22' },
  candidate: { light: '#0072b2', dark: '#56b4e9' },
  comparator: { light: '#c04e00', dark: '#e69f00' },
  limit: { light: '#a40e26', dark: '#ff9aa5' },
} as const satisfies Record<string, Shade>;

export type ShadeName = keyof typeof SHADES;

/** The colour that a chart is drawn in; a page replaces it on dark paper. */
export function shade(name: ShadeName): string {
  return SHADES[name].light;
}

/** Rules that redraw charts for dark paper: an attribute gives way to a style. */
export function darkChartRules(): string {
  return Object.values(SHADES)
    .map(({ light, dark }) => `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`)
    .join('');
}
