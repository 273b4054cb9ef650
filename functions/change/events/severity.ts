import type { EventRun } from './event-of-entry.ts';
import type { EventName, Severity } from './release-event.ts';

/** Events that somebody should look at whatever run they belong to; all others are for information. */
const SEVERE: Readonly<Partial<Record<EventName, Severity>>> = {
  'stage-held': 'warning',
  'hold-excepted': 'warning',
  'rolled-back': 'critical',
  'recall-opened': 'critical',
  'kill-switch-thrown': 'critical',
  'rollback-not-ready': 'warning',
  'drill-failed': 'warning',
  'alert-raised': 'critical',
  'change-noticed': 'critical',
  'change-undone': 'warning',
};

/** Events by which a run acts on what people are handed. */
const ACTS: ReadonlySet<EventName> = new Set([
  'stage-entered',
  'canary-step',
  'promoted',
  'settings-changed',
  'change-announced',
  'model-onboarded',
]);

/** How severe an event is: by what it is, or, where it acts, by how severe the change is. */
export function severityOf(event: EventName, run: EventRun | null): Severity {
  const isCritical = run?.severity?.level === 'critical' || run?.change.critical === true;
  return isCritical && ACTS.has(event) ? 'critical' : (SEVERE[event] ?? 'info');
}
