import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

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

async function killed(misdeed: string): Promise<readonly string[]> {
  const parent = fork(join(import.meta.dirname, 'isolating-process.ts'), [misdeed]);
  await once(parent, 'message');
  const children = childrenOf(parent.pid);
  const all = [...children, ...children.flatMap((child) => childrenOf(Number(child)))];
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  return all;
}

/** What waits to be seen by whoever it belongs to is over. */
function isOver(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

describe.skipIf(!tellsOfProcesses)('Whatever a parent had, when it was killed, does not outlive it:', () => {
  it('a version that never yields', async () => {
    const processes = await killed('never yields');
    expect(processes).toHaveLength(1);
    await expect.poll(() => processes.every(isOver), { timeout: 30_000 }).toBe(true);
  });

  it('a process that a version had started', async () => {
    const processes = await killed('starts a process');
    expect(processes).toHaveLength(2);
    await expect.poll(() => processes.every(isOver), { timeout: 30_000 }).toBe(true);
  });
});
