import { isReleaseError, type Reason } from '../../platform/errors.ts';
import type { NumberedValue } from '../log/batch-input-store.ts';
import { refusedInput, type UnitRequest } from './forecast-event.ts';
import { UnitSet } from './unit-set.ts';

const MAX_LISTED = 20;

/**
 * Requests of numbered lines, of which each SKU and store may come once: a batch that names one twice would log its
 * forecasts twice. From the first repeated one on nothing more comes; the rest is still looked at.
 * @throws ReleaseError INVALID_INPUT with every fault found, those of the lines themselves among them
 */
export async function* uniqueUnits(lines: AsyncIterable<NumberedValue<UnitRequest>>): AsyncGenerator<UnitRequest> {
  const seen = new UnitSet();
  const faults: Reason[] = [];
  try {
    for await (const { line, value } of lines) {
      if (!seen.add(value)) faults.push(repeated(line, value));
      else if (faults.length === 0) yield value;
      if (faults.length >= MAX_LISTED) break;
    }
  } catch (cause) {
    if (!isReleaseError(cause, 'INVALID_INPUT')) throw cause;
    throw refusedInput([...cause.reasons, ...faults]);
  }
  if (faults.length > 0) throw refusedInput(faults);
}

function repeated(line: number, { sku, store }: UnitRequest): Reason {
  return {
    code: 'INVALID_FIELD',
    path: `line ${line}`,
    message: 'This SKU and store came before; each forecast is in the log once.',
    got: `${sku} ${store}`,
  };
}
