import { beforeEach, describe, expect, it } from 'vitest';
import { parseDrillArguments, resolveDrill } from '../../functions/drill/command/drill-arguments.ts';
import { drillOutput, drillText } from '../../functions/drill/command/drill-text.ts';
import { DrillStore, DrillWrites } from '../../functions/drill/drill-store.ts';
import { type RecordDrillEvent, type RecordDrillPorts, recordDrill } from '../../functions/drill/record-drill.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import type { Alert } from '../../functions/rollback/alert/alert-link.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import { PIPELINE } from '../fakes/inputs.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';

let stage: ReleaseStage;
let tables: Tables;
onFreshStage((fresh, on) => {
  [stage, tables] = [fresh, on];
}, []);
let alerts: Alert[];
let told: string[];
beforeEach(() => {
  [alerts, told] = [[], []];
});

const at = (seconds: number) => new Date(Date.parse('2026-03-01T08:00:00.000Z') + seconds * 1000).toISOString();

function ports(over: Partial<RecordDrillPorts> = {}): RecordDrillPorts {
  return {
    registry: stage.registry,
    drills: new DrillStore(tables.client, tables.registry),
    writes: new DrillWrites(tables.registry),
    ledger: stage.ledger,
    evidence: stage.evidence,
    retention: { days: 1, mode: 'GOVERNANCE' },
    pollSeconds: 15,
    alert: async (alert) => void alerts.push(alert),
    tell: (signal) => void told.push(signal),
    ...over,
  };
}
function event(over: Partial<RecordDrillEvent> = {}, number = 1): RecordDrillEvent {
  return {
    executionName: `drill-${number}`,
    startedAt: at(number * 1000),
    at: at(number * 1000 + 60),
    input: { model: stage.model, requestedBy: PIPELINE },
    rehearsed: {
      outcome: 'rehearsed',
      model: stage.model,
      ...{ from: '2.0', to: '1.0', production: '2.0', pollSeconds: 15, maxSeconds: 120 },
      moments: { faultAt: at(0), noticedAt: at(0.01), decidedAt: at(0.5), servedAt: at(2), convergedAt: at(11) },
      documents: { from: { hostedVersion: 5, documentSha256: 'ab' }, to: { hostedVersion: 3, documentSha256: 'cd' } },
      reasons: [],
      at: at(12),
    },
    ...over,
  };
}
const entries = async () => {
  const found = [];
  for await (const { body } of stage.ledger.entries(stage.model)) if (body.type === 'drill-completed') found.push(body);
  return found;
};

describe('A drill is recorded', () => {
  it('with its score, its evidence under retention, the trend beside it, and who asked', async () => {
    const recorded = await recordDrill(ports(), event());
    expect(recorded).toMatchObject({ end: 'passed', total: 11, slowest: 'converge', trend: { passed: 1 } });
    expect(await entries()).toMatchObject([
      {
        actor: { kind: 'person', name: PIPELINE.name },
        data: { passed: true, total: 11, maxSeconds: 120, from: '2.0', phaseSeconds: { converge: 9 } },
      },
    ]);
    const bytes = await stage.evidence.read(recorded.evidence);
    expect(JSON.parse(bytes.toString('utf8'))).toMatchObject({
      ...{ schema: 1, passed: true, documents: { to: { hostedVersion: 3 } }, moments: { faultAt: at(0) } },
      measures: { detect: expect.stringContaining('no part of it') },
    });
    const page = await stage.evidence.find(evidencePaths.drillTrend(stage.model, 'drill-1', 'html'));
    const html = page === null ? '' : (await stage.evidence.read(page)).toString('utf8');
    expect(html).toContain('PASSED');
    expect(html).not.toContain('<script');
    expect([alerts, told]).toEqual([[], []]);
  });

  it('once, however often the step is repeated, and after a cut at each of its calls', async () => {
    const cut = async () => Promise.reject(new Error('The machine was lost.'));
    for (const over of [
      { ledger: { append: cut } },
      {
        ledger: {
          append: async (...args: Parameters<typeof stage.ledger.append>) => {
            await stage.ledger.append(...args);
            return cut();
          },
        },
      },
    ]) {
      await expect(recordDrill(ports(over), event())).rejects.toThrow('The machine was lost.');
    }
    const first = await recordDrill(ports(), event());
    expect(await recordDrill(ports(), event())).toEqual(first);
    expect(await entries()).toHaveLength(1);
    expect((await new DrillStore(tables.client, tables.registry).newest(stage.model, 10)).length).toBe(1);
  });

  it('in the order in which drills were started, with the trend of the last ten', async () => {
    for (let number = 1; number <= 12; number++) await recordDrill(ports(), event({}, number));
    const drills = new DrillStore(tables.client, tables.registry);
    expect((await drills.newest(stage.model, 2)).map(({ executionName }) => executionName)).toEqual([
      'drill-12',
      'drill-11',
    ]);
    const { trend } = await recordDrill(ports(), event({}, 12));
    expect(trend.drills).toHaveLength(10);
    expect(trend.drills.at(-1)?.executionName).toBe('drill-12');
  });

  it('as failed when it was too slow, which rings and is told', async () => {
    const { rehearsed } = event();
    if (rehearsed === undefined) throw new Error('It has none.');
    const recorded = await recordDrill(ports(), event({ rehearsed: { ...rehearsed, maxSeconds: 10 } }));
    expect(recorded).toMatchObject({ end: 'failed', reasons: [{ code: 'TOO_SLOW', path: 'converge' }] });
    expect(told).toEqual(['DRILL_NOT_PASSED']);
    expect(alerts).toMatchObject([{ id: 'drill-drill-1', version: '', rolledBack: false }]);
  });

  it('as failed when it broke off, the same at each repetition', async () => {
    const { rehearsed: _, ...died } = event({
      error: { Error: 'States.Timeout' },
      input: { model: stage.model, requestedBy: 'system:schedule' },
    });
    const recorded = await recordDrill(ports(), died);
    expect(recorded).toMatchObject({
      end: 'failed',
      total: null,
      reasons: [{ code: 'DRILL_BROKE_OFF', got: 'States.Timeout' }],
    });
    expect(await recordDrill(ports(), died)).toEqual(recorded);
    expect(await entries()).toMatchObject([{ actor: { name: 'system:schedule' } }]);
  });
});

