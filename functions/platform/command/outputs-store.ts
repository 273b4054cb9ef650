import { readFileSync } from 'node:fs';
import { DEFAULT_OUTPUTS } from './where.ts';

/** The outputs of the stack as a file has them. Null: the default file does not exist. Empty: what there is cannot be read. */
export function readOutputs({ outputs: named }: { readonly outputs?: string }): string | null {
  try {
    return readFileSync(named ?? DEFAULT_OUTPUTS, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    // A named file that is missing is a mistake, and an empty text is refused as one; the default one may be missing.
    return isMissing && named === undefined ? null : '';
  }
}
