import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRows } from '../../functions/ledger/verifier/row-store.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import type { DeploymentState } from '../../functions/pointer/deployments.ts';
import { ReleaseStage } from '../fakes/release-stage.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

// Many cases on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

let tables: Tables;
let cases = 0;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(async () => {
  await tables.stop();
  console.log(`Rollback from every state of an environment: ${cases} cases.`);
});

/** How the deployment stands that brings 3.0 over 2.0, which served after 1.0. */
const STATES = ['VALIDATING', 'DEPLOYING', 'BAKING', 'ROLLING_BACK', 'COMPLETE', 'ROLLED_BACK', 'REVERTED'] as const;
const BY = ['person', 'automation'] as const;

interface Case {
  readonly state: DeploymentState;
  readonly by: (typeof BY)[number];
  /** What the request names. */
  readonly asks: { readonly withdrawVersion?: string; readonly targetVersion?: string };
}

const CASES: readonly Case[] = STATES.flatMap((state) => [
  { state, by: 'person', asks: {} },
  { state, by: 'person', asks: { targetVersion: '1.0' } },
  ...BY.flatMap((by) => ['2.0', '3.0'].map((withdrawVersion) => ({ state, by, asks: { withdrawVersion } }))),
]);

/**
 * What must serve, and what must be withdrawn: the newest that people wanted to serve and that was not taken back, or what
 * is named; and of what was promoted before it the newest. Null: it has to refuse.
 */
function right({ state, by, asks }: Case): { readonly serves: string; readonly withdrawn: string } | null {
  const isBack = state === 'ROLLED_BACK' || state === 'REVERTED';
  const newest = isBack ? '2.0' : '3.0';
  const { withdrawVersion: withdrawn = newest, targetVersion } = asks;
  // Automation names what it saw at work, and a version that was taken back is not.
  if (withdrawn === '3.0' && isBack && by === 'automation') return null;
  return { serves: targetVersion ?? (withdrawn === '3.0' ? '2.0' : '1.0'), withdrawn };
}

/** The candidate's deployment in a state, its move not recorded. */
async function stageIn(state: DeploymentState): Promise<ReleaseStage> {
  const stage = new ReleaseStage(tables, `e${++cases}`);
  await stage.onboard();
  await stage.promote('1.0');
  await stage.promote('2.0');
  const id = await stage.candidate('3.0');
  await stage.prepare(id);
  stage.appConfig.slow = true;
  await stage.move(id).catch(() => undefined);
  stage.appConfig.slow = false;
  stage.appConfig.put(state);
  // What was taken back a moment ago may have been taken back by the rollback itself: clocks differ.
  stage.seconds += 3600;
  // What AppConfig undoes by itself takes until somebody has waited.
  stage.pauses = async () => {
    if (state === 'ROLLING_BACK') stage.appConfig.put('ROLLED_BACK');
  };
  return stage;
}

async function ended(one: Case) {
  const stage = await stageIn(one.state);
  const requestedBy = one.by === 'automation' ? { requestedBy: 'system:matrix' } : {};
  const answer = await stage.rollBack({ ...one.asks, ...requestedBy });
  if (answer.outcome === 'deployed') await stage.finish(answer);
  const { serves, exposes, statuses } = await stage.state();
  const { model } = stage;
  const rows = readRows(tables.client, tables.ledger, model);
  const { fault } = await verifyChain({ model, publicKeyPem: tables.key.publicKeyPem, rows, anchors: [] });
  const recorded = (await stage.types()).filter((type) => type === 'rolled-back').length;
  const inFlight = await stage.registry.inFlight(model, 'promotion');
  const withdrawn = Object.keys(statuses).filter((version) => statuses[version] === 'withdrawn');
  return { outcome: answer.outcome, serves, exposes, withdrawn, recorded, inFlight: inFlight?.promotionId, fault };
}

describe('A rollback', () => {
  it.each(STATES)('goes to the right version while the newest deployment is %s', async (state) => {
    const wanted = CASES.filter((one) => one.state === state);
    const found = [];
    // One after the other: vouching waits for a real while, and no longer.
    for (const one of wanted) found.push({ one, ...(await ended(one)) });
    const expected = wanted.map((one) => {
      const to = right(one);
      if (to === null) return { one, outcome: 'already-withdrawn', withdrawn: [], recorded: 0 };
      const { serves, withdrawn } = to;
      const rest = { exposes: ['', '', 0], withdrawn: [withdrawn], recorded: 1, inFlight: undefined, fault: undefined };
      return { one, outcome: 'deployed', serves, ...rest };
    });
    expect(found).toMatchObject(expected);
  });
});
