import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const STARVED = join(import.meta.dirname, 'starved-process.ts');

/** With few descriptors, so that they are used up soon. */
async function starvedOf(what: string): Promise<unknown> {
  const command = 'ulimit -n 64 && exec "$0" "$1" "$2"';
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, STARVED, what]);
  return JSON.parse(stdout);
}

it.each([
  ['descriptors', 'EMFILE'],
  ['room for the environment', 'E2BIG'],
])('A process that cannot start another for want of %s goes on, and the run says so', async (what, code) => {
  expect(await starvedOf(what)).toEqual({ said: [null], unfinished: [0], outcome: 'crashed', code });
});
