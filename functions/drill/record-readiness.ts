import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import type { Reason } from '../platform/errors.ts';
import { isReleaseError } from '../platform/errors.ts';
import { systemActor } from '../platform/people.ts';
import { reason } from '../registry/items.ts';
import type { Alert } from '../rollback/alert/alert-link.ts';
import type { ReadinessItem } from './drill-items.ts';
import { type ReadinessPorts, readinessFaults } from './readiness.ts';
import type { ReadinessStore } from './readiness-store.ts';

export interface CheckPorts extends ReadinessPorts {
  readonly readiness: Pick<ReadinessStore, 'read' | 'write' | 'keep'>;
  readonly ledger: Pick<Ledger, 'append'>;
  /** Tells those who can go back; its failure is reported by itself and changes nothing here. */
  readonly alert: (alert: Alert) => Promise<void>;
  /** An error line by which an alarm rings, for as long as a model is not ready. */
  readonly tell: (signal: 'ROLLBACK_NOT_READY', detail: Readonly<Record<string, unknown>>) => void;
  readonly now: () => string;
}

/** What a check found. */
const checked = z.object({
  model: z.string(),
  ready: z.boolean(),
  reasons: z.array(reason).readonly(),
  checkedAt: z.string(),
});
export type Checked = Readonly<z.infer<typeof checked>>;
/** What the function answers. */
export const checkedAnswer = z.array(checked);

/**
 * Checks one model's readiness and keeps what it found; the ledger says so when it is another answer than before. Of two
 * checks at once one records, and both answer what they saw.
 */
export async function checkReadiness(ports: CheckPorts, model: string): Promise<Checked> {
  const reasons = await readinessFaults(ports, model);
  const before = await ports.readiness.read(model);
  const checkedAt = ports.now();
  const ready = reasons.length === 0;
  const isNew = before === null || outlineOf(before.reasons) !== outlineOf(reasons);
  const since = isNew ? checkedAt : before.since;
  const item = { model, ready, reasons, checkedAt, since, revision: (before?.revision ?? 0) + 1 };
  const recorded = await keep(ports, item, { before, isNew });
  if (!ready) {
    ports.tell('ROLLBACK_NOT_READY', { model, reasons });
    if (isNew && recorded) await ports.alert(alertOf(item));
  }
  return { model, ready, reasons, checkedAt };
}

async function keep(
  ports: CheckPorts,
  item: ReadinessItem,
  { before, isNew }: { readonly before: ReadinessItem | null; readonly isNew: boolean },
): Promise<boolean> {
  const { model, ready, reasons, checkedAt: at } = item;
  try {
    if (!isNew && before !== null) await ports.readiness.keep(item, before);
    else {
      const data = { ready, reasons: reasons.map((one) => ({ ...one })) };
      await ports.ledger.append({ model, type: 'readiness-checked', at, actor: systemActor('check-readiness'), data }, [
        ports.readiness.write(item, before),
      ]);
    }
    return true;
  } catch (error) {
    // Another check was first, and what it found is as young.
    if (isReleaseError(error, 'CONDITION_FAILED')) return false;
    throw error;
  }
}

/** Two answers are the same when they name the same faults, whatever else they say of them. */
function outlineOf(reasons: readonly Reason[]): string {
  return reasons
    .map(({ code, path }) => `${code} ${path}`)
    .toSorted()
    .join('\n');
}

function alertOf({ model, reasons, since }: ReadinessItem): Alert {
  return {
    id: `not-ready-${model}-${since}`,
    model,
    version: '',
    cause: 'infrastructure',
    trigger: 'system:check-readiness',
    headline: 'The model cannot be gone back from as it should be.',
    detail: reasons.map(({ message, got }) => (got === undefined ? message : `${message} Got: ${got}.`)).join('\n'),
    rolledBack: false,
  };
}

/** Checks every model; one that cannot be checked keeps no other from it, and its failure is thrown at the end. */
export async function checkAll(ports: CheckPorts, models: readonly string[]): Promise<readonly Checked[]> {
  const checked: Checked[] = [];
  let failed: { readonly cause: unknown } | null = null;
  for (const model of models) {
    try {
      checked.push(await checkReadiness(ports, model));
    } catch (cause) {
      failed ??= { cause };
    }
  }
  if (failed !== null) throw failed.cause;
  return checked;
}
