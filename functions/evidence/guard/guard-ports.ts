import type { Ledger } from '../../ledger/ledger.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { Alert } from '../../rollback/alert/alert-link.ts';
import type { RoutedObject } from '../stages/prediction-files-store.ts';
import type { GuardRollback } from './guard-answer.ts';
import type { ClosingRule } from './guard-closed-days.ts';
import type { DayCounts } from './guard-counts.ts';
import type { ClosedEvidence, GuardFiles } from './guard-evidence-store.ts';
import type { GuardItemStore } from './guard-item-store.ts';
import type { Compared } from './guard-log-sql.ts';

export interface GuardPorts {
  readonly registry: Pick<RegistryStore, 'modelNames' | 'versions' | 'run' | 'policy'>;
  readonly guards: Pick<GuardItemStore, 'read' | 'write' | 'keep'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly files: Pick<GuardFiles, 'asOfDates' | 'findVersions' | 'findOutcomes' | 'asOfArrival' | 'outcomeArrivals'>;
  /** Lends an empty directory for the time of `use`. */
  readonly withDirectory: <T>(use: (directory: string) => Promise<T>) => Promise<T>;
  /** What the version was asked for and answered, by as-of date of these objects. */
  readonly countForecasts: (
    objects: readonly RoutedObject[],
    of: Compared & { readonly liveFrom: number; readonly directory: string },
  ) => Promise<readonly DayCounts[]>;
  /** The closed days that these objects are about. */
  readonly readClosedDays: (
    objects: readonly RoutedObject[],
    of: Compared & { readonly rule: ClosingRule; readonly directory: string },
  ) => Promise<ClosedEvidence>;
  /** Starts a rollback, once under its name. */
  readonly startRollback: (rollback: GuardRollback) => Promise<void>;
  /** Tells owner and approvers, once of the same alert. */
  readonly sendAlert: (alert: Alert) => Promise<unknown>;
  /** Tells the log of another decision or warning, or of a model that could not be looked at. */
  readonly tell: (signal: GuardSignal, detail: Readonly<Record<string, unknown>>) => void;
  /** UTC now. */
  readonly now: () => string;
}

/** Messages of log lines, for metrics to count. */
export type GuardSignal =
  | 'GUARD_OK'
  | 'GUARD_WARN'
  | 'GUARD_ROLLBACK'
  | 'GUARD_INSUFFICIENT'
  | 'GUARD_DISARMED'
  | 'GUARD_WARNING'
  | 'GUARD_SILENT'
  | 'GUARD_ALERT_NOT_SENT'
  | 'GUARD_FAILED';
