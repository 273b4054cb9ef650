import { describe, expect, test } from 'vitest';
import { createResources, outputsOf } from '../../infra/local/cloudformation/resources.ts';
import { creationOrder, resolveValue, templateSchema } from '../../infra/local/cloudformation/template.ts';
import { PlatformFault } from '../../infra/local/platform-fault.ts';

const scope = {
  stackName: 'Demo',
  parameters: { Stage: 'prod' },
  created: new Map([
    ['Table', { ref: 'Demo-Table', attributes: { Arn: 'arn:table' } }],
    ['Queue', { ref: 'demo-queue' }],
  ]),
};

describe('intrinsic functions', () => {
  test.each([
    [{ Ref: 'Table' }, 'Demo-Table'],
    [{ Ref: 'Stage' }, 'prod'],
    [{ Ref: 'AWS::Region' }, 'eu-west-1'],
    [{ Ref: 'AWS::StackName' }, 'Demo'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:table'],
    [{ 'Fn::Join': ['/', ['a', { Ref: 'Queue' }, 7]] }, 'a/demo-queue/7'],
    [{ 'Fn::Sub': `\${Table.Arn}/\${Stage}` }, 'arn:table/prod'],
  ])('resolves %j', (value, expected) => {
    expect(resolveValue(value, scope)).toBe(expected);
  });

  test('leaves plain values, and objects with a member called Condition, as they are', () => {
    const value = { Condition: { StringEquals: { a: 'b' } }, list: [1, true, null] };
    expect(resolveValue(value, scope)).toEqual(value);
  });

  test('refuses an intrinsic function that it does not know, by name', () => {
    expect(() => resolveValue({ 'Fn::ImportValue': 'x' }, scope)).toThrow(/Fn::ImportValue/);
  });

  test('refuses a reference to nothing, and an attribute that is not provided', () => {
    expect(() => resolveValue({ Ref: 'Missing' }, scope)).toThrow(/Missing/);
    expect(() => resolveValue({ 'Fn::GetAtt': ['Queue', 'Arn'] }, scope)).toThrow(/Queue\.Arn/);
  });
});

describe('creation', () => {
  const template = templateSchema.parse({
    Resources: {
      Last: { Type: 'Test::Thing', Properties: { Value: { 'Fn::Sub': `x-\${Middle}` } }, DependsOn: ['Side'] },
      Middle: {
        Type: 'Test::Thing',
        Properties: { Value: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['First', 'Arn'] }]] } },
      },
      First: { Type: 'Test::Thing' },
      Side: { Type: 'AWS::SNS::TopicPolicy' },
    },
    Outputs: { Answer: { Value: { Ref: 'Last' } } },
  });

  test('comes after everything that a resource refers to or depends on', () => {
    expect(creationOrder(template)).toEqual(['Side', 'First', 'Middle', 'Last']);
  });

  test('hands resolved properties to the maker and its answer to those that refer to it', async () => {
    const makers = {
      'Test::Thing': ({
        logicalId,
        properties,
      }: {
        logicalId: string;
        properties: Readonly<Record<string, unknown>>;
      }) => ({
        ref: `${logicalId}(${properties['Value'] ?? ''})`,
        attributes: { Arn: `arn:${logicalId}` },
      }),
    };
    const created = await createResources(template, makers, 'Demo');
    expect(outputsOf(template, created, 'Demo')).toEqual({ Answer: 'Last(x-Middle(arn:First))' });
  });

  test('refuses types that it does not know before it creates anything, naming them and what to do', async () => {
    const fault = await createResources(template, {}, 'Demo').catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(PlatformFault);
    expect(String(fault)).toContain('Test::Thing (Last), Test::Thing (Middle), Test::Thing (First)');
    expect(fault).toHaveProperty('next', expect.stringContaining('INERT_TYPES'));
  });

  test('says which resource could not be created', async () => {
    const makers = {
      'Test::Thing': () => {
        throw new Error('no room');
      },
    };
    await expect(createResources(template, makers, 'Demo')).rejects.toThrow(
      'First (Test::Thing) could not be created: no room',
    );
  });

  test('refuses a circular reference', () => {
    const circular = templateSchema.parse({
      Resources: { A: { Type: 'T', DependsOn: 'B' }, B: { Type: 'T', Properties: { x: { Ref: 'A' } } } },
    });
    expect(() => creationOrder(circular)).toThrow(/circular reference between B and A/);
  });
});
