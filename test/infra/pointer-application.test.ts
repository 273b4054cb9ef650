import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

const stack = synthesized();

describe('pointer application', () => {
  it.each([
    'AWS::AppConfig::Deployment',
    'AWS::AppConfig::HostedConfigurationVersion',
    'AWS::AppConfig::Environment',
    'AWS::AppConfig::ConfigurationProfile',
    'AWS::AppConfig::ExperimentDefinition',
    'AWS::AppConfig::ExperimentRun',
  ])('has no %s in the template, so that no deploy touches a pointer', (type) => {
    stack.template.resourceCountIs(type, 0);
  });

  it('says nothing of what a pointer holds anywhere in the template', () => {
    for (const attribute of ['productionVersion', 'canaryPercentage', 'manifestSha256', 'AWS.AppConfig.FeatureFlags']) {
      expect(stack.text).not.toContain(attribute);
    }
  });

  it('is named model-release and kept when the stack is deleted', () => {
    stack.template.hasResource('AWS::AppConfig::Application', {
      Properties: { Name: 'model-release' },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('has one strategy, that deploys everything at once and bakes for no time', () => {
    stack.template.resourceCountIs('AWS::AppConfig::DeploymentStrategy', 1);
    stack.template.hasResourceProperties('AWS::AppConfig::DeploymentStrategy', {
      Name: 'instant',
      GrowthFactor: 100,
      DeploymentDurationInMinutes: 0,
      FinalBakeTimeInMinutes: 0,
      ReplicateTo: 'NONE',
    });
  });

  it('asks the vouching function before each deployment, in every environment that it will ever have', () => {
    stack.template.hasResourceProperties('AWS::AppConfig::Extension', {
      Actions: {
        PRE_START_DEPLOYMENT: [
          {
            Uri: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FunctionsVouchFunction'), 'Arn'] },
            RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^PointerVouchingRole'), 'Arn'] },
          },
        ],
      },
    });
    stack.template.hasResourceProperties('AWS::AppConfig::ExtensionAssociation', {
      ResourceIdentifier: {
        'Fn::Join': ['', Match.arrayWith([':application/', { Ref: Match.stringLikeRegexp('^PointerApplication') }])],
      },
    });
  });

  it('lets AppConfig invoke the vouching function and nothing else', () => {
    stack.template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: 'appconfig.amazonaws.com' } }] },
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Action: 'lambda:InvokeFunction',
                Effect: 'Allow',
                Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FunctionsVouchFunction'), 'Arn'] },
              },
            ],
          },
        },
      ],
    });
  });
});