describe('npm run drill', () => {
  const outputs = JSON.stringify({
    ModelRelease: {
      DrillStateMachineArn: 'arn:aws:states:eu-west-1:1:stateMachine:ModelRelease-drill:live',
      ApprovalBaseUrl: 'http://127.0.0.1:4566/approve',
    },
  });
  const resolve = (argv: readonly string[], text: string | null = outputs, environment = {}) =>
    resolveDrill(parseDrillArguments(argv), text, environment);

  it('starts the machine of the outputs, for whoever is logged in or is named', () => {
    expect(resolve(['--model', 'demand'], outputs, { USER: 'ana b' })).toEqual({
      settings: {
        input: { model: 'demand', requestedBy: 'system:drill-cli-ana-b' },
        machineArn: 'arn:aws:states:eu-west-1:1:stateMachine:ModelRelease-drill:live',
        where: { region: 'eu-west-1', endpoint: 'http://127.0.0.1:4566', isLocal: true },
      },
    });
    const olga = { RELEASE_USER_NAME: 'Olga', RELEASE_USER_EMAIL: 'olga@shop.example', USER: 'ana' };
    expect(resolve(['--model', 'demand'], outputs, olga)).toMatchObject({
      settings: { input: { requestedBy: { name: 'Olga', email: 'olga@shop.example' } } },
    });
    expect(resolve(['--model', 'demand', '--name', 'Ana', '--email', 'ana@shop.example'])).toMatchObject({
      settings: { input: { requestedBy: { name: 'Ana', email: 'ana@shop.example' } } },
    });
  });

  it.each([
    [[], ['--model']],
    [['--model', 'demand', '--name', 'Ana'], ['--name, --email']],
    [
      ['--modle', 'demand'],
      ['--modle', '--model'],
    ],
    [['--model', 'Demand!'], ['--model']],
    [
      ['--model', 'Demand!', '--name', 'Ana', '--email', 'nowhere'],
      ['--model', '--email'],
    ],
    [['--model', 'demand', '--endpoint', 'nowhere'], ['--endpoint']],
  ])('refuses %j', (argv, paths) => {
    const refused = resolve(argv);
    expect('faults' in refused && refused.faults.map(({ path }) => path)).toEqual(paths);
  });

  it('does not guess the machine', () => {
    expect(resolve(['--model', 'demand'], null)).toMatchObject({ faults: [{ path: '--machine' }] });
    expect(resolve(['--model', 'demand'], '{}')).toMatchObject({ faults: [{}, { path: '--machine' }] });
  });

  it('goes to the region that was typed', () => {
    expect(resolve(['--model', 'demand', '--region', 'eu-north-1'])).toMatchObject({
      settings: { where: { region: 'eu-north-1' } },
    });
  });

  it('prints what was recorded, and what was not', async () => {
    const text = drillText(drillOutput.parse(JSON.parse(JSON.stringify(await recordDrill(ports(), event())))));
    expect(text).toContain(`Drill of ${stage.model}: PASSED`);
    expect(text).toMatch(/converge +9\.00 s +the longest\n +total +11\.00 s +of 120 s/);
    const reasons = [{ code: 'ENVIRONMENT_BUSY', message: 'Busy.', next: 'Again.' }];
    expect(drillText({ end: 'not-run', model: 'demand', reasons })).toBe(
      'Nothing was drilled: not-run.\nENVIRONMENT_BUSY: Busy.\n  Again.',
    );
  });
});
