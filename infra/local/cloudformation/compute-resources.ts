import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Iam } from '../iam/iam.ts';
import type { Parts } from '../parts.ts';
import { PlatformFault } from '../platform-fault.ts';
import { ACCOUNT, REGION } from '../service.ts';
import { type Makers, nameOf, type Resource } from './resources.ts';
import type { Created } from './template.ts';

/** The parts that resources are created in, and the directories of the synthesized assets by their object key. */
export type MakerParts = Parts & { readonly assets: ReadonlyMap<string, string>; readonly stackName: string };

/** Managed policies whose actions no local service asks for (logs and traces). */
const INERT_MANAGED_POLICIES = /:policy\/(service-role\/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess)$/;

const roleSchema = z.object({
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: z.unknown() })).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const policySchema = z.object({ PolicyName: z.string(), PolicyDocument: z.unknown(), Roles: z.array(z.string()) });
const functionSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().startsWith('nodejs'),
  Role: z.string(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).default({ Variables: {} }),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  LoggingConfig: z.object({ LogGroup: z.string() }),
});
const permissionSchema = z.object({ FunctionName: z.string(), Principal: z.string(), SourceArn: z.string() });

/** Roles and policies, functions, HTTP APIs, rules, custom resources, log groups. */
export function computeMakers(parts: MakerParts): Makers {
  const { iam, host, httpApis, events, customResources } = parts;
  return {
    'AWS::IAM::Role': (resource) => makeRole(resource, iam),
    'AWS::IAM::Policy': ({ properties, generatedName }) => {
      const { PolicyName, PolicyDocument, Roles } = policySchema.parse(properties);
      for (const role of Roles) iam.attach(role, PolicyDocument, PolicyName);
      return { ref: generatedName };
    },
    'AWS::Lambda::Function': (resource) => makeFunction(resource, parts),
    'AWS::Lambda::Permission': ({ properties, generatedName }) => {
      const { FunctionName, Principal: servicePrincipal, SourceArn: sourceArn } = permissionSchema.parse(properties);
      iam.addInvokePermission({ functionName: host.find(FunctionName).name, servicePrincipal, sourceArn });
      return { ref: generatedName };
    },
    'AWS::Logs::LogGroup': (resource) => {
      const name = nameOf(resource, 'LogGroupName');
      return { ref: name, attributes: { Arn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*` } };
    },
    'AWS::ApiGatewayV2::Api': ({ logicalId }) => {
      // An id as AWS makes them, the same at every start.
      const apiId = createHash('sha256').update(logicalId).digest('hex').slice(0, 10);
      const attributes = { ApiId: apiId, ApiEndpoint: `${parts.gateway.endpoint}/http-api/${apiId}` };
      return { ref: apiId, attributes };
    },
    'AWS::ApiGatewayV2::Integration': ({ logicalId, properties }) => {
      httpApis.addIntegration(logicalId, properties);
      return { ref: logicalId };
    },
    'AWS::ApiGatewayV2::Route': ({ logicalId, properties }) => {
      httpApis.addRoute(properties);
      return { ref: logicalId };
    },
    'AWS::Events::EventBus': (resource) => {
      const name = nameOf(resource, 'Name');
      return { ref: name, attributes: { Name: name, Arn: events.addBus(name) } };
    },
    'AWS::Events::Rule': (resource) => {
      const name = nameOf(resource, 'Name');
      return { ref: name, attributes: { Arn: events.addRule(name, resource.properties) } };
    },
    'AWS::CloudFormation::CustomResource': (resource) => customResources.create(resource),
  };
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
  for (const { PolicyName, PolicyDocument } of Policies) iam.attach(name, PolicyDocument, PolicyName);
  return { ref: name, attributes: { Arn: `arn:aws:iam::${ACCOUNT}:role/${name}` } };
}

function makeFunction(resource: Resource, { assets, host, iam, stackName }: MakerParts): Created {
  const { Code, Handler, Role, Environment, ...properties } = functionSchema.parse(resource.properties);
  const name = nameOf(resource, 'FunctionName');
  const directory = assets.get(Code.S3Key);
  if (directory === undefined) {
    throw new PlatformFault(`The bundle of function ${name} is missing.`, 'Synthesize again with bundling on.');
  }
  const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
  const roleName = Role.slice(Role.lastIndexOf('/') + 1);
  const shortName = name.startsWith(`${stackName}-`) ? name.slice(stackName.length + 1) : name;
  for (const accessKey of [name, shortName]) iam.giveAccessKey(accessKey, { roleName, session: name });
  host.define({
    ...{ name, shortName, arn, directory, handler: Handler, environment: Environment.Variables },
    ...{ timeoutSeconds: properties.Timeout, memoryMb: properties.MemorySize },
    logGroup: properties.LoggingConfig.LogGroup,
  });
  return { ref: name, attributes: { Arn: arn } };
}
