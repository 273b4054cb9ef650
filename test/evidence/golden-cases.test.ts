import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { judgeCaseText } from '../../functions/evidence/command/judge-files-store.ts';
import { differences } from './agrees.ts';

const GOLDEN = join(import.meta.dirname, '../../../shared/golden');
const files = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.endsWith('.json')) : [];

describe('worked cases of the evidence contract', () => {
  if (files.length === 0) {
    it('are left out: there is no shared data', () => console.log(`No worked cases at ${GOLDEN}.`));
  }

  it.each(files)('%s comes out the same', async (file) => {
    const text = readFileSync(join(GOLDEN, file), 'utf8');
    const { expected } = z.object({ expected: z.unknown() }).parse(JSON.parse(text));
    expect(differences(await judgeCaseText(text), expected)).toEqual([]);
  });
});
