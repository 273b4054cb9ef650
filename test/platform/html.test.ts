import { describe, expect, it } from 'vitest';
import { html, visible } from '../../functions/platform/html.ts';

describe('Markup', () => {
  it('escapes every value, in text and in attributes', () => {
    const value = `<script>"x" & 'y'</script>`;
    expect(html`<a title="${value}">${value}</a>`.markup).toBe(
      '<a title="&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;">&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;</a>',
    );
  });

  it('nests markup, joins lists and leaves out what is not there', () => {
    expect(html`<ul>${['a', 'b'].map((item) => html`<li>${item}</li>`)}</ul>${null}${undefined}${3}`.markup).toBe(
      '<ul><li>a</li><li>b</li></ul>3',
    );
  });

  it('shows characters that would hide or reverse what stands there', () => {
    expect(visible('a\u202eb\u200bc\u0007d\ne\tf\r\ng')).toBe('a\ufffdb\ufffdc\ufffdd\ne\tf\ng');
    expect(visible('Größe ≥ 1 € 日本')).toBe('Größe ≥ 1 € 日本');
  });
});
