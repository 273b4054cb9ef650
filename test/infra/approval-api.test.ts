import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { SIGN_IN, synthesized } from './synthesized.ts';

const stack = synthesized({ senderEmail: 'models@shop.example', alertEmail: 'night@shop.example' });

describe('approval API', () => {
  it.each([
    ['GET /approvals/{id}', 'ShowApproval'],
    ['HEAD /approvals/{id}', 'ShowApproval'],
    ['POST /approvals/{id}', 'DecideApproval'],
    ['GET /approvals/{id}/reports/{name}', 'ShowApproval'],
    ['HEAD /approvals/{id}/reports/{name}', 'ShowApproval'],
    ['GET /rollbacks/{id}', 'ShowRollback'],
    ['HEAD /rollbacks/{id}', 'ShowRollback'],
    ['POST /rollbacks/{id}', 'RequestRollback'],
    ['GET /recalls/{id}', 'ShowRecall'],
    ['HEAD /recalls/{id}', 'ShowRecall'],
    ['POST /recalls/{id}', 'AcknowledgeRecall'],
    ['GET /notices/{id}', 'ShowNotice'],
    ['HEAD /notices/{id}', 'ShowNotice'],
    ['POST /notices/{id}', 'AnswerNotice'],
  ])('answers %s by the function that may do no more than that: %s', (key, does) => {
    const routes = stack.ofType('AWS::ApiGatewayV2::Route').filter(({ properties }) => properties['RouteKey'] === key);
    expect(routes).toHaveLength(1);
    const target = JSON.stringify(routes[0]?.properties['Target']);
    const integration = stack
      .ofType('AWS::ApiGatewayV2::Integration')
      .find(({ logicalId }) => target.includes(`"${logicalId}"`));
    expect(integration?.properties).toMatchObject({ PayloadFormatVersion: '2.0', IntegrationType: 'AWS_PROXY' });
    expect(JSON.stringify(integration?.properties['IntegrationUri'])).toContain(`Functions${does}Function`);
  });

  it('has no other route', () => {
    stack.template.resourceCountIs('AWS::ApiGatewayV2::Route', 14);
  });

  it('is throttled', () => {
    stack.template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
    });
  });

  it('logs as JSON and never the query, where the secret of the link is', () => {
    const [stage] = stack.ofType('AWS::ApiGatewayV2::Stage');
    const { Format: format } = accessLog(stage?.properties['AccessLogSettings']);
    const fields: unknown = JSON.parse(format);
    expect(fields).toMatchObject({ status: '$context.status', path: '$context.path' });
    expect(format).not.toMatch(/query|rawPath|requestOverride|authorizer|body/i);
  });

  it('is found by an address without a slash at the end, which the emails are built on', () => {
    const address = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ApprovalApi'), 'ApiEndpoint'] };
    stack.template.hasOutput('ApprovalBaseUrl', { Value: address });
    stack.template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ModelRelease-request-approval',
      Environment: { Variables: { APPROVAL_BASE_URL: address, SENDER_EMAIL: 'models@shop.example' } },
    });
  });
});

describe('sign-in', () => {
  const signed = synthesized({ senderEmail: 'models@shop.example', alertEmail: 'night@shop.example', ...SIGN_IN });
  const ids = (of: typeof stack) => of.all.map(({ logicalId }) => logicalId);

  it('is no part of a stack without an issuer: no resource, no setting, no trace of it', () => {
    expect(/.{20}(sign-in|SignIn|OIDC|session#)/.exec(stack.text)).toBeNull();
  });

  it('adds two ways to show, one function with role and log, and two alarms, and takes nothing away', () => {
    const added = signed.all.filter(({ logicalId }) => !ids(stack).includes(logicalId));
    expect(ids(stack).filter((id) => !ids(signed).includes(id))).toEqual([]);
    expect(added.map(({ type }) => type).toSorted()).toEqual([
      'AWS::ApiGatewayV2::Integration',
      'AWS::ApiGatewayV2::Route',
      'AWS::ApiGatewayV2::Route',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Alarm',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::Logs::MetricFilter',
    ]);
    const routes = added.flatMap(({ properties }) => properties['RouteKey'] ?? []);
    expect(routes).toEqual(['GET /sign-in', 'GET /sign-in/callback']);
  });

  it('tells the functions that show and decide that they need one, and no other', () => {
    const told = signed
      .ofType('AWS::Lambda::Function')
      .filter(({ properties }) => JSON.stringify(properties['Environment'] ?? {}).includes('"OIDC_ISSUER"'))
      .map(({ properties }) => properties['FunctionName']);
    expect(told.toSorted()).toEqual(
      ['answer-notice', 'decide-approval', 'show-approval', 'show-notice', 'sign-in'].map(
        (one) => `ModelRelease-${one}`,
      ),
    );
  });

  it('lets the table drop sessions that expired, and the function alone put them', () => {
    // With and without an issuer: DynamoDB takes no second change of it within an hour, and a deploy that takes a sign-in
    // away again, because nobody can get in, would fail.
    for (const { template } of [stack, signed]) {
      template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
        TimeToLiveSpecification: { AttributeName: 'expiresAtSeconds', Enabled: true },
      });
    }
    expect(signed.text).toContain(':role/ModelRelease-sign-in');
  });
});

describe('notifications', () => {
  it('are sent from the configured address, and by the functions that write to people only as it', () => {
    stack.template.hasResourceProperties('AWS::SES::EmailIdentity', { EmailIdentity: 'models@shop.example' });
    expect(stack.text).toContain(':identity/models@shop.example');
    expect(stack.text).not.toContain(':identity/*');
  });

  it('go through a topic that is encrypted and takes nothing without TLS', () => {
    stack.template.hasResourceProperties('AWS::SNS::Topic', {
      KmsMasterKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeysNotifications'), 'Arn'] },
    });
    stack.template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('let the alarms of this account through topic and key', () => {
    const alarms = Match.objectLike({
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    stack.template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([alarms]) },
    });
    stack.template.hasResourceProperties('AWS::KMS::Key', { KeyPolicy: { Statement: Match.arrayWith([alarms]) } });
  });

  it('reach the configured address', () => {
    stack.template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'night@shop.example',
    });
  });
});

function accessLog(settings: unknown): { readonly Format: string } {
  const isLog = (value: unknown): value is { readonly Format: string } =>
    typeof value === 'object' && value !== null && 'Format' in value && typeof value.Format === 'string';
  if (isLog(settings)) return settings;
  throw new Error('The stage has no access log.');
}
