import { type AnnouncePorts, announceAll, noticeOfEnd } from '../change/announce.ts';
import { parseKillSwitchInput } from './input.ts';
import type { KillSwitchAnswer, KillSwitchPorts } from './kill-switch-ports.ts';
import { thrownNotice } from './notices.ts';

/**
 * Tells the people concerned of a switch that was thrown, and how the promotion ended that it stopped. A repeated call, which
 * threw nothing, tells nobody again.
 * @throws ReleaseError DEPENDENCY_UNAVAILABLE when a notice reached nobody
 */
export async function tell(
  { registry, now }: Pick<KillSwitchPorts, 'registry' | 'now'>,
  announcing: AnnouncePorts,
  { event, answer }: { readonly event: unknown; readonly answer: KillSwitchAnswer },
): Promise<void> {
  const parsed = parseKillSwitchInput(event, now());
  const model = parsed.ok && answer.outcome === 'thrown' ? await registry.model(answer.model) : null;
  if (!parsed.ok || model === null) return;
  const { promotionId } = answer;
  const run = promotionId === undefined ? null : await registry.run(answer.model, promotionId);
  const ended = run?.end === 'withdrawn' ? [await noticeOfEnd(registry, run.promotionId)] : [];
  await announceAll(announcing, [thrownNotice(parsed.value, answer, model), ...ended]);
}
