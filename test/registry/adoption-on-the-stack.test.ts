import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sectionsOf, textOf } from '../console/stand.ts';
import { Scene } from '../fakes/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene.stop());

async function invoke(output: string, event: unknown): Promise<unknown> {
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await scene.lambda().send(new InvokeCommand({ FunctionName: scene.output(output), Payload }));
  return JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'));
}

describe('A model that is onboarded with the version that it has elsewhere', () => {
  it('serves that version, says that it passed no gate, and goes back to the safe forecast', {
    timeout: 180_000,
  }, async () => {
    const artifact = await scene.pipeline.upload(
      'lamps/7.3/model.json',
      Buffer.from('{"forecaster":"seasonal-naive"}'),
    );
    await scene.onboard('lamps', { adopt: { version: '7.3', artifact } });
    expect(await scene.serves('lamps')).toBe('7.3');
    expect(await invoke('DescribeReleaseFunctionName', { model: 'lamps' })).toMatchObject({
      version: '7.3',
      arm: 'production',
      promotionId: 'lamps_onboard_1',
      label: 'adopted, gates not passed',
    });

    const history = Array.from({ length: 28 }, (_, day) => day % 7);
    const requests = [{ sku: 'L1', store: 'S1', region: 'N', category: 'lamps', history }];
    const forecast = await invoke('InferenceFunctionName', {
      model: 'lamps',
      asOf: '2026-03-01',
      horizonDays: 1,
      requests,
    });
    expect(forecast).toMatchObject({ forecasts: [{ sku: 'L1', version: '7.3', arm: 'production' }] });

    const input = {
      model: 'lamps',
      cause: 'safety',
      requestedBy: { name: 'Opal Operator', email: 'opal@shop.example' },
    };
    expect(await scene.ended(await scene.rollBack('lamps-back-1', input))).toMatchObject({ end: 'rolled-back' });
    expect(await scene.serves('lamps')).toBe('seasonal-naive');
  });

  it('stands on the console, with what people are still asked and how the ledger was checked', async () => {
    await scene.change('lamps', 1, { downstream: [] });
    const { endpoint } = scene.stack.platform;
    const page = await fetch(`${endpoint}/console/lamps`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const sections = sectionsOf(await page.text());
    expect(sections['What runs, and why']).toContain('In production seasonal-naive (safe forecast)');
    expect(sections['Live pointer']).toMatch(/^Matches the ledger: entry \d+ Serves seasonal-naive/);
    await expect
      .poll(async () => sectionsOf(await (await fetch(`${endpoint}/console/lamps`)).text())['In flight'], {
        timeout: 30_000,
      })
      .toMatch(/Change without a version.*Waits for \d approvals? for change, round 1; expires .*: not decided/);
    expect(sections['Rollbacks']).toMatch(/version 7\.3 the safe forecast safety Opal Operator \d/);
    expect(sections['Ledger']).toMatch(
      /What was checked holds.*from position 1 on Anchors the newest is of position \d+, written/,
    );
    expect(Object.values(sections).filter((text) => text.includes('ould not be read'))).toEqual([]);
    const all = textOf(await (await fetch(`${endpoint}/console`)).text());
    expect(all).toContain('lamps seasonal-naive (safe forecast)');
    expect(all).not.toContain('ould not be read');
    expect((await fetch(`${endpoint}/console`, { method: 'POST' })).status).toBe(405);
    const widget = await scene.invoke('ConsoleFunctionName', { widgetContext: { theme: 'dark' }, model: 'lamps' });
    expect(widget).toContain('function:ModelRelease-console">{}</cwdb-action>');
  });
});
