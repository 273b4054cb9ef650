import { PlatformFault } from '../platform-fault.ts';
import { type Created, creationOrder, resolveValue, type Template } from './template.ts';

/** One resource of the template, with its intrinsic functions resolved. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Name for a resource to which the template gives none: the same at every start. */
  readonly generatedName: string;
}

/** Creates a resource of one type and answers what Ref and Fn::GetAtt of it are. */
export type Maker = (resource: Resource) => Created | Promise<Created>;
export type Makers = Readonly<Record<string, Maker>>;

/** Types that do nothing on one machine, or whose content is read where it is used. */
const INERT_TYPES: ReadonlySet<string> = new Set([
  'AWS::ApiGatewayV2::Stage',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Dashboard',
  'AWS::Events::EventBusPolicy',
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  'AWS::SNS::TopicPolicy',
]);

/**
 * Creates every resource of a template, dependencies first.
 * @returns by logical id, what was created
 * @throws PlatformFault naming all types that the platform does not know, before anything is created
 */
export async function createResources(
  template: Template,
  makers: Makers,
  stackName: string,
): Promise<ReadonlyMap<string, Created>> {
  refuseUnknownTypes(template, makers);
  const created = new Map<string, Created>();
  const parameters = Object.entries(template.Parameters).map(([name, { Default }]) => [name, Default] as const);
  const scope = { stackName, parameters: Object.fromEntries(parameters), created };
  for (const logicalId of creationOrder(template)) {
    const { Type: type = '', Properties = {} } = template.Resources[logicalId] ?? {};
    const resolved = Object.entries(Properties).map(([name, value]) => [name, resolveValue(value, scope)] as const);
    const resource = { logicalId, type, properties: Object.fromEntries(resolved) };
    created.set(logicalId, await make({ ...resource, generatedName: `${stackName}-${logicalId}` }, makers));
  }
  return created;
}

/** The outputs of the stack, resolved. */
export function outputsOf(
  template: Template,
  created: ReadonlyMap<string, Created>,
  stackName: string,
): Readonly<Record<string, string>> {
  const scope = { stackName, parameters: {}, created };
  const outputs = Object.entries(template.Outputs);
  return Object.fromEntries(outputs.map(([name, { Value }]) => [name, String(resolveValue(Value, scope))]));
}

/** The physical name that the template gives in `property`, else the generated one. */
export function nameOf({ properties, generatedName }: Resource, property: string): string {
  const given = properties[property];
  return typeof given === 'string' ? given : generatedName;
}

async function make(resource: Resource, makers: Makers): Promise<Created> {
  const maker = makerOf(resource.type, makers);
  if (maker === undefined) return { ref: resource.generatedName };
  try {
    return await maker(resource);
  } catch (error) {
    if (error instanceof PlatformFault) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new PlatformFault(
      `${resource.logicalId} (${resource.type}) could not be created: ${why}`,
      'Mend its properties in infra/, or teach infra/local/ what they mean.',
      error,
    );
  }
}

function makerOf(type: string, makers: Makers): Maker | undefined {
  return makers[type.startsWith('Custom::') ? 'AWS::CloudFormation::CustomResource' : type];
}

function refuseUnknownTypes(template: Template, makers: Makers): void {
  const unknown = Object.entries(template.Resources).filter(
    ([, { Type }]) => makerOf(Type, makers) === undefined && !INERT_TYPES.has(Type),
  );
  if (unknown.length === 0) return;
  const named = unknown.map(([logicalId, { Type }]) => `${Type} (${logicalId})`);
  throw new PlatformFault(
    `The local platform does not know ${unknown.length === 1 ? 'the resource type' : 'these resource types'} ${named.join(', ')}.`,
    'Model the type in infra/local/, or add it to INERT_TYPES in infra/local/cloudformation/resources.ts when it does nothing on one machine.',
  );
}
