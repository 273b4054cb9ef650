import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { synthesized } from './synthesized.ts';

const stack = synthesized({ senderEmail: 'models@shop.example', alertEmail: 'night@shop.example' });

describe('Events for other systems', () => {
  it('are told one by one, as the stream has them, for as long as a day of trouble, and reported when given up', () => {
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: Match.stringLikeRegexp('PublishEvents') },
      ...{ BatchSize: 1, MaximumRetryAttempts: 10, StartingPosition: 'TRIM_HORIZON' },
      DestinationConfig: { OnFailure: { Destination: { Ref: Match.stringLikeRegexp('^NotificationsTopic') } } },
    });
  });

  it('have an encrypted topic of their own, of which people on duty are mailed what is more than information', () => {
    stack.template.hasResourceProperties('AWS::SNS::Topic', {
      DisplayName: 'Model release events',
      KmsMasterKeyId: Match.anyValue(),
    });
    stack.template.hasResourceProperties('AWS::SNS::Subscription', {
      ...{ Protocol: 'email', Endpoint: 'night@shop.example' },
      TopicArn: { Ref: Match.stringLikeRegexp('^NotificationsEvents') },
      FilterPolicy: { severity: ['warning', 'critical'] },
    });
  });

  it('have a bus of their own, which writes notes and change logs, and emails the teams', () => {
    stack.template.hasResourceProperties('AWS::Events::EventBus', { Name: 'ModelRelease-events' });
    for (const [target, events] of [
      ['ReleaseNote', ['settings-changed', 'rolled-back', 'release-noted']],
      ['SendNotice', ['stage-entered', 'canary-step', 'change-noticed', 'change-undone']],
    ] as const) {
      stack.template.hasResourceProperties('AWS::Events::Rule', {
        EventBusName: { Ref: Match.stringLikeRegexp('^NotificationsBus') },
        EventPattern: { source: ['model-release'], 'detail-type': Match.arrayWith([...events]) },
        Targets: [
          Match.objectLike({
            Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(target), 'Arn'] },
            RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
          }),
        ],
      });
    }
  });

  it('are put under our source by the functions that publish them, and by nobody else of the account', () => {
    const functions: readonly FunctionSpec[] = FUNCTIONS;
    const publishing = functions.filter(({ access }) => access.includes('events:publish'));
    const roles = publishing.map(({ name }) => `:role/ModelRelease-${name}`);
    expect(roles).toContain(':role/ModelRelease-publish-events');
    const [policy, ...more] = stack.ofType('AWS::Events::EventBusPolicy');
    expect(more).toEqual([]);
    expect(policy?.properties).toMatchObject({
      EventBusName: { Ref: expect.stringMatching(/^NotificationsBus/) },
      Statement: {
        ...{ Effect: 'Deny', Action: 'events:PutEvents' },
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^NotificationsBus/), 'Arn'] },
        Condition: {
          'ForAnyValue:StringEquals': { 'events:source': 'model-release' },
          ArnNotEquals: {
            'aws:PrincipalArn': roles.map((role) => ({
              'Fn::Join': ['', expect.arrayContaining([expect.stringContaining(role)])],
            })),
          },
        },
      },
    });
    expect(JSON.stringify(policy?.properties['Statement'])).toMatch(/"Principal":("\*"|\{"AWS":"\*"\})/);
  });

  it('are named in the outputs', () => {
    for (const name of ['NotificationTopicArn', 'EventBusName', 'EventBusArn']) stack.template.hasOutput(name, {});
  });
});
