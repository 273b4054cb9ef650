import { html } from '../../platform/html.ts';
import type { ConsoleView } from '../view/console-view.ts';
import { flightsBody } from './flight-section.ts';
import { drillsSection, recallsSection, rollbacksSection, switchesSection } from './going-back-sections.ts';
import { ledgerSection } from './ledger-section.ts';
import { framed, type Look, linkTo } from './look.ts';
import { pill, sourceSection, time } from './parts.ts';
import { modelSection, pointerSection, releasesSection, servingSection } from './serving-sections.ts';

/** The read-only page of one model. */
export function modelPage(view: ConsoleView, look: Look): string {
  const { model, at, item, flights, switches } = view;
  const stands = switches.ok && switches.value.some(({ level }) => level === 'model');
  const head = html`<p>${linkTo(look, null, 'All models')}</p><h1>${model}</h1><p class="soft">Read-only, as of ${time(at, at)}</p>`;
  if (item.ok && item.value === null && flights.ok && flights.value.length === 0) {
    return framed(look, html`${head}<p>There is no model of this name.</p>`);
  }
  return framed(
    look,
    html`${head}${stands ? html`<p>${pill('bad', 'A kill switch stands')}</p>` : null}
${servingSection(view)}
${pointerSection(view)}
${sourceSection({ id: 'flight', title: 'In flight' }, flights, (all) => flightsBody(all, at))}
${switchesSection(view)}
${recallsSection(view)}
${drillsSection(view)}
${rollbacksSection(view)}
${releasesSection(view)}
${ledgerSection(view)}
${modelSection(view)}`,
  );
}
