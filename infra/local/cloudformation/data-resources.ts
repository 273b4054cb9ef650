import * as z from 'zod';
import { tableArn } from '../dynamodb/dynamodb.ts';
import { followStream } from '../dynamodb/streams.ts';
import { createTable } from '../dynamodb/table.ts';
import { bucketArn } from '../s3/call.ts';
import type { MakerParts } from './compute-resources.ts';
import { type Makers, nameOf } from './resources.ts';

const tablePolicySchema = z.object({
  Replicas: z.tuple([z.object({ ResourcePolicy: z.object({ PolicyDocument: z.unknown() }).optional() })]),
});
const bucketPolicySchema = z.object({ Bucket: z.string(), PolicyDocument: z.unknown() });
const keySchema = z.object({ KeyPolicy: z.unknown().optional() });
const machineSchema = z.object({ StateMachineName: z.string(), RoleArn: z.string() });
const actionsSchema = z.object({
  Actions: z.record(z.string(), z.array(z.object({ Uri: z.string(), RoleArn: z.string() }))),
});
const mappingSchema = z.object({ FunctionName: z.string(), EventSourceArn: z.string() });

/** Tables, buckets, keys, topics, senders and alarms, state machines, stream mappings, AppConfig. */
export function dataMakers(parts: MakerParts): Makers {
  return { ...storageMakers(parts), ...messageMakers(parts), ...flowMakers(parts) };
}

function storageMakers({ iam, engine, s3, kms }: MakerParts): Makers {
  return {
    'AWS::DynamoDB::GlobalTable': async (resource) => {
      const [{ ResourcePolicy }] = tablePolicySchema.parse(resource.properties).Replicas;
      const table = await createTable(engine, nameOf(resource, 'TableName'), resource.properties);
      if (ResourcePolicy !== undefined) iam.addResourcePolicy(tableArn(table.name), ResourcePolicy.PolicyDocument);
      return { ref: table.name, attributes: { Arn: table.arn, StreamArn: table.streamArn } };
    },
    'AWS::S3::Bucket': (resource) => {
      const { name, arn } = s3.createBucket(nameOf(resource, 'BucketName').toLowerCase(), resource.properties);
      return { ref: name, attributes: { Arn: arn } };
    },
    'AWS::S3::BucketPolicy': ({ properties, generatedName }) => {
      const { Bucket, PolicyDocument } = bucketPolicySchema.parse(properties);
      iam.addResourcePolicy(bucketArn(Bucket), PolicyDocument);
      return { ref: generatedName };
    },
    'AWS::KMS::Key': ({ properties, logicalId }) => {
      const { keyId, arn } = kms.createKey(logicalId, properties);
      const { KeyPolicy } = keySchema.parse(properties);
      if (KeyPolicy !== undefined) iam.addResourcePolicy(arn, KeyPolicy);
      return { ref: keyId, attributes: { Arn: arn, KeyId: keyId } };
    },
  };
}

function messageMakers({ ses, sns, monitoring }: MakerParts): Makers {
  return {
    'AWS::CloudWatch::Alarm': (resource) => {
      const { name, arn } = monitoring.createAlarm(nameOf(resource, 'AlarmName'), resource.properties);
      return { ref: name, attributes: { Arn: arn } };
    },
    'AWS::Logs::MetricFilter': ({ properties, generatedName }) => {
      monitoring.createMetricFilter(properties);
      return { ref: generatedName };
    },
    'AWS::SNS::Topic': (resource) => {
      const { name, arn } = sns.createTopic(nameOf(resource, 'TopicName'));
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    },
    'AWS::SNS::Subscription': ({ properties, generatedName }) => {
      sns.subscribe(properties);
      return { ref: generatedName };
    },
    'AWS::SES::EmailIdentity': ({ properties }) => ({ ref: ses.createIdentity(properties) }),
    'AWS::SES::ConfigurationSet': (resource) => ({ ref: ses.createConfigurationSet(nameOf(resource, 'Name')) }),
    'AWS::SES::ConfigurationSetEventDestination': ({ properties, generatedName }) => {
      ses.addEventDestination(properties);
      return { ref: generatedName };
    },
  };
}

function flowMakers(parts: MakerParts): Makers {
  const { stepFunctions, appConfig, keepRole } = parts;
  return {
    'AWS::Lambda::EventSourceMapping': ({ properties, generatedName }) => {
      followTable(properties, parts);
      return { ref: generatedName };
    },
    'AWS::StepFunctions::StateMachine': ({ properties }) => {
      const { StateMachineName, RoleArn } = machineSchema.parse(properties);
      keepRole(StateMachineName, RoleArn);
      const arn = stepFunctions.createStateMachine(properties);
      return { ref: arn, attributes: { Arn: arn, Name: StateMachineName, StateMachineRevisionId: 'local' } };
    },
    'AWS::StepFunctions::StateMachineVersion': ({ properties }) => ({ ref: stepFunctions.createVersion(properties) }),
    'AWS::StepFunctions::StateMachineAlias': ({ properties }) => ({ ref: stepFunctions.createAlias(properties) }),
    'AWS::AppConfig::Application': ({ properties }) => {
      const { Id } = appConfig.createApplication(properties);
      return { ref: Id, attributes: { ApplicationId: Id } };
    },
    'AWS::AppConfig::DeploymentStrategy': ({ properties }) => {
      const { Id } = appConfig.createDeploymentStrategy(properties);
      return { ref: Id, attributes: { Id } };
    },
    'AWS::AppConfig::Extension': ({ properties }) => {
      const { Id, Arn } = appConfig.createExtension(properties);
      const actions = Object.values(actionsSchema.parse(properties).Actions).flat();
      for (const { Uri, RoleArn } of actions) keepRole(Uri, RoleArn);
      return { ref: Id, attributes: { Id, Arn, VersionNumber: 1 } };
    },
    'AWS::AppConfig::ExtensionAssociation': ({ properties }) => {
      const { Id, Arn } = appConfig.createExtensionAssociation(properties);
      return { ref: Id, attributes: { Id, Arn } };
    },
  };
}

/** What Lambda asks of a function's role before it reads a stream for it. */
const STREAM_ACTIONS = ['GetRecords', 'GetShardIterator', 'DescribeStream'] as const;

function followTable(properties: Readonly<Record<string, unknown>>, parts: MakerParts): void {
  const { FunctionName, EventSourceArn: resource } = mappingSchema.parse(properties);
  const { iam, host, engine, sns } = parts;
  const principal = iam.principalOf(host.find(FunctionName).name);
  for (const action of STREAM_ACTIONS) {
    const refusal = iam.refusal({ principal, action: `dynamodb:${action}`, resource });
    if (refusal !== undefined) throw new Error(`Cannot access stream ${resource}: ${refusal}`);
  }
  const onFailure = async (topicArn: string, notice: object): Promise<void> => {
    await sns.publish(topicArn, JSON.stringify(notice));
  };
  parts.followers.push(followStream({ engine, properties, invoke: host.invoke, onFailure }));
}
