import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Events } from '../events/events.ts';
import type { HttpApis } from '../http-api/http-api.ts';
import type { Iam } from '../iam/iam.ts';
import type { LambdaHost } from '../lambda/lambda-host.ts';
import { PlatformFault } from '../platform-fault.ts';
import { ACCOUNT, REGION } from '../service.ts';
import type { CustomResources } from './custom-resource.ts';
import type { Makers, Resource } from './resources.ts';
import type { Created } from './template.ts';

/** The parts that these resources are created in. */
export interface ComputeParts {
  readonly iam: Iam;
  readonly host: LambdaHost;
  readonly httpApis: HttpApis;
  readonly events: Events;
  readonly customResources: CustomResources;
  /** Directories of the synthesized assets, by their object key. */
  readonly assets: ReadonlyMap<string, string>;
  readonly stackName: string;
  /** Where the HTTP APIs are served: the gateway's address of them. */
  readonly httpApiUrl: () => string;
}

/** Managed policies whose actions no local service asks for (logs and traces). */
const INERT_MANAGED_POLICIES = /:policy\/(service-role\/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess)$/;

const roleSchema = z.object({
  RoleName: z.string().optional(),
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: z.unknown() })).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const policySchema = z.object({
  PolicyName: z.string().optional(),
  PolicyDocument: z.unknown(),
  Roles: z.array(z.string()).default([]),
});
const functionSchema = z.object({
  FunctionName: z.string().optional(),
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().startsWith('nodejs'),
  Role: z.string(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).default({ Variables: {} }),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  LoggingConfig: z.object({ LogGroup: z.string().optional() }).default({}),
});
const permissionSchema = z.object({
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
});

/** Roles and policies, functions, HTTP APIs, rules and schedules, custom resources, log groups. */
export function computeMakers(parts: ComputeParts): Makers {
  return { ...functionMakers(parts), ...callerMakers(parts) };
}

function functionMakers(parts: ComputeParts): Makers {
  const { iam, host } = parts;
  return {
    'AWS::IAM::Role': (resource) => makeRole(resource, iam),
    'AWS::IAM::Policy': (resource) => makePolicy(resource, iam),
    'AWS::IAM::ManagedPolicy': (resource) => makePolicy(resource, iam),
    'AWS::Lambda::Function': (resource) => makeFunction(resource, parts),
    'AWS::Lambda::Version': ({ properties }) => {
      const { name, arn } = host.find(String(properties['FunctionName']));
      host.qualify(name, '1');
      return { ref: `${arn}:1`, attributes: { Version: '1' } };
    },
    'AWS::Lambda::Alias': ({ properties }) => {
      const { name, arn } = host.find(String(properties['FunctionName']));
      host.qualify(name, String(properties['Name']));
      return { ref: `${arn}:${properties['Name']}`, attributes: { AliasArn: `${arn}:${properties['Name']}` } };
    },
    'AWS::Lambda::Permission': ({ properties, generatedName }) => {
      const { FunctionName, Principal, SourceArn } = permissionSchema.parse(properties);
      const { name } = host.find(FunctionName);
      iam.addInvokePermission({ functionName: name, servicePrincipal: Principal, sourceArn: SourceArn });
      return { ref: generatedName };
    },
    'AWS::Logs::LogGroup': (resource) => {
      const name = nameOf(resource, 'LogGroupName');
      return { ref: name, attributes: { Arn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*` } };
    },
  };
}

function callerMakers({ httpApis, events, customResources, ...parts }: ComputeParts): Makers {
  return {
    'AWS::ApiGatewayV2::Api': ({ logicalId }) => {
      const apiId = generatedId(logicalId);
      httpApis.addApi(apiId);
      return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: `${parts.httpApiUrl()}/${apiId}` } };
    },
    'AWS::ApiGatewayV2::Integration': ({ logicalId, properties }) => {
      httpApis.addIntegration(logicalId, properties);
      return { ref: logicalId };
    },
    'AWS::ApiGatewayV2::Route': ({ logicalId, properties }) => {
      httpApis.addRoute(properties);
      return { ref: logicalId };
    },
    'AWS::Events::Rule': (resource) => {
      const name = nameOf(resource, 'Name');
      return { ref: name, attributes: { Arn: events.addRule(name, resource.properties) } };
    },
    'AWS::Scheduler::Schedule': (resource) => {
      const name = nameOf(resource, 'Name');
      return { ref: name, attributes: { Arn: events.addSchedule(name, resource.properties) } };
    },
    'AWS::CloudFormation::CustomResource': (resource) => customResources.create(resource),
  };
}

/** The physical name that the template gives in `property`, else the generated one. */
export function nameOf(resource: Resource, property: string): string {
  const given = resource.properties[property];
  return typeof given === 'string' ? given : resource.generatedName;
}

/** An id as AWS makes them (lower-case letters and digits), the same at every start. */
export function generatedId(logicalId: string): string {
  return createHash('sha256').update(logicalId).digest('hex').slice(0, 10);
}

function makeRole(resource: Resource, iam: Iam): Created {
  const { Policies, ManagedPolicyArns } = roleSchema.parse(resource.properties);
  const name = nameOf(resource, 'RoleName');
  const managed = ManagedPolicyArns.find((arn) => !INERT_MANAGED_POLICIES.test(arn));
  if (managed !== undefined) {
    throw new PlatformFault(
      `The role ${name} takes the managed policy ${managed}, whose text the local platform does not have.`,
      'Write the statements that it needs in infra/.',
    );
  }
  iam.addRole(name);
  for (const { PolicyName, PolicyDocument } of Policies) iam.attach(name, PolicyDocument, PolicyName);
  const attributes = { Arn: `arn:aws:iam::${ACCOUNT}:role/${name}`, RoleId: generatedId(resource.logicalId) };
  return { ref: name, attributes };
}

function makePolicy(resource: Resource, iam: Iam): Created {
  const { PolicyName, PolicyDocument, Roles } = policySchema.parse(resource.properties);
  for (const role of Roles) iam.attach(role, PolicyDocument, PolicyName ?? resource.logicalId);
  return { ref: PolicyName ?? resource.logicalId };
}

function makeFunction(resource: Resource, { assets, host, iam, stackName }: ComputeParts): Created {
  const properties = functionSchema.parse(resource.properties);
  const name = nameOf(resource, 'FunctionName');
  const directory = assets.get(properties.Code.S3Key);
  if (directory === undefined) {
    throw new PlatformFault(`The bundle of function ${name} is missing.`, 'Synthesize again with bundling on.');
  }
  const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
  const roleName = properties.Role.slice(properties.Role.lastIndexOf('/') + 1);
  const shortName = name.startsWith(`${stackName}-`) ? name.slice(stackName.length + 1) : name;
  for (const accessKey of [name, shortName]) iam.giveAccessKey(accessKey, { roleName, session: name });
  host.define({
    name,
    shortName,
    arn,
    directory,
    handler: properties.Handler,
    environment: properties.Environment.Variables,
    timeoutSeconds: properties.Timeout,
    memoryMb: properties.MemorySize,
    logGroup: properties.LoggingConfig.LogGroup ?? `/aws/lambda/${name}`,
  });
  return { ref: name, attributes: { Arn: arn } };
}
