import { describe, expect, test } from 'vitest';
import { conditionContext } from '../../infra/local/iam/condition-context.ts';
import { createIam } from '../../infra/local/iam/iam.ts';
import { matchesGlob, parsePolicy } from '../../infra/local/iam/policy-document.ts';

const TABLE = 'arn:aws:dynamodb:eu-west-1:000000000000:table/Ledger';
const WRITER = { kind: 'role', roleName: 'writer', session: 'append' } as const;
const ADMIN = { kind: 'administrator' } as const;

function iamWith(...statements: readonly object[]) {
  const iam = createIam();
  iam.attach('writer', { Version: '2012-10-17', Statement: statements }, 'WriterPolicy');
  return iam;
}

describe('identity policies', () => {
  test('a role may do what a statement allows, on that resource alone', () => {
    const iam = iamWith({ Effect: 'Allow', Action: ['dynamodb:PutItem', 'dynamodb:Get*'], Resource: TABLE });
    const refusal = (action: string, resource: string) => iam.refusal({ principal: WRITER, action, resource });
    expect(refusal('dynamodb:PutItem', TABLE)).toBeUndefined();
    expect(refusal('dynamodb:GetItem', TABLE)).toBeUndefined();
    expect(refusal('dynamodb:DeleteItem', TABLE)).toBe(
      `User: arn:aws:sts::000000000000:assumed-role/writer/append is not authorized to perform: dynamodb:DeleteItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:DeleteItem action`,
    );
    expect(refusal('dynamodb:PutItem', `${TABLE}2`)).toContain('no identity-based policy allows');
  });

  test('a deny wins over an allow', () => {
    const iam = iamWith(
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: ['dynamodb:S*', 'dynamodb:P*'], Resource: `${TABLE}*` },
    );
    expect(iam.refusal({ principal: WRITER, action: 'dynamodb:Query', resource: TABLE })).toBeUndefined();
    expect(iam.refusal({ principal: WRITER, action: 'dynamodb:Scan', resource: TABLE })).toContain(
      'with an explicit deny in an identity-based policy',
    );
    expect(iam.refusal({ principal: WRITER, action: 's3:GetObject', resource: 'arn:aws:s3:::b/k' })).toBeUndefined();
  });

  test('a condition holds only for requests that meet it', () => {
    const Condition = { StringEquals: { 'kms:MessageType': 'DIGEST' } };
    const iam = iamWith({ Effect: 'Allow', Action: 'kms:Sign', Resource: '*', Condition });
    const sign = { principal: WRITER, action: 'kms:Sign', resource: 'arn:key' };
    expect(iam.refusal({ ...sign, context: { 'kms:messagetype': 'DIGEST' } })).toBeUndefined();
    expect(iam.refusal({ ...sign, context: { 'kms:messagetype': 'RAW' } })).toBeDefined();
    expect(iam.refusal(sign)).toBeDefined();
  });

  test('a condition on the items of a table holds for a request that names such an item alone', () => {
    const Condition = {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['session#*'] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    };
    const iam = iamWith({ Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: TABLE, Condition });
    const put = (body: object) => {
      const request = { method: 'POST', path: '/', query: new URLSearchParams(), headers: {} };
      const context = conditionContext('dynamodb', { ...request, body: Buffer.from(JSON.stringify(body)) });
      return iam.refusal({ principal: WRITER, action: 'dynamodb:PutItem', resource: TABLE, context });
    };
    expect(put({ Item: { pk: { S: 'session#1' }, sk: { S: 'session' } } })).toBeUndefined();
    expect(put({ Item: { pk: { S: 'gate#1' }, sk: { S: 'session#1' } } })).toBeDefined();
    expect(put({ Item: { model: { S: 'session#1' } } })).toBeDefined();
    expect(put({})).toBeDefined();
  });

  test('a role without any policy may do nothing', () => {
    const iam = createIam();
    expect(iam.refusal({ principal: WRITER, action: 'sns:Publish', resource: '*' })).toBeDefined();
  });
});

