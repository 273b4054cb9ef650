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

type Members = Readonly<Record<string, unknown>>;

/**
 * A value of the template with its intrinsic functions replaced. Members that resolve to AWS::NoValue are left out.
 * @throws PlatformFault for an intrinsic function or an attribute that the platform does not know
 */
export function resolveValue(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, scope)).filter((item) => item !== undefined);
  if (!isMembers(value)) return value;
  const [key, ...others] = Object.keys(value);
  if (key !== undefined && others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) {
    return resolveIntrinsic(key, value[key], scope);
  }
  const members = Object.entries(value).map(([name, member]) => [name, resolveValue(member, scope)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

/** Logical ids of all resources, each after those that it refers to or depends on. */
export function creationOrder(template: Template): readonly string[] {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, from: string): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open') {
      throw new PlatformFault(
        `The template has a circular reference between ${from} and ${id}.`,
        'Break it in infra/.',
      );
    }
    const resource = template.Resources[id];
    if (resource === undefined) return;
    state.set(id, 'open');
    for (const dependency of [...resource.DependsOn, ...referencesIn(resource.Properties)]) visit(dependency, id);
    state.set(id, 'done');
    order.push(id);
  };
  for (const id of Object.keys(template.Resources)) visit(id, id);
  return order;
}

function resolveIntrinsic(key: string, argument: unknown, scope: Scope): unknown {
  if (key === 'Ref' && typeof argument === 'string') return refTo(argument, scope);
  if (key === 'Fn::GetAtt') return attributeOf(attributePath(argument), scope);
  if (key === 'Fn::Join') {
    const [separator, parts] = z.tuple([z.string(), z.unknown()]).parse(argument);
    return z.array(z.unknown()).parse(resolveValue(parts, scope)).map(String).join(separator);
  }
  if (key === 'Fn::Sub') return substitute(argument, scope);
  if (key === 'Fn::Select') {
    const [index, list] = z.tuple([z.coerce.number(), z.unknown()]).parse(argument);
    return z.array(z.unknown()).parse(resolveValue(list, scope))[index];
  }
  if (key === 'Fn::Split') {
    const [separator, text] = z.tuple([z.string(), z.unknown()]).parse(argument);
    return String(resolveValue(text, scope)).split(separator);
  }
  throw new PlatformFault(
    `The template uses ${key}, which the local platform does not resolve.`,
    'Write the value without it in infra/, or teach infra/local/cloudformation/template.ts this function.',
  );
}

function refTo(name: string, scope: Scope): unknown {
  const pseudo = pseudoParameters(scope.stackName);
  if (name in pseudo) return pseudo[name];
  const created = scope.created.get(name);
  if (created !== undefined) return created.ref;
  if (name in scope.parameters) return scope.parameters[name];
  throw new PlatformFault(`The template refers to ${name}, which it does not define.`, 'Run the synthesis again.');
}

function attributeOf([logicalId, attribute]: readonly [string, string], scope: Scope): unknown {
  const attributes = scope.created.get(logicalId)?.attributes ?? {};
  if (attribute in attributes) return attributes[attribute];
  throw new PlatformFault(
    `The template reads ${logicalId}.${attribute}, which the local platform does not provide.`,
    'Return this attribute where infra/local/cloudformation/resources.ts creates the resource.',
  );
}

function substitute(argument: unknown, scope: Scope): string {
  const [text, given] =
    typeof argument === 'string'
      ? [argument, {}]
      : z.tuple([z.string(), z.record(z.string(), z.unknown())]).parse(argument);
  return text.replace(/\$\{(!?)([^}]+)\}/g, (_match, literal: string, name: string) => {
    if (literal !== '') return `\${${name}}`;
    if (name in given) return String(resolveValue(given[name], scope));
    return String(name.includes('.') ? attributeOf(attributePath(name), scope) : refTo(name, scope));
  });
}

function pseudoParameters(stackName: string): Members {
  return {
    'AWS::AccountId': ACCOUNT,
    'AWS::NoValue': undefined,
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::StackId': stackArn(stackName),
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
}

/** The local stack's ARN; it never changes, so that nothing derived from it does. */
export function stackArn(stackName: string): string {
  return `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${stackName}/00000000-0000-0000-0000-000000000000`;
}

function attributePath(argument: unknown): readonly [string, string] {
  if (typeof argument !== 'string') return z.tuple([z.string(), z.string()]).parse(argument);
  const dot = argument.indexOf('.');
  return [argument.slice(0, dot), argument.slice(dot + 1)];
}

function referencesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isMembers(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key === 'Ref' && typeof member === 'string') return [member];
    if (key === 'Fn::GetAtt') return [attributePath(member)[0]];
    if (key !== 'Fn::Sub') return referencesIn(member);
    const text = Array.isArray(member) ? member[0] : member;
    const names = [...String(text).matchAll(/\$\{([^!}.]+)[^}]*\}/g)].map((match) => match[1] ?? '');
    return [...names, ...(Array.isArray(member) ? referencesIn(member[1]) : [])];
  });
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
