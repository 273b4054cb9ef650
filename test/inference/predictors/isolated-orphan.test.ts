import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Where the system tells of its processes; elsewhere there is nothing to look at. */
const tellsOfProcesses = existsSync('/proc/self/stat');

function childrenOf(parent: number | undefined): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      return Number(after.split(' ')[1]) === parent;
    } catch {
      return false;
    }
  });
}

it.skipIf(!tellsOfProcesses)('A version that never yields does not outlive a parent that was killed', async () => {
  const parent = fork(join(import.meta.dirname, 'isolating-process.ts'));
  await once(parent, 'message');
  const [child = ''] = childrenOf(parent.pid);
  expect(child).not.toBe('');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await expect.poll(() => existsSync(`/proc/${child}`), { timeout: 30_000 }).toBe(false);
});
