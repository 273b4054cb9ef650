import { describe, expect, it } from 'vitest';
import { type CompletePorts, completeRollback } from '../../../functions/pointer/reconcile/complete-rollback.ts';
import type { ExecutionStatus } from '../../../functions/promotion/dead-promotion.ts';
import type { VersionItem } from '../../../functions/registry/items.ts';
import { stored } from '../../fakes/runs.ts';

const ASKED = { model: 'demand', cause: 'safety', requestedBy: 'system:guard', targetVersion: '1.0' };
const DIED = { executionName: 'back-1', withdrew: '2.0', known: true };

function version(status: VersionItem['status']): VersionItem {
  const artifact = stored('artifact');
  const about = {
    model: 'demand',
    version: '2.0',
    promotionId: 'demand_2-0_1',
    registeredAt: '2026-03-01T08:00:00.000Z',
  };
  return { ...about, artifact, sha256: artifact.sha256, status };
}

/** Step Functions, with one execution of every name that was started. */
function machine(input: Awaited<ReturnType<CompletePorts['inputOf']>> = ASKED) {
  const started = new Map<string, { readonly input: unknown; status: ExecutionStatus }>();
  const ports: CompletePorts = {
    arnOf: (name) => `arn:${name}`,
    status: async (arn) => started.get(arn.slice('arn:'.length))?.status ?? 'MISSING',
    inputOf: async (arn) => (arn === 'arn:back-1' ? input : null),
    start: async (name, given) => {
      expect(started.has(name)).toBe(false);
      started.set(name, { input: given, status: 'RUNNING' });
    },
  };
  const complete = (status: VersionItem['status'] = 'production') =>
    completeRollback(ports, DIED, { versions: [version(status)] });
  const end = (status: ExecutionStatus) => {
    for (const one of started.values()) one.status = status;
  };
  return { started, complete, end };
}

describe('A rollback that went out and was not recorded', () => {
  it('is asked for again, for the version that it withdrew and whichever target there is', async () => {
    const { started, complete } = machine();
    await complete();
    const { targetVersion: _, ...asked } = ASKED;
    expect([...started.values()]).toMatchObject([{ input: { ...asked, withdrawVersion: '2.0' } }]);
    expect([...started.values()][0]?.input).not.toHaveProperty('targetVersion');
  });

  it('is asked for once as long as that runs, and again under another name when it died too', async () => {
    const { started, complete, end } = machine();
    await complete();
    await complete();
    expect(started.size).toBe(1);
    end('FAILED');
    await complete();
    expect(started.size).toBe(2);
  });

  it('is asked for ten times at most; after that only the alarm goes on', async () => {
    const { started, complete, end } = machine();
    for (let look = 0; look < 15; look++) {
      await complete();
      end('FAILED');
    }
    expect(started.size).toBe(10);
  });

  it('is not asked for where its version is withdrawn already: that would be a second step back', async () => {
    const { started, complete } = machine();
    await complete('withdrawn');
    expect(started.size).toBe(0);
  });

  it('is not asked for where nobody knows any more what was asked', async () => {
    const { started, complete } = machine(null);
    await complete();
    expect(started.size).toBe(0);
  });
});
