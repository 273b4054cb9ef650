import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { GATE_ATTRIBUTES } from '../../functions/approval/gate-attributes.ts';
import { actionsOf, roleStatements, synthesized } from './synthesized.ts';

const stack = synthesized();
const ROLE = 'ModelRelease-console';

const widget = z.object({ type: z.string(), width: z.number(), properties: z.record(z.string(), z.unknown()) });
const [dashboard] = stack.ofType('AWS::CloudWatch::Dashboard');

/** The body as CloudWatch gets it, each reference written as `{name}`. */
function bodyText(): string {
  const body = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) });
  const [, parts] = body.parse(dashboard?.properties['DashboardBody'])['Fn::Join'];
  const named = z.union([
    z.string(),
    z.object({ Ref: z.string() }).transform(({ Ref }) => `{${Ref}}`),
    z.object({ 'Fn::GetAtt': z.array(z.string()) }).transform((one) => `{${one['Fn::GetAtt'].join('.')}}`),
  ]);
  return parts.map((part) => named.parse(part)).join('');
}
const widgets = z.object({ widgets: z.array(widget) }).parse(JSON.parse(bodyText())).widgets;

describe('access of the console', () => {
  it('is to read, and to nothing that could change anything', () => {
    expect(actionsOf(stack, ROLE)).toEqual([
      'appconfig:GetLatestConfiguration',
      'appconfig:StartConfigurationSession',
      'dynamodb:ConditionCheckItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
      'kms:Decrypt',
      'kms:DescribeKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  it('leaves task tokens and digests of secrets where they are: approvals by query, and by attributes of gates alone', () => {
    const approvals = roleStatements(stack, ROLE).filter(({ Resource }) =>
      JSON.stringify(Resource).includes('TablesApprovals'),
    );
    expect(approvals.map(({ Action, Condition }) => ({ Action, Condition }))).toEqual([
      {
        Action: ['dynamodb:Query'],
        Condition: {
          StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': GATE_ATTRIBUTES },
        },
      },
    ]);
    expect(GATE_ATTRIBUTES).not.toContain('token');
    expect(GATE_ATTRIBUTES).not.toContain('secretSha256s');
  });

  it('reads anchors of the evidence bucket, and no evidence', () => {
    const gets = roleStatements(stack, ROLE).filter(({ Action }) => Action.includes('s3:GetObject'));
    expect(JSON.stringify(gets.map(({ Resource }) => Resource))).toMatch(/^\[\[.*\/anchors\/\*.*\]\]$/);
    expect(JSON.stringify(gets)).not.toContain('evidence/');
  });

  it('is given to nobody by the stack: whoever looks needs the right to invoke it', () => {
    const permissions = stack
      .ofType('AWS::Lambda::Permission')
      .filter(({ properties }) => JSON.stringify(properties['FunctionName']).includes('FunctionsConsole'));
    expect(permissions).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('carries the name of the stack, and shows the console above everything else, on the whole width', () => {
    expect(dashboard?.properties['DashboardName']).toBe('ModelRelease');
    const [first] = widgets;
    expect(first).toMatchObject({ type: 'custom', width: 24, properties: { updateOn: { refresh: true } } });
    expect(first?.properties['endpoint']).toMatch(/^\{FunctionsConsoleFunction[0-9A-F]+\.Arn\}$/);
  });

  it('shows every alarm of the stack', () => {
    const shown = z.array(z.string()).parse(widgets.find(({ type }) => type === 'alarm')?.properties['alarms']);
    const alarms = stack.ofType('AWS::CloudWatch::Alarm').map(({ logicalId }) => `{${logicalId}.Arn}`);
    expect(shown.toSorted()).toEqual(alarms.toSorted());
    // CloudWatch takes no more in one widget.
    expect(shown.length).toBeLessThanOrEqual(100);
  });

  it('searches for the metrics of models and versions, which are not known at deploy', () => {
    const expressions = JSON.stringify(widgets.filter(({ type }) => type === 'metric'));
    for (const name of ['FORECASTS_ASKED', 'FORECASTS_MISSING', 'FORECASTS_INVALID', 'ANSWER_MS']) {
      expect(expressions).toContain(
        `SEARCH('{ModelRelease,service,model,version} service=\\"inference\\" MetricName=\\"${name}\\"'`,
      );
    }
    expect(expressions).toContain('REQUESTS_FAILED');
  });
});
