import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import * as z from 'zod';
import { ModelReleaseStack } from '../../infra/model-release-stack.ts';
import { parseSettings, type SettingsInput } from '../../infra/settings.ts';
import { STACK_NAME } from '../../infra/stack-name.ts';

const strings = z.union([z.string().transform((one) => [one]), z.array(z.unknown())]);

const statementSchema = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: strings.pipe(z.array(z.string())),
  Resource: z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]).optional(),
  Principal: z.unknown().optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
export type Statement = z.infer<typeof statementSchema>;

const documentSchema = z.object({ Statement: z.array(statementSchema) });

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});

export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

/** Settings under which people sign in. */
export const SIGN_IN = { oidcIssuer: 'https://login.shop.example/', oidcClientId: 'model-release' } as const;

/** The template of the stack, made without bundling: every function has the same empty code. */
export function synthesized(settings: SettingsInput = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'empty-function-'));
  writeFileSync(join(dir, 'index.mjs'), 'export const handler = async () => {};\n');
  const stack = new ModelReleaseStack(new App({ analyticsReporting: false }), STACK_NAME, {
    settings: parseSettings(settings),
    code: () => Code.fromAsset(dir),
  });
  return readable(Template.fromStack(stack));
}

/** The template by questions that the tests ask. */
function readable(template: Template) {
  const json = z.object({ Resources: z.record(z.string(), resourceSchema) }).parse(template.toJSON());
  const all: readonly Resource[] = Object.entries(json.Resources).map(([logicalId, resource]) => ({
    logicalId,
    type: resource.Type,
    properties: resource.Properties,
    deletionPolicy: resource.DeletionPolicy,
  }));
  const ofType = (type: string): readonly Resource[] => all.filter((resource) => resource.type === type);
  return { template, all, ofType, json: template.toJSON(), text: JSON.stringify(template.toJSON()) };
}
export type Synthesized = ReturnType<typeof readable>;

/** The statements of every policy attached to the role of this name. */
export function roleStatements(stack: Synthesized, roleName: string): readonly Statement[] {
  const role = stack.ofType('AWS::IAM::Role').find(({ properties }) => properties['RoleName'] === roleName);
  if (role === undefined) throw new Error(`No role is named ${roleName}.`);
  const attached = stack
    .ofType('AWS::IAM::Policy')
    .filter(({ properties }) => JSON.stringify(properties['Roles']).includes(`"${role.logicalId}"`))
    .map(({ properties }) => properties['PolicyDocument']);
  const inline = z
    .array(z.object({ PolicyDocument: z.unknown() }))
    .default([])
    .parse(role.properties['Policies'])
    .map(({ PolicyDocument }) => PolicyDocument);
  return [...attached, ...inline].flatMap(statementsOf);
}

export function statementsOf(document: unknown): readonly Statement[] {
  return documentSchema.parse(document).Statement;
}

/** Actions that a role may do, sorted. */
export function actionsOf(stack: Synthesized, roleName: string): readonly string[] {
  return [...new Set(roleStatements(stack, roleName).flatMap(({ Action }) => Action))].sort();
}
