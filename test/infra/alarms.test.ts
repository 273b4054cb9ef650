import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

const RUNBOOKS = join(import.meta.dirname, '..', '..', 'infra', 'runbooks');

const stack = synthesized();
const alarms = stack.ofType('AWS::CloudWatch::Alarm').map(({ properties }) => ({
  properties,
  signal: String(properties['AlarmName']).replace(/^ModelRelease-/, ''),
  description: String(properties['AlarmDescription']),
}));

describe('alarms and runbooks', () => {
  it('are the same list', () => {
    const pages = readdirSync(RUNBOOKS).map((file) => file.replace(/\.md$/, ''));
    expect(pages.toSorted()).toEqual(alarms.map(({ signal }) => signal).toSorted());
  });

  it.each(alarms.map((alarm) => [alarm.signal, alarm] as const))(
    '%s says what it costs and where to read what to do',
    (signal, { description }) => {
      expect(description).toMatch(new RegExp(`^[A-Z].{30,}\\. Runbook: infra/runbooks/${signal}\\.md$`));
    },
  );

  it.each(alarms.map((alarm) => [alarm.signal, alarm] as const))(
    '%s has a page that can be followed',
    (signal, alarm) => {
      const page = readFileSync(join(RUNBOOKS, `${signal}.md`), 'utf8');
      expect(page.startsWith(`# ${signal}\n`)).toBe(true);
      for (const part of ['## What it means', '## Look', '## Do', '## Afterwards']) expect(page).toContain(part);
      expect(page).toContain(alarm.description.split(' Runbook:')[0]);
    },
  );
});

describe('alarms', () => {
  it('tell the topic, when they start and when they end', () => {
    for (const { properties } of alarms) {
      for (const actions of ['AlarmActions', 'OKActions']) {
        expect(properties[actions]).toEqual([{ Ref: expect.stringMatching(/^NotificationsTopic/) }]);
      }
    }
  });

  it('ring at the first occurrence, and not because nothing ran', () => {
    for (const { properties } of alarms) {
      expect(properties).toMatchObject({
        Threshold: 1,
        EvaluationPeriods: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      });
    }
  });

  it.each([
    ['CALLBACK_FORGED', 'ReadGate'],
    ['LEDGER_TAMPERED', 'AnchorLedger'],
    ['EMAIL_NOT_SENT', 'RequestApproval'],
    ['CALLBACKS_NOT_READ', 'RepeatCallbacks'],
  ])('count %s in the log of %s', (message, logOf) => {
    stack.template.hasResourceProperties('AWS::Logs::MetricFilter', {
      FilterPattern: `{ $.message = "${message}" }`,
      LogGroupName: { Ref: Match.stringLikeRegexp(`^Functions${logOf}Log`) },
      MetricTransformations: [{ MetricNamespace: 'ModelRelease', MetricName: message, MetricValue: '1' }],
    });
    stack.template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: message, Statistic: 'Sum' });
  });

  it.each(['CALLBACK_FORGED', 'LEDGER_TAMPERED', 'EMAIL_NOT_SENT', 'CALLBACKS_NOT_READ'])(
    'listen for %s, which a handler logs under that very name',
    (message) => {
      const folder = join(import.meta.dirname, '..', '..', 'functions');
      const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
      const texts = entries.map((name) => readFileSync(join(folder, name), 'utf8'));
      expect(texts.filter((text) => text.includes(`logger.error('${message}'`))).toHaveLength(1);
    },
  );

  it.each(['promotion', 'onboarding', 'rollback'])('notice that an execution of %s failed or timed out', (machine) => {
    const metrics = alarmOf(`${machine}-failed`);
    expect(metrics).toContain('"ExecutionsFailed"');
    expect(metrics).toContain('"ExecutionsTimedOut"');
    expect(metrics).not.toContain('"ExecutionsAborted"');
  });

  it('notice that a function which nothing waits for failed or was throttled', () => {
    for (const name of ['vouch', 'roll-back', 'anchor-ledger', 'decide-approval', 'close-dead-promotion']) {
      const metrics = alarmOf(`${name}-failing`);
      expect(metrics).toContain('"Errors"');
      expect(metrics).toContain('"Throttles"');
    }
  });
});

function alarmOf(signal: string): string {
  return JSON.stringify(alarms.find((alarm) => alarm.signal === signal)?.properties ?? {});
}
