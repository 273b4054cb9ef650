import { isReleaseError } from '../../platform/errors.ts';
import { STACK_CHAIN } from '../../platform/ids.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { compareStack, type SeenStack } from './compare-stack.ts';
import type { Finding } from './finding.ts';
import { type ReconcilePorts, reconcileModel } from './reconcile-model.ts';
import { type RecordPorts, recordFindings } from './record-findings.ts';

export interface StackPorts extends RecordPorts, Pick<ReconcilePorts, 'bookOf' | 'noticed' | 'now'> {
  readonly store: RecordPorts['store'] & Pick<ReconcilePorts['store'], 'last'>;
  readonly sharedParts: () => Promise<SeenStack>;
  readonly vouchArn: string;
}

export interface AllPorts extends ReconcilePorts {
  readonly registry: ReconcilePorts['registry'] & Pick<RegistryStore, 'modelNames'>;
  readonly stack: StackPorts;
}

/**
 * One look at everything. One model that cannot be looked at keeps no other from it; a look that another one overtook has
 * nothing to add.
 * @throws the first failure, after all were looked at
 */
export async function reconcile(
  ports: AllPorts,
): Promise<readonly { readonly chain: string; readonly code: string }[]> {
  const looks = [
    { chain: STACK_CHAIN, look: () => reconcileStack(ports.stack) },
    ...(await ports.registry.modelNames()).map((model) => ({
      chain: model,
      look: () => reconcileModel(ports, model),
    })),
  ];
  const found: { readonly chain: string; readonly code: string }[] = [];
  const failures: unknown[] = [];
  for (const { chain, look } of looks) {
    try {
      found.push(...(await look()).map(({ code }) => ({ chain, code })));
    } catch (error) {
      if (!isReleaseError(error, 'CONDITION_FAILED')) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return found;
}

/** One look at what all models share. Nothing of it is undone: whoever may change it back is an administrator. */
export async function reconcileStack(ports: StackPorts): Promise<readonly Finding[]> {
  const findings = compareStack(await ports.sharedParts(), ports.vouchArn);
  const [before, book] = [await ports.store.last(STACK_CHAIN), await ports.bookOf(STACK_CHAIN)];
  const look = { chain: STACK_CHAIN, now: ports.now(), findings, before, book, details: () => ({}) };
  const { standing } = await recordFindings(ports, look);
  for (const { finding } of standing) ports.noticed(STACK_CHAIN, finding);
  return standing.map(({ finding }) => finding);
}
