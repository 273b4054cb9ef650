import { describe, expect, it } from 'vitest';
import { attributesOf } from '../../functions/pointer/document.ts';
import type { WaysBack } from '../../functions/registry/registry-store.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import type { RollBackPorts } from '../../functions/rollback/rollback-ports.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0', '2.0', '3.0'],
);

const live = async () => (await stage.appConfig.liveDocument())?.productionVersion;

/** Ports that note each call of AWS up to the one that moves the pointer, the ledger's apart: they decide nothing. */
function counted(ports: RollBackPorts = stage.rollBackPorts()) {
  const calls: string[] = [];
  const noted = <T extends object>(of: T, names: readonly (keyof T & string)[]): T => {
    const wrapped = names.map((name) => {
      const call = Reflect.get(of, name);
      if (typeof call !== 'function') throw new Error(`${name} is no call.`);
      return [
        name,
        (...given: readonly unknown[]) => {
          if (!calls.includes('startDeployment')) calls.push(name);
          return Reflect.apply(call, of, given);
        },
      ];
    });
    return Object.assign(Object.create(of), Object.fromEntries(wrapped));
  };
  const appConfig = ['deployedState', 'deployment', 'hostedVersions', 'hostedContent', 'startDeployment'] as const;
  return {
    calls,
    ports: {
      ...ports,
      registry: noted(ports.registry, ['model', 'waysBack']),
      appConfig: noted(ports.appConfig, [...appConfig, 'stopDeployment']),
    },
  };
}

/** The registry with something else in what it knows of the ways back. */
function registryThat(alter: (ways: WaysBack) => WaysBack): RollBackPorts {
  const ports = stage.rollBackPorts();
  const waysBack = async (model: string) => alter(await stage.registry.waysBack(model));
  return { ...ports, registry: { model: (model) => stage.registry.model(model), waysBack } };
}

describe('Before the pointer moves', () => {
  const FOUR = ['waysBack', 'deployedState', 'hostedContent', 'startDeployment'];

  it('a rollback takes four calls: one query, one list, the live document, the deployment', async () => {
    stage.seconds += 60;
    const { ports, calls } = counted();
    expect(await rollBack(ports, stage.rollbackEvent())).toMatchObject({ outcome: 'deployed', to: '2.0' });
    expect(calls).toEqual(FOUR);
  });

  it.each(['shadow', 'canary'] as const)('it takes four in the middle of a promotion too: %s', async (where) => {
    if (where === 'shadow') await stage.shadowed('4.0');
    else await stage.canaried('4.0', 0);
    // What was deployed a moment ago is looked at once more: it could be this rollback's own.
    stage.seconds += 60;
    const { ports, calls } = counted();
    await rollBack(ports, stage.rollbackEvent({ withdrawVersion: '3.0' }));
    expect(calls).toEqual(FOUR);
    expect(await live()).toBe('2.0');
  });

  it('it takes one more where a rollback made what serves, since that may not be recorded yet', async () => {
    await stage.finish(await stage.rollBack({}, 'first'));
    stage.seconds += 3600;
    const { ports, calls } = counted();
    await rollBack(ports, stage.rollbackEvent({}, 'second'));
    expect(calls).toEqual(['waysBack', 'deployedState', 'hostedContent', 'deployment', 'startDeployment']);
    expect(await live()).toBe('1.0');
  });

  it('it takes the model and the document itself where the registry was written before it kept either', async () => {
    const bare = registryThat(({ versions, returnDocuments }) => ({
      place: null,
      versions,
      returnDocuments: returnDocuments.map(({ document: _, ...item }) => item),
    }));
    stage.seconds += 60;
    const { ports, calls } = counted(bare);
    await rollBack(ports, stage.rollbackEvent());
    expect(calls).toEqual(['waysBack', 'model', 'deployedState', 'hostedContent', 'hostedContent', 'startDeployment']);
    expect(await live()).toBe('2.0');
  });
});

describe('What the registry keeps of a document to go back to', () => {
  it.each<[string, (ways: WaysBack) => Promise<WaysBack>]>([
    [
      'altered',
      async (ways) => ({
        ...ways,
        returnDocuments: ways.returnDocuments.map((item) =>
          item.version === '2.0' ? { ...item, document: { ...Object(item.document), reason: 'Another.' } } : item,
        ),
      }),
    ],
    [
      'of a document that goes forward',
      async (ways) => {
        const forward = await stage.appConfig.liveDocument();
        const document = forward === null ? undefined : attributesOf(forward);
        return { ...ways, returnDocuments: ways.returnDocuments.map((item) => ({ ...item, document })) };
      },
    ],
    [
      'no document at all',
      async (ways) => ({ ...ways, returnDocuments: ways.returnDocuments.map((item) => ({ ...item, document: 7 })) }),
    ],
  ])('is not believed when it is %s: AppConfig is asked', async (_, alter) => {
    const ways = await alter(await stage.registry.waysBack(stage.model));
    const { ports, calls } = counted(registryThat(() => ways));
    expect(await rollBack(ports, stage.rollbackEvent())).toMatchObject({ to: '2.0' });
    expect(calls.filter((name) => name === 'hostedContent')).toHaveLength(2);
    expect(await live()).toBe('2.0');
  });

  it('goes back by no other hosted version than the one that it names', async () => {
    const other = (await stage.registry.returnDocument(stage.model, '1.0'))?.hostedVersion ?? 0;
    const ports = registryThat((ways) => ({
      ...ways,
      returnDocuments: ways.returnDocuments.map((item) =>
        item.version === '2.0' ? { ...item, hostedVersion: other } : item,
      ),
    }));
    // The record of 2.0 points at the document of 1.0: it is passed over, and 1.0 itself is next.
    expect(await rollBack(ports, stage.rollbackEvent())).toMatchObject({ outcome: 'deployed', to: '1.0' });
    expect(await live()).toBe('1.0');
  });

  it('leads further back when somebody deleted the hosted version', async () => {
    const gone = (await stage.registry.returnDocument(stage.model, '2.0'))?.hostedVersion ?? 0;
    const hosted = stage.appConfig.versions[gone - 1];
    if (hosted === undefined) throw new Error('No document goes back to 2.0.');
    stage.appConfig.versions[gone - 1] = { ...hosted, number: -1 };
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', how: 'deployed', from: '3.0', to: '1.0' });
    expect(await live()).toBe('1.0');
  });
});

