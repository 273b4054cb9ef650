import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../functions/inference/serving/signals.ts';
import { ANSWERED_ALARMS } from '../../functions/platform/metric-names.ts';
import { STATE_MACHINES } from '../../infra/constructs/names.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { ROOT, sources } from '../structure/sources.ts';
import { SIGN_IN, synthesized } from './synthesized.ts';

const RUNBOOKS = join(import.meta.dirname, '..', '..', 'infra', 'runbooks');

const stack = synthesized(SIGN_IN);
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

describe('runbooks', () => {
  const pages = readdirSync(RUNBOOKS).map((file) => [file, readFileSync(join(RUNBOOKS, file), 'utf8')] as const);

  it.each(pages)('%s names only functions, machines, pages and files that there are', (_file, page) => {
    const names = [...page.matchAll(/ModelRelease-([a-z-]+)/g)].map(([, name]) => name);
    const known: readonly string[] = [...FUNCTIONS.map(({ name }) => name), ...STATE_MACHINES];
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    const files = [...page.matchAll(/`([\w/-]+\.(?:md|ts))`/g)].map(([, file = '']) => file);
    const missing = files.filter((file) => !existsSync(join(file.endsWith('.md') ? RUNBOOKS : ROOT, file)));
    expect(missing).toEqual([]);
  });

  it.each(pages)('%s uses only commands of the AWS CLI and of this project', (_file, page) => {
    const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.replaceAll('\\\n', ''));
    const commands = blocks.flatMap((block) => block.split('\n')).filter((line) => line.trim() !== '');
    expect(commands.filter((line) => !/^(aws [a-z0-9-]+ [a-z-]+ |npm run [a-z-]+)/.test(line))).toEqual([]);
  });
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
    for (const { properties, signal } of alarms) {
      if (signal === 'forecast-slow') continue;
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
    ['GUARD_WARNING', 'Guard'],
    ['ROLLBACK_NOT_READY', 'CheckReadiness'],
    ['DRILL_NOT_PASSED', 'RecordDrill'],
    ['GUARD_SILENT', 'Guard'],
    ['ALERT_NOT_SENT', 'Guard'],
    ['ALERT_NOT_SENT', 'AnswerAlarm'],
    ['ALERT_NOT_SENT', 'Reconcile'],
    ['ALERT_NOT_SENT', 'RecordDrill'],
  ])('count %s in the log of %s', (message, logOf) => {
    stack.template.hasResourceProperties('AWS::Logs::MetricFilter', {
      FilterPattern: `{ $.message = "${message}" }`,
      LogGroupName: { Ref: Match.stringLikeRegexp(`^Functions${logOf}Log`) },
      MetricTransformations: [{ MetricNamespace: 'ModelRelease', MetricName: message, MetricValue: '1' }],
    });
    stack.template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: message, Statistic: 'Sum' });
  });

  it.each(SIGNALS)('watch the metric %s, which inference counts in its log without a filter', (signal) => {
    stack.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'ModelRelease',
      MetricName: signal,
      Dimensions: [{ Name: 'service', Value: 'inference' }],
      Statistic: 'Sum',
    });
  });

  it('ring for slow answers of three minutes in a row, since a process that starts is slow once', () => {
    expect(alarms.find(({ signal }) => signal === 'forecast-slow')?.properties).toMatchObject({
      ...{ Namespace: 'ModelRelease', MetricName: 'ANSWER_MS', ExtendedStatistic: 'p99', Threshold: 3_000 },
      ...{ EvaluationPeriods: 3, TreatMissingData: 'notBreaching' },
      Dimensions: [{ Name: 'service', Value: 'inference' }],
    });
  });

  it('reach the function that answers them through the bus, as far as they tell what happens in minutes', () => {
    const names = ANSWERED_ALARMS.map((signal) => `ModelRelease-${signal}`);
    stack.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.cloudwatch'],
        'detail-type': ['CloudWatch Alarm State Change'],
        detail: { alarmName: names, state: { value: ['ALARM'] } },
      },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FunctionsAnswerAlarm'), 'Arn'] } })],
    });
    const known = alarms.map(({ properties }) => properties['AlarmName']);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('listen for what a handler logs under that very name', () => {
    const code = sources('functions').map(({ text }) => text);
    const messages = stack
      .ofType('AWS::Logs::MetricFilter')
      .map(({ properties }) => /"(\w+)"/.exec(String(properties['FilterPattern']))?.[1] ?? '');
    expect(messages).toContain('CALLBACK_FORGED');
    // Directly, or through the port by which pure code tells of it.
    const named = (message: string) =>
      code.some((text) => new RegExp(`(logger\\.error|signal|tell)\\([^;]*'${message}'`).test(text));
    expect(messages.filter((message) => !named(message))).toEqual([]);
  });

  it.each(['promotion', 'onboarding', 'rollback'])('notice that an execution of %s failed or timed out', (machine) => {
    const metrics = alarmOf(`${machine}-failed`);
    expect(metrics).toContain('"ExecutionsFailed"');
    expect(metrics).toContain('"ExecutionsTimedOut"');
    expect(metrics).not.toContain('"ExecutionsAborted"');
  });

  it('notice that a function which nothing waits for failed or was throttled', () => {
    for (const name of [
      'vouch',
      'roll-back',
      'anchor-ledger',
      'decide-approval',
      'close-dead-promotion',
      'guard',
      'answer-alarm',
      'forecast',
      'end-exposure',
      'complete-log',
    ]) {
      const metrics = alarmOf(`${name}-failing`);
      expect(metrics).toContain('"Errors"');
      expect(metrics).toContain('"Throttles"');
    }
  });
});

function alarmOf(signal: string): string {
  return JSON.stringify(alarms.find((alarm) => alarm.signal === signal)?.properties ?? {});
}
