import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { canaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import { canaryState } from '../../../functions/evidence/canary/canary-result.ts';
import { differences } from '../agrees.ts';
import { judgeTexts } from './canary-files.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden');
const files = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => /^canary_.*\.json$/.test(name)) : [];

const worked = z.object({
  inputs: z.object({ outcomes: z.string(), ops: z.string().optional(), assignment: z.string().optional() }),
  config: canaryConfig,
  state: canaryState.nullable(),
  expected: z.unknown(),
});

describe('worked cases of the canary', () => {
  if (files.length === 0) {
    it('are left out: there is no shared data', () => console.log(`No worked cases at ${GOLDEN}.`));
  }

  it.each(files)('%s comes out the same', async (file) => {
    const { inputs, config, state, expected } = worked.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    expect(differences(await judgeTexts(inputs, config, state), expected)).toEqual([]);
  });
});