describe('Any version that was promoted', () => {
  it('can be named, two steps back and after several rollbacks, as long as it is not withdrawn', async () => {
    await stage.promote('4.0');
    await stage.finish(await stage.rollBack({ targetVersion: '2.0' }, 'first'));
    expect(await live()).toBe('2.0');
    await stage.promote('5.0');
    await stage.finish(await stage.rollBack({ targetVersion: '3.0' }, 'second'));
    expect(await live()).toBe('3.0');
    stage.seconds += 3600;
    await stage.finish(await stage.rollBack({ targetVersion: '1.0' }, 'third'));
    expect(await live()).toBe('1.0');
    await stage.finish(await stage.rollBack({ targetVersion: '2.0' }, 'fourth'));
    expect(await live()).toBe('2.0');
    expect((await stage.state()).statuses).toEqual({
      ...{ '1.0': 'withdrawn', '2.0': 'production', '3.0': 'withdrawn', '4.0': 'withdrawn', '5.0': 'withdrawn' },
    });
  });

  it.each([
    ['is withdrawn', { targetVersion: '9.9' }, 'UNFIT_TARGET'],
    ['was never promoted', { targetVersion: '4.0' }, 'UNFIT_TARGET'],
    ['is the one that serves', { targetVersion: '3.0' }, 'UNFIT_TARGET'],
  ])('is named by a refusal of one that %s', async (_, input, code) => {
    await stage.registered('4.0');
    const refused = await stage.rollBack(input);
    expect(refused).toMatchObject({ outcome: 'rejected', reasons: [{ code, path: 'targetVersion' }] });
    expect(refused.reasons[0]?.allowed).toBe('1.0, 2.0; when none of them is left, the safe forecast');
    expect(await live()).toBe('3.0');
  });

  it('is named by a refusal only if its document proves itself', async () => {
    const unproven = (await stage.registry.returnDocument(stage.model, '1.0'))?.hostedVersion ?? 0;
    const ports = registryThat((ways) => ({
      ...ways,
      returnDocuments: ways.returnDocuments.map((item) =>
        item.version === '1.0' ? { ...item, documentSha256: '0'.repeat(64) } : item,
      ),
    }));
    const refused = await rollBack(ports, stage.rollbackEvent({ targetVersion: '1.0' }));
    expect(unproven).toBeGreaterThan(0);
    expect(refused).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'NO_RETURN_DOCUMENT' }] });
    expect(refused.reasons[0]?.allowed).toBe('2.0; when none of them is left, the safe forecast');
  });

  it('is named beside a version to withdraw that there is not', async () => {
    const refused = await stage.rollBack({ withdrawVersion: '9.9' });
    expect(refused).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'UNKNOWN_VERSION', allowed: '1.0, 2.0, 3.0' }],
    });
    expect(refused.reasons[0]?.next).toContain('1.0, 2.0; when none of them is left, the safe forecast');
  });

  it('is missing when there is nothing, and each reason says so', async () => {
    const ports = registryThat((ways) => ({ ...ways, returnDocuments: [] }));
    const { code, reasons } = await failure(rollBack(ports, stage.rollbackEvent()));
    expect(code).toBe('NO_ROLLBACK_TARGET');
    expect(reasons.map(({ allowed }) => allowed)).toEqual(reasons.map(() => 'nothing: no document goes back'));
  });
});

describe('Going back is held up by nothing that may be broken', () => {
  const never = () => new Promise<never>(() => {});

  it('not by a registry and a ledger that do not answer at all', async () => {
    const ports = stage.rollBackPorts();
    const silent = { ...ports, registry: { model: never, waysBack: never }, ledger: { append: never } };
    expect(await rollBack(silent, stage.rollbackEvent())).toMatchObject({ outcome: 'deployed', to: '2.0' });
    expect(await live()).toBe('2.0');
  });

  it('not by a ledger that is throttled; its entries follow', async () => {
    const throttled = { append: () => Promise.reject(new Error('ProvisionedThroughputExceededException')) };
    const answer = await rollBack({ ...stage.rollBackPorts(), ledger: throttled }, stage.rollbackEvent());
    expect(await live()).toBe('2.0');
    await stage.finish(answer);
    expect(await stage.types()).toContain('rolled-back');
  });

  it('not by a registry that is slow for a named target among many', async () => {
    const ports = { ...stage.rollBackPorts(), registry: { model: never, waysBack: never } };
    const answer = await rollBack(ports, stage.rollbackEvent({ targetVersion: '1.0' }));
    expect(answer).toMatchObject({ outcome: 'deployed', to: '1.0' });
  });
});
