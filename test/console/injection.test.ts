import { describe, expect, it } from 'vitest';
import { answerConsole } from '../../functions/console/console.ts';
import { AT, samplePorts } from './sample-ports.ts';
import { ENDPOINT, textOf } from './stand.ts';

/** A text of its own for each field, so that it is seen which of them were shown. */
const evil = (field: string) => `<img src=x onerror=alert(1)>"'&</td></cwdb-action><script>${field}</script>`;

/** Every element that the console itself makes. */
const OWN =
  /^(style|div|main|p|a|h1|h2|h3|section|dl|dt|dd|ul|li|span|time|code|strong|table|caption|thead|tbody|tr|th|td|button|cwdb-action)$/;

describe('Text that a pipeline or a person wrote', () => {
  it.each([
    ['a page', { base: '/console', model: 'demand' }],
    ['a widget', { model: 'demand' }],
    ['the page over all', { base: '/console' }],
    ['the widget over all', {}],
  ])('is shown as text and never as markup, in every field: %s', async (_, event) => {
    const markup = await answerConsole(await samplePorts(evil), event, { at: AT, endpoint: ENDPOINT });
    const tags = [...markup.matchAll(/<\/?([a-z][a-z0-9-]*)/gi)].map(([, name = '']) => name);
    expect(tags.filter((name) => !OWN.test(name))).toEqual([]);
    for (const [, attributes = ''] of markup.matchAll(/<[a-z][a-z0-9-]*([^>]*)>/g))
      expect(attributes).not.toMatch(/\son\w+=/);
    expect((markup.match(/<cwdb-action/g) ?? []).length).toBe((markup.match(/<\/cwdb-action>/g) ?? []).length);
  });

  it('is all there to be read', async () => {
    const ports = await samplePorts(evil);
    const text = textOf(
      await answerConsole(ports, { base: '/console', model: 'demand' }, { at: AT, endpoint: ENDPOINT }),
    );
    const shown = [...text.matchAll(/<script>([a-zA-Z-]+)<\/script>/g)].map(([, field]) => field);
    expect(new Set(shown)).toEqual(
      new Set([
        ...['why', 'approver', 'justification', 'served', 'run', 'end', 'code', 'message', 'cause', 'from', 'to', 'by'],
        ...['detail', 'reason', 'approvedBy', 'segment', 'version', 'requester'],
        ...['change', 'hold', 'held', 'metric', 'finding', 'team', 'acknowledger', 'stop', 'thrower', 'safe'],
        ...[
          'stopped-segment',
          'rollback',
          'withdrawn',
          'why-recalled',
          'recalled-team',
          'drill',
          'owner',
          'owner-team',
        ],
        ...['eligible', 'downstream', 'freeze', 'not-ready', 'unready', 'pending'],
      ]),
    );
  });
});
