import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';
import { ACCOUNT, REGION } from '../service.ts';

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DependsOn: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
});

/** The parts of a synthesized CloudFormation template that the platform reads. */
export const templateSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Default: z.unknown().optional() })).default({}),
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});
export type Template = z.infer<typeof templateSchema>;

/** What a created resource answers to Ref and Fn::GetAtt. */
export interface Created {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Values by name while a template is being created. */
export interface Scope {
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly created: ReadonlyMap<string, Created>;
}

/**
 * A value of the template with its intrinsic functions replaced.
 * @throws PlatformFault for an intrinsic function or an attribute that the platform does not know
 */
export function resolveValue(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const [key, argument] = members[0] ?? [];
  if (key !== undefined && members.length === 1 && (key === 'Ref' || key.startsWith('Fn::'))) {
    return resolveIntrinsic(key, argument, scope);
  }
  return Object.fromEntries(members.map(([name, member]) => [name, resolveValue(member, scope)]));
}

/** Logical ids of all resources, each after those that it refers to or depends on. @throws PlatformFault for a circle */
export function creationOrder({ Resources }: Template): readonly string[] {
  const order: string[] = [];
  const open = new Set<string>();
  const visit = (id: string, from: string): void => {
    const resource = Resources[id];
    if (resource === undefined || order.includes(id)) return;
    if (open.has(id)) {
      const message = `The template has a circular reference between ${from} and ${id}.`;
      throw new PlatformFault(message, 'Break it in infra/.');
    }
    open.add(id);
    const found = JSON.stringify(resource.Properties).matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"|\$\{(\w+)/g);
    const references = [...found].map(([, ref, attribute, sub]) => ref ?? attribute ?? sub ?? '');
    for (const dependency of [...resource.DependsOn, ...references]) visit(dependency, id);
    order.push(id);
  };
  for (const id of Object.keys(Resources)) visit(id, id);
  return order;
}

const joinSchema = z.tuple([z.string(), z.array(z.unknown())]);
const attributeSchema = z.tuple([z.string(), z.string()]);

function resolveIntrinsic(key: string, argument: unknown, scope: Scope): unknown {
  if (key === 'Ref') return refTo(String(argument), scope);
  if (key === 'Fn::GetAtt') return attributeOf(...attributeSchema.parse(argument), scope);
  if (key === 'Fn::Join') {
    const [separator, parts] = joinSchema.parse(argument);
    return parts.map((part) => String(resolveValue(part, scope))).join(separator);
  }
  if (key === 'Fn::Sub' && typeof argument === 'string') {
    return argument.replace(/\$\{([\w:]+)(?:\.(\w+))?\}/g, (_match, name: string, attribute: string | undefined) =>
      String(attribute === undefined ? refTo(name, scope) : attributeOf(name, attribute, scope)),
    );
  }
  throw new PlatformFault(
    `The template uses ${key} in a way that the local platform does not resolve: ${JSON.stringify(argument)}.`,
    'Write the value without it in infra/, or teach infra/local/cloudformation/template.ts this function.',
  );
}

function refTo(name: string, { stackName, created, parameters }: Scope): unknown {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::StackId': stackArn(stackName),
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const value = pseudo[name] ?? created.get(name)?.ref ?? parameters[name];
  if (value !== undefined) return value;
  throw new PlatformFault(`The template refers to ${name}, which it does not define.`, 'Run the synthesis again.');
}

function attributeOf(logicalId: string, attribute: string, { created }: Scope): unknown {
  const value = created.get(logicalId)?.attributes?.[attribute];
  if (value !== undefined) return value;
  throw new PlatformFault(
    `The template reads ${logicalId}.${attribute}, which the local platform does not provide.`,
    'Return this attribute where infra/local/cloudformation/ creates the resource.',
  );
}

/** The local stack's ARN; it never changes, so that nothing derived from it does. */
export function stackArn(stackName: string): string {
  return `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${stackName}/00000000-0000-0000-0000-000000000000`;
}
