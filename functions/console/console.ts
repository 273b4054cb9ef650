import * as z from 'zod';
import { parseInput } from '../platform/boundary.ts';
import { html } from '../platform/html.ts';
import { modelName } from '../platform/ids.ts';
import { framed, type Look, theme } from './page/look.ts';
import { modelPage } from './page/model-page.ts';
import { overviewPage } from './page/overview-page.ts';
import type { ConsolePorts } from './read/console-ports.ts';
import { readModel } from './read/read-model.ts';
import { readOverview } from './read/read-overview.ts';
import { consoleOverview } from './view/console-overview.ts';
import { consoleView } from './view/console-view.ts';

/**
 * What a CloudWatch dashboard calls a custom widget with: `describe` asks for its manual, else the widget's own parameters
 * come with what the dashboard knows of itself. `base` is the path under which a page of its own is shown instead.
 */
export const consoleEvent = z.looseObject({
  describe: z.boolean().optional(),
  /** Empty or absent: all models. */
  model: z.union([z.literal(''), modelName]).optional(),
  base: z
    .string()
    .regex(/^(\/[a-z0-9-]+)+$/)
    .optional(),
  widgetContext: z.looseObject({ theme: theme.optional().catch(undefined) }).optional(),
});

const MANUAL = `## Model releases
Shows what runs for each model and why, who approved it, what is in flight and what it waits for, kill switches, recalls, drills, rollbacks, and how the ledger was checked. Read-only.

### Widget parameters
Param | Description
---|---
**model** | Name of a model. Without it all models are shown, each with a link to its own page.

### Example
\`\`\` yaml
model: demand
\`\`\`
`;

/** An answer to a dashboard or a page: HTML, or Markdown of the manual. It reads and changes nothing. */
export async function answerConsole(
  ports: ConsolePorts,
  event: unknown,
  { at, endpoint }: { readonly at: string; readonly endpoint: string },
): Promise<string> {
  const parsed = parseInput(consoleEvent, event ?? {});
  if (!parsed.ok) {
    const look: Look = { kind: 'widget', endpoint, theme: 'light' };
    const faults = parsed.reasons.map(({ path, message }) => html`<li>${path ?? ''}: ${message}</li>`);
    return framed(look, html`<h1>Nothing can be shown</h1><ul>${faults}</ul>`);
  }
  const { describe, model = '', base, widgetContext } = parsed.value;
  if (describe === true) return MANUAL;
  const look: Look =
    base === undefined ? { kind: 'widget', endpoint, theme: widgetContext?.theme ?? 'light' } : { kind: 'page', base };
  return model === ''
    ? overviewPage(consoleOverview(await readOverview(ports, at)), look)
    : modelPage(consoleView(await readModel(ports, model, at)), look);
}
