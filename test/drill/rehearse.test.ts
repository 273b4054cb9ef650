import { beforeEach, describe, expect, it } from 'vitest';
import { DrillStore } from '../../functions/drill/drill-store.ts';
import { rehearsalPorts } from '../../functions/drill/rehearsal-ports.ts';
import { type RehearsePorts, rehearse } from '../../functions/drill/rehearse.ts';
import { brokeOff, rehearsedRollback } from '../../functions/drill/rehearsed-rollback.ts';
import { scored } from '../../functions/drill/score.ts';
import { documentSha256, signDocument } from '../../functions/pointer/document.ts';
import { parseServed } from '../../functions/pointer/flag.ts';
import { vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { DRILL_ID, DrillAppConfig } from './drill-app-config.ts';

let stage: ReleaseStage;
let tables: Tables;
let appConfig: DrillAppConfig;
onFreshStage((fresh, on) => {
  [stage, tables] = [fresh, on];
});
beforeEach(async () => {
  appConfig = new DrillAppConfig(stage);
  const onboarding = await stage.onboarding();
  await stage.move(onboarding);
  await stage.prepare(onboarding);
  await stage.close(onboarding, 'applied');
});

function ports(over: Partial<RehearsePorts> = {}): RehearsePorts {
  return {
    registry: stage.registry,
    lease: new DrillStore(tables.client, tables.registry),
    environment: async () => DRILL_ID,
    appConfig,
    strategyId: 'instant',
    publicKeyPem: stage.key.publicKeyPem,
    rollBack: async ({ executionName, startedAt, profileId, input }) => {
      const rehearsal = rehearsalPorts({ ...stage.rollBackPorts(), appConfig }, { environmentId: DRILL_ID, profileId });
      try {
        const answer = await rollBack(rehearsal.ports, { executionName, executionArn: '', startedAt, input });
        return rehearsedRollback({
          rollback: { ...answer, reasons: [...answer.reasons] },
          decidedAt: rehearsal.decidedAt(),
        });
      } catch (error) {
        return brokeOff({ errorType: (error as Error).name, errorMessage: (error as Error).message });
      }
    },
    watch: (model) => ({
      sees: async (wanted) => {
        const served = parseServed(await appConfig.served());
        return served.ok && documentSha256(model, served.value) === wanted ? stage.now() : null;
      },
    }),
    pollSeconds: 15,
    served: () => appConfig.served(),
    now: stage.now,
    sleep: async () => {},
    ...over,
  };
}
const event = (executionName = 'drill-1', input: object = {}) => ({
  executionName,
  startedAt: '2026-03-01T08:00:00.000Z',
  input: { model: stage.model, requestedBy: 'system:test', ...input },
});
async function drilled(over: Partial<RehearsePorts> = {}, executionName?: string) {
  const answer = await rehearse(ports(over), event(executionName));
  if (answer.outcome !== 'rehearsed') throw new Error(JSON.stringify(answer));
  return { ...answer, score: scored(answer.moments, answer) };
}
const versionOf = async () => {
  const document = await appConfig.drill.liveDocument();
  return document === null ? null : document.productionVersion || document.fallback;
};

describe('A drill', () => {
  it('goes back from the version that serves to the one before, and measures each phase', async () => {
    for (const version of ['1.0', '2.0']) await stage.promote(version);
    const before = await stage.state();
    const answer = await drilled();
    expect(answer).toMatchObject({ from: '2.0', to: '1.0', production: '2.0', reasons: [], maxSeconds: 120 });
    expect(answer.score).toMatchObject({
      passed: true,
      seconds: {
        detect: expect.any(Number),
        decide: expect.any(Number),
        switch: expect.any(Number),
        converge: expect.any(Number),
      },
    });
    expect(await versionOf()).toBe('1.0');
    // Nothing that serves, or that is recorded of it, has changed.
    expect(await stage.state()).toEqual(before);
    expect((await stage.types()).filter((type) => type.startsWith('roll'))).toEqual([]);
  });

  it('of a model that was just onboarded goes from its first document to the one to go back to', async () => {
    const answer = await drilled();
    expect(answer).toMatchObject({ from: '', to: '', production: '', reasons: [] });
    expect(answer.documents.from?.documentSha256).not.toBe(answer.documents.to?.documentSha256);
    expect(answer.score.passed).toBe(true);
  });

  it('of a model that was rolled back to the safe forecast does the same', async () => {
    await stage.promote('1.0');
    await stage.finish(await stage.rollBack());
    const answer = await drilled();
    expect(answer).toMatchObject({ from: '', to: '', reasons: [] });
    expect(answer.documents.from?.hostedVersion).toBe(1);
  });

  it('in the middle of a promotion goes back from the production version, or from a canary beside the safe forecast', async () => {
    await stage.canaried('1.0');
    expect(await drilled()).toMatchObject({ from: '1.0', to: '', production: '', reasons: [] });
    expect(await stage.appConfig.liveDocument()).toMatchObject({ canaryVersion: '1.0' });
  });

  it('repeated after a cut, at any of its steps, measures anew and passes', async () => {
    for (const version of ['1.0', '2.0']) await stage.promote(version);
    const cut = async () => Promise.reject(new Error('The machine was lost.'));
    for (const over of [{ rollBack: cut }, { served: cut }, { watch: () => ({ sees: cut }) }]) {
      await expect(rehearse(ports(over), event())).rejects.toThrow('The machine was lost.');
      const answer = await drilled();
      expect(answer.score).toMatchObject({ passed: true });
      expect(await versionOf()).toBe('1.0');
    }
  });

  it('can be run again and again', async () => {
    for (const version of ['1.0', '2.0']) await stage.promote(version);
    for (const name of ['drill-1', 'drill-2', 'drill-3']) expect((await drilled({}, name)).score.passed).toBe(true);
    expect(appConfig.drill.deployments).toHaveLength(6);
  });

  it('waits while another one has the environment, and takes it when that one is gone or dead', async () => {
    const lease = new DrillStore(tables.client, tables.registry);
    const now = stage.now();
    const until = new Date(Date.parse(now) + 600_000).toISOString();
    expect(await lease.take('another', { now, until })).toBe(true);
    expect(await failure(rehearse(ports(), event()))).toMatchObject({ code: 'POINTER_BUSY' });
    await lease.giveBack('drill-1');
    expect(await failure(rehearse(ports(), event()))).toMatchObject({ code: 'POINTER_BUSY' });
    stage.seconds += 700;
    expect((await drilled()).score.passed).toBe(true);
    expect(await lease.take('a third', { now: stage.now(), until })).toBe(true);
    await lease.giveBack('a third');
  });
});

describe('A drill fails', () => {
  const codes = async (over: Partial<RehearsePorts>) => {
    const answer = await drilled(over);
    expect(answer.score.passed).toBe(false);
    return answer.reasons.map(({ code }) => code);
  };
  beforeEach(() => stage.promote('1.0'));

  it('when there is nothing to go back to', async () => {
    // The document to go back to is gone.
    stage.appConfig.versions.splice(1, 1, { number: 2, label: '', description: '', content: '{}' });
    expect(await codes({})).toEqual(['ROLLBACK_FAILED']);
  });

  it('when nobody decided on the document that serves', async () => {
    const before = await stage.appConfig.liveDocument();
    if (before === null) throw new Error('Nothing is deployed.');
    const revision = stage.appConfig.versions.length + 1;
    const forged = await signDocument(stage.key.sign, stage.model, { ...before, revision, reason: 'mine' });
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(forged));
    expect(await codes({})).toEqual(['NOT_PLACED']);
    expect(appConfig.drill.deployments).toEqual([]);
  });

  it('when what serves is not ours', async () => {
    stage.appConfig.deployByHand(stage.appConfig.hostByHand('{}'));
    expect(await codes({})).toEqual(['NOTHING_LIVE']);
  });

  it('when the reader never gets the document, or never what was gone back to', async () => {
    expect(await codes({ watch: () => ({ sees: async () => null }) })).toEqual(['READER_NOT_WATCHING']);
    let looks = 0;
    const sees = async () => (++looks === 1 ? stage.now() : null);
    expect(await codes({ watch: () => ({ sees }) })).toEqual(['NOT_CONVERGED']);
  });

  it('when the data plane never serves it', async () => {
    const stuck = Buffer.from('{}');
    expect(await codes({ served: async () => stuck, watch: () => ({ sees: async () => stage.now() }) })).toEqual([
      'NOT_SERVED',
    ]);
  });

  it('when the function that goes back fails, and when it took an earlier one for this one', async () => {
    const rolledBack = brokeOff({ errorType: 'AccessDeniedException', errorMessage: 'No.' });
    expect(await codes({ rollBack: async () => rolledBack })).toEqual(['ROLLBACK_FAILED']);
  });
});

