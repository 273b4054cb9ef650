import { isDeepStrictEqual } from 'node:util';
import { ReleaseError } from '../../functions/platform/errors.ts';
import type { TransactWrite } from '../../functions/platform/transaction.ts';
import { type PromotionItem, promotionItem } from '../../functions/registry/items.ts';

/**
 * What RegistryWrites.updateRun makes of a promotion: its members set, when each member that the condition names has the
 * value that it demands.
 * @throws ReleaseError CONDITION_FAILED when the promotion has ended, or one has not
 */
export function updated(run: PromotionItem | null, writes: unknown): PromotionItem {
  const update = isWrites(writes) ? writes[0]?.Update : undefined;
  const values: Readonly<Record<string, unknown>> = update?.ExpressionAttributeValues ?? {};
  const demanded = [...(update?.ConditionExpression ?? '').matchAll(/(\w+) = (:\w+)/g)];
  const stored: Readonly<Record<string, unknown>> = { ...run };
  if (
    run === null ||
    run.end !== undefined ||
    !demanded.every(([, name = '', value = '']) => isDeepStrictEqual(stored[name], values[value]))
  ) {
    throw new ReleaseError('CONDITION_FAILED', 'Somebody else was first.');
  }
  const members = Object.entries(update?.ExpressionAttributeNames ?? {})
    .filter(([placeholder]) => placeholder.startsWith('#m'))
    .map(([placeholder, name]) => [name, values[placeholder.replace('#', ':')]]);
  return promotionItem.parse({ ...run, ...Object.fromEntries(members) });
}

function isWrites(writes: unknown): writes is readonly TransactWrite[] {
  return Array.isArray(writes);
}
