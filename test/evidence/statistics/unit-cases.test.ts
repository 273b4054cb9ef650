import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { UNIT_FUNCTIONS } from '../../../functions/evidence/command/worked-unit.ts';
import { differences } from '../agrees.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden');
const files = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => /^unit_.*\.json$/.test(name)) : [];

const worked = z.object({
  function: z.string(),
  expected: z.array(z.object({ args: z.unknown(), result: z.unknown() })),
});

describe('worked cases of single statistics', () => {
  if (files.length === 0) {
    it('are left out: there is no shared data', () => console.log(`No worked cases at ${GOLDEN}.`));
  }

  it.each(files)('%s comes out the same', (file) => {
    const { function: name, expected } = worked.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    const statistic = UNIT_FUNCTIONS.get(name);
    for (const { args, result } of expected) expect(differences(statistic?.call(args), result)).toEqual([]);
  });
});
