import { expect, it } from 'vitest';
import { ReleaseHistory } from '../../functions/registry/release-history.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { reconcileStage } from '../pointer/reconcile/reconcile-stage.ts';

let stage: ReleaseStage;
let tables: Tables;
onFreshStage(
  (next, on) => {
    stage = next;
    tables = on;
  },
  ['1.0.0', '2.0.0'],
);

async function history(): Promise<ReleaseHistory> {
  const told = new ReleaseHistory();
  for await (const { body } of stage.ledger.entries(stage.model)) told.add(body);
  return told;
}

it('What served between a change that nobody decided and its undoing is told as that', async () => {
  const { look } = reconcileStage(stage, tables);
  const newest = (await stage.appConfig.deployedState()).live;
  await stage.finish(await stage.rollBack());
  // The withdrawn version comes back by hand, and is undone.
  const number = stage.appConfig.deployByHand(newest?.hostedVersion ?? 0);
  const { startedAt } = (await stage.appConfig.deployedState()).history.find((one) => one.number === number) ?? {};
  await look();
  await look();
  const { releases, documents } = await history();
  expect(releases.map(({ version }) => version)).toEqual([
    'seasonal-naive',
    '1.0.0',
    '2.0.0',
    '1.0.0',
    '2.0.0',
    '1.0.0',
  ]);
  const [foreign, back] = releases.slice(-2);
  expect(foreign).toMatchObject({ since: startedAt, approvals: [], why: expect.stringContaining('Decided by nobody') });
  expect(back?.why).toContain('Put back');
  expect(documents.at(-1)?.document?.productionVersion).toBe('1.0.0');
});

it('A deployment that was taken back served until then', async () => {
  const { look } = reconcileStage(stage, tables);
  const { live } = await stage.appConfig.deployedState();
  stage.seconds += 3600;
  await stage.appConfig.stopDeployment('env1', live?.number ?? 0);
  await look();
  await look();
  const releases = (await history()).releases.slice(-2);
  expect(releases.map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
  const [served, after] = releases.map(({ since }) => Date.parse(since));
  expect((after ?? 0) - (served ?? 0)).toBeGreaterThanOrEqual(3600_000);
});