describe('A drill is refused', () => {
  it('with every fault of its input, and for a model that nobody onboarded', async () => {
    const input = { model: 'Demand!', requestedBy: '', more: 1 };
    expect(await rehearse(ports(), { ...event(), input })).toMatchObject({
      outcome: 'rejected',
      reasons: [{ path: 'model' }, { path: 'requestedBy' }, { path: '$' }],
    });
    expect(await rehearse(ports(), event('drill-1', { model: 'unknown' }))).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'UNKNOWN_MODEL' }],
    });
  });
});

describe('The environment of drills', () => {
  const asked = async (hostedVersion: number, environment: string) => {
    const sent = await stage.appConfig.event(hostedVersion);
    const veto = await vouchDeployment(stage.vouching, { ...sent, Environment: { Id: 'x', Name: environment } });
    return veto?.Message.split(':')[0];
  };

  it('takes what once went out, though its run is over; the model itself never takes it again', async () => {
    await stage.promote('1.0');
    const promoted = stage.appConfig.versions.length;
    await stage.promote('2.0');
    expect(await asked(promoted, 'drill')).toBeUndefined();
    expect(await asked(promoted, stage.model)).toBe('RUN_ENDED');
    // That it was in the environment of drills meanwhile is no way around it.
    await appConfig.startDeployment({
      place: appConfig.place,
      strategyId: 'instant',
      hostedVersion: promoted,
      latestNumber: 0,
      description: 'd',
    });
    expect(await asked(promoted, stage.model)).toBe('RUN_ENDED');
    expect((await stage.state()).serves).toBe('2.0');
  });

  it('takes nothing that was never decided on, nor what is not signed, nor what a profile of no model holds', async () => {
    const before = await stage.appConfig.liveDocument();
    if (before === null) throw new Error('Nothing is deployed.');
    const revision = stage.appConfig.versions.length + 1;
    const widened = {
      ...before,
      revision,
      canaryVersion: '9.9',
      canaryPercentage: 99,
      canaryUntil: '2030-01-01T00:00:00Z',
    };
    const signed = stage.appConfig.hostByHand(await signDocument(stage.key.sign, stage.model, widened));
    const unsigned = stage.appConfig.hostByHand({ ...before, reason: 'changed' });
    expect(await asked(signed, 'drill')).toBe('NO_INTENT');
    expect(await asked(unsigned, 'drill')).toBe('SIGNATURE_INVALID');
    const sent = await stage.appConfig.event(1);
    const nameless = { ...sent, Environment: { Name: 'drill' }, ConfigurationProfile: { Id: 'p' } };
    expect((await vouchDeployment(stage.vouching, nameless))?.Message).toContain('SIGNATURE_INVALID');
  });

  it('takes no document to go back to whose version was withdrawn', async () => {
    await stage.promote('1.0');
    await stage.shadowed('2.0');
    const back = stage.appConfig.versions.findLast(({ label }) => label.startsWith('return-'))?.number ?? 0;
    expect(await asked(back, 'drill')).toBeUndefined();
    await stage.withdraw('1.0');
    expect(await asked(back, 'drill')).toBe('VERSION_WITHDRAWN');
  });
});
