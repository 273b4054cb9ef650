import type { Notice } from '../change/notice.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { KillSwitchItem } from './items.ts';
import type { KillSwitchStore } from './kill-switch-store.ts';
import { dateOf, dueReminder, reminderNotice } from './reminder.ts';

export interface RemindPorts {
  readonly registry: Pick<RegistryStore, 'modelNames' | 'model'>;
  readonly switches: Pick<KillSwitchStore, 'all' | 'reminded'>;
  /** Sends a notice; throws when it reached nobody. */
  readonly announce: (notice: Notice) => Promise<unknown>;
  /** Raises the alarm: a switch stands longer than whoever threw it meant, and nobody has looked at it. */
  readonly escalate: (item: KillSwitchItem) => void;
}

/**
 * Reminds of kill switches that are about to expire, and presses on with those that have; ends none. Each at most once a
 * day, unless a run is cut between a notice and its mark. One model that fails keeps no other from its reminder; its
 * failure is thrown when all have been looked at. Answers how many reminders were sent.
 */
export async function remind(ports: RemindPorts, now: string): Promise<number> {
  const names = await ports.registry.modelNames();
  const looked = await Promise.allSettled(names.map((name) => remindOf(ports, name, now)));
  const failed = looked.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return looked.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
}

async function remindOf(ports: RemindPorts, name: string, now: string): Promise<number> {
  const items = await ports.switches.all(name);
  const due = items.flatMap((item) => {
    const reminder = dueReminder(item, now);
    return reminder === null ? [] : [{ item, reminder }];
  });
  // The alarm needs no mail, and rings although none can be sent.
  for (const { item, reminder } of due) if (reminder === 'expired' && item.level === 'model') ports.escalate(item);
  const model = due.length === 0 ? null : await ports.registry.model(name);
  if (model === null) return 0;
  for (const { item, reminder } of due) {
    await ports.announce(reminderNotice(item, reminder, model));
    await ports.switches.reminded(item, dateOf(now));
  }
  return due.length;
}