describe('resource policies', () => {
  const onlyWriter = {
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 'dynamodb:PutItem',
      Resource: '*',
      Condition: { ArnNotLike: { 'aws:PrincipalArn': ['arn:aws:iam::000000000000:role/writer'] } },
    },
  };

  test('a deny binds the administrator too, on its own resource alone', () => {
    const iam = createIam();
    iam.addResourcePolicy(TABLE, onlyWriter);
    const put = (principal: typeof ADMIN | typeof WRITER, resource: string) =>
      iam.refusal({ principal, action: 'dynamodb:PutItem', resource });
    expect(put(ADMIN, TABLE)).toContain('with an explicit deny in a resource-based policy');
    expect(put(ADMIN, `${TABLE}/index/x`)).toBeDefined();
    expect(put(ADMIN, `${TABLE}Other`)).toBeUndefined();
  });

  test('an exception by principal is compared with the role, not with its session', () => {
    const iam = iamWith({ Effect: 'Allow', Action: '*', Resource: '*' });
    iam.addResourcePolicy(TABLE, onlyWriter);
    expect(iam.refusal({ principal: WRITER, action: 'dynamodb:PutItem', resource: TABLE })).toBeUndefined();
  });

  test('a put without If-None-Match is told from one with it', () => {
    const iam = createIam();
    iam.addResourcePolicy('arn:aws:s3:::log', {
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObject',
          Resource: 'arn:aws:s3:::log/kept/*',
          Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
        },
      ],
    });
    const put = (resource: string, context: Record<string, string>) =>
      iam.refusal({ principal: ADMIN, action: 's3:PutObject', resource, context });
    expect(put('arn:aws:s3:::log/kept/a', { 's3:objectcreationoperation': 'true' })).toBeDefined();
    expect(put('arn:aws:s3:::log/free/a', { 's3:objectcreationoperation': 'true' })).toBeUndefined();
    expect(
      put('arn:aws:s3:::log/kept/a', { 's3:objectcreationoperation': 'true', 's3:if-none-match': '*' }),
    ).toBeUndefined();
  });

  test('of an upload in parts only the end creates an object', () => {
    const created = (method: string, query: string) =>
      conditionContext('s3', {
        ...{ method, path: '/log/kept/a', query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
      })['s3:objectcreationoperation'];
    expect(created('PUT', '')).toBe('true');
    expect(created('POST', 'uploads')).toBe('false');
    expect(created('PUT', 'partNumber=1&uploadId=u')).toBe('false');
    expect(created('POST', 'uploadId=u')).toBe('true');
  });

  test('the policies for encrypted transport do not stand in the way of loopback', () => {
    const iam = createIam();
    iam.addResourcePolicy('arn:aws:s3:::log', {
      Statement: [
        { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
      ],
    });
    expect(iam.refusal({ principal: ADMIN, action: 's3:GetObject', resource: 'arn:aws:s3:::log/a' })).toBeUndefined();
  });
});

describe('what cannot be enforced is refused at load', () => {
  const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  test.each([
    ['a condition operator', { ...statement, Condition: { IpAddress: { 'aws:SourceIp': '1.2.3.4' } } }, /IpAddress/],
    [
      'a condition key',
      { ...statement, Condition: { StringEquals: { 'aws:RequestedRegion': 'x' } } },
      /aws:RequestedRegion/,
    ],
    ['a member', { ...statement, NotAction: '*' }, /NotAction/],
  ])('%s that it does not know', (_what, unknown, message) => {
    expect(() => parsePolicy({ Statement: unknown }, 'P')).toThrow(message);
  });
});

describe('who calls', () => {
  test('an access key that a function was given is its role, every other the administrator', () => {
    const iam = createIam();
    iam.giveAccessKey('append', { roleName: 'writer', session: 'append' });
    expect(iam.principalOf('append')).toEqual(WRITER);
    expect(iam.principalOf('AKIAIOSFODNN7EXAMPLE')).toEqual(ADMIN);
  });

  test('a service invokes a function only with a permission for its source', () => {
    const iam = createIam();
    const wanted = { functionName: 'vouch', servicePrincipal: 'events.amazonaws.com' };
    iam.addInvokePermission({ ...wanted, sourceArn: 'arn:aws:events:eu-west-1:000000000000:rule/hourly*' });
    const demand = (sourceArn: string) => () => iam.demandInvokePermission({ ...wanted, sourceArn });
    expect(demand('arn:aws:events:eu-west-1:000000000000:rule/hourly-1')).not.toThrow();
    expect(demand('arn:aws:events:eu-west-1:000000000000:rule/daily')).toThrow(
      /not authorized to perform: lambda:InvokeFunction/,
    );
  });
});

describe('wildcards', () => {
  test.each([
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/a/b', true],
    ['a.c', 'abc', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*/approvals/{id}', 'x/GET/approvals/{id}', true],
    ['(a|b)', 'a', false],
  ])('%s against %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });
});

describe('what a query of a table asks for', () => {
  const Condition = {
    StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'status'] },
  };
  const iam = iamWith({ Effect: 'Allow', Action: 'dynamodb:Query', Resource: TABLE, Condition });
  const ask = (query: object) => {
    const body = Buffer.from(JSON.stringify(query));
    const context = conditionContext('dynamodb', {
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body,
    });
    return iam.refusal({ principal: WRITER, action: 'dynamodb:Query', resource: TABLE, context });
  };
  const ExpressionAttributeNames = { '#a': 'pk', '#b': 'status', '#c': 'token' };

  test('is let through when it names attributes, and those alone that it may', () => {
    const wanted = {
      Select: 'SPECIFIC_ATTRIBUTES',
      ProjectionExpression: '#a, sk, #b',
      KeyConditionExpression: '#a = :pk',
    };
    expect(ask({ ...wanted, ExpressionAttributeNames })).toBeUndefined();
  });

  test.each([
    ['everything', { KeyConditionExpression: '#a = :pk' }],
    ['a count', { Select: 'COUNT' }],
    ['another attribute', { Select: 'SPECIFIC_ATTRIBUTES', ProjectionExpression: '#a, #c' }],
    [
      'a filter by another',
      { Select: 'SPECIFIC_ATTRIBUTES', ProjectionExpression: '#a', FilterExpression: 'begins_with(#c, :x)' },
    ],
  ])('is refused when it asks for %s', (_, query) => {
    expect(ask({ ...query, ExpressionAttributeNames })).toContain('no identity-based policy allows');
  });
});
