import * as z from 'zod';
import type { AppConfig } from '../appconfig/appconfig.ts';
import { tableArn } from '../dynamodb/dynamodb.ts';
import { followStream } from '../dynamodb/streams.ts';
import { createTable } from '../dynamodb/table.ts';
import type { DynamoDbEngine } from '../dynamodb-engine.ts';
import type { Iam } from '../iam/iam.ts';
import type { Kms } from '../kms.ts';
import type { LambdaHost } from '../lambda/lambda-host.ts';
import type { Sns } from '../messages/sns.ts';
import type { Monitoring } from '../monitoring/monitoring.ts';
import { bucketArn } from '../s3/call.ts';
import type { S3 } from '../s3/s3.ts';
import { REGION } from '../service.ts';
import type { StepFunctions } from '../step-functions/step-functions.ts';
import { nameOf } from './compute-resources.ts';
import type { Makers } from './resources.ts';

/** The parts that these resources are created in. */
export interface DataParts {
  readonly iam: Iam;
  readonly engine: DynamoDbEngine;
  readonly s3: S3;
  readonly kms: Kms;
  readonly sns: Sns;
  readonly monitoring: Monitoring;
  readonly host: LambdaHost;
  /** Takes what reads streams, to be stopped with the platform. */
  readonly followers: { stop(): Promise<void> }[];
  readonly appConfig: AppConfig;
  /** Told which role AppConfig takes to invoke the function of an extension. */
  readonly extensionRole: (functionArn: string, roleArn: string) => void;
  readonly stepFunctions: StepFunctions;
  /** Told which role a state machine runs under. */
  readonly machineRole: (stateMachineName: string, roleArn: string) => void;
}

const tablePolicySchema = z.object({
  Replicas: z
    .array(
      z.object({
        Region: z.string(),
        ResourcePolicy: z.object({ PolicyDocument: z.unknown() }).optional(),
      }),
    )
    .default([]),
});
const bucketPolicySchema = z.object({ Bucket: z.string(), PolicyDocument: z.unknown() });
const machineSchema = z.object({ StateMachineName: z.string(), RoleArn: z.string() });

const keySchema = z.object({ KeyPolicy: z.unknown().optional() });
const mappingSchema = z.object({ FunctionName: z.string(), EventSourceArn: z.string() });

/** Tables, buckets, keys, topics, senders and alarms, state machines, stream mappings, AppConfig. */
export function dataMakers(parts: DataParts): Makers {
  return { ...storageMakers(parts), ...messageMakers(parts), ...flowMakers(parts), ...pointerMakers(parts) };
}

function storageMakers({ iam, engine, s3, kms }: DataParts): Makers {
  return {
    'AWS::DynamoDB::GlobalTable': async (resource) => {
      const { Replicas } = tablePolicySchema.parse(resource.properties);
      const table = await createTable(engine, nameOf(resource, 'TableName'), resource.properties);
      const policy = Replicas.find(({ Region }) => Region === REGION)?.ResourcePolicy;
      if (policy !== undefined) iam.addResourcePolicy(tableArn(table.name), policy.PolicyDocument);
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

function messageMakers({ sns, monitoring }: DataParts): Makers {
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
      const { name, arn } = sns.createTopic(nameOf(resource, 'TopicName'), resource.properties);
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    },
    'AWS::SNS::Subscription': ({ properties, generatedName }) => {
      sns.subscribe(properties);
      return { ref: generatedName };
    },
    'AWS::SES::EmailIdentity': ({ properties }) => ({ ref: String(properties['EmailIdentity']) }),
  };
}

function flowMakers(parts: DataParts): Makers {
  const { stepFunctions } = parts;
  return {
    'AWS::Lambda::EventSourceMapping': ({ properties, generatedName }) => {
      followTable(properties, parts);
      return { ref: generatedName };
    },
    'AWS::StepFunctions::StateMachine': ({ properties }) => {
      const { StateMachineName, RoleArn } = machineSchema.parse(properties);
      parts.machineRole(StateMachineName, RoleArn);
      const arn = stepFunctions.createStateMachine(properties);
      return { ref: arn, attributes: { Arn: arn, Name: StateMachineName, StateMachineRevisionId: 'local' } };
    },
    'AWS::StepFunctions::StateMachineVersion': ({ properties }) => ({ ref: stepFunctions.createVersion(properties) }),
    'AWS::StepFunctions::StateMachineAlias': ({ properties }) => ({ ref: stepFunctions.createAlias(properties) }),
  };
}

const actionsSchema = z.object({
  Actions: z.record(z.string(), z.array(z.object({ Uri: z.string(), RoleArn: z.string() }))),
});

function pointerMakers({ appConfig, extensionRole }: DataParts): Makers {
  return {
    'AWS::AppConfig::Application': ({ properties }) => {
      const { Id } = appConfig.createApplication(properties);
      return { ref: Id, attributes: { ApplicationId: Id } };
    },
    'AWS::AppConfig::DeploymentStrategy': ({ properties }) => {
      const { Id } = appConfig.createDeploymentStrategy(properties);
      return { ref: Id, attributes: { Id } };
    },
    'AWS::AppConfig::Extension': ({ properties }) => {
      const { Id, Arn, VersionNumber } = appConfig.createExtension(properties);
      for (const { Uri, RoleArn } of Object.values(actionsSchema.parse(properties).Actions).flat()) {
        extensionRole(Uri, RoleArn);
      }
      return { ref: Id, attributes: { Id, Arn, VersionNumber } };
    },
    'AWS::AppConfig::ExtensionAssociation': ({ properties }) => {
      const { Id, Arn } = appConfig.createExtensionAssociation(properties);
      return { ref: Id, attributes: { Id, Arn } };
    },
  };
}

/** What Lambda asks of a function's role before it reads a stream for it. */
const STREAM_ACTIONS = ['GetRecords', 'GetShardIterator', 'DescribeStream'] as const;

function followTable(properties: Readonly<Record<string, unknown>>, parts: DataParts): void {
  const { FunctionName, EventSourceArn } = mappingSchema.parse(properties);
  const { iam, host, engine, sns } = parts;
  const principal = iam.principalOf(host.find(FunctionName).name);
  for (const action of STREAM_ACTIONS) {
    const refusal = iam.refusal({ principal, action: `dynamodb:${action}`, resource: EventSourceArn });
    if (refusal !== undefined) throw new Error(`Cannot access stream ${EventSourceArn}: ${refusal}`);
  }
  const onFailure = async (topicArn: string, notice: object): Promise<void> => {
    await sns.publish(topicArn, JSON.stringify(notice));
  };
  parts.followers.push(followStream({ engine, properties, invoke: host.invoke, onFailure }));
}
