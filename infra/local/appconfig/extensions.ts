import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { json, page, param, type Routes, readBody } from '../gateway/rest-routes.ts';
import type { Invoke, ServiceRequest } from '../service.ts';
import {
  type AppConfigState,
  arns,
  badRequest,
  type Extension,
  extensionSchema,
  type Named,
  notFound,
  type pointSchema,
} from './state.ts';

export interface ExtensionCall {
  readonly point: z.infer<typeof pointSchema>;
  readonly application: Named;
  readonly environment?: Named;
  readonly profile: Named;
  /** Base64. */
  readonly content: string;
  /** Members of the event that this action point adds. */
  readonly members: Readonly<Record<string, unknown>>;
}

const answerSchema = z
  .looseObject({
    Error: z.string().optional(),
    Message: z.string().optional(),
    Details: z.array(z.looseObject({})).optional(),
    Content: z.undefined('rewriting a configuration does not run on this machine').optional(),
  })
  .nullish();

/**
 * Asks every extension that is associated with the application, environment or profile.
 * @throws AwsError BadRequestException when one refuses or fails
 */
export async function askExtensions(state: AppConfigState, invoke: Invoke, call: ExtensionCall): Promise<void> {
  const { application, environment, profile } = call;
  const resources = [arns.application(application.Id), arns.profile(application.Id, profile.Id)];
  if (environment !== undefined) resources.push(arns.environment(application.Id, environment.Id));
  const associated = state.associations.filter(({ ResourceArn }) => resources.includes(ResourceArn));
  for (const { ExtensionArn } of associated) {
    const extension = state.extensions.find(({ Arn }) => Arn === ExtensionArn);
    for (const { Name, Uri } of extension?.Actions[call.point] ?? []) await ask(invoke, { Name, Uri }, eventOf(call));
  }
}

function eventOf(call: ExtensionCall): object {
  const idAndName = ({ Id, Name }: Named) => ({ Id, Name });
  return {
    InvocationId: randomUUID(),
    Type: call.point === 'PRE_START_DEPLOYMENT' ? 'PreStartDeployment' : 'PreCreateHostedConfigurationVersion',
    Parameters: {},
    Application: idAndName(call.application),
    ...(call.environment && { Environment: idAndName(call.environment) }),
    ConfigurationProfile: idAndName(call.profile),
    ...call.members,
    Content: call.content,
  };
}

async function ask(invoke: Invoke, action: { readonly Name: string; readonly Uri: string }, event: object) {
  const result = await invoke(action.Uri, event).catch((error: unknown) => {
    throw badRequest(`Extension action ${action.Name} could not be invoked: ${String(error)}`);
  });
  if (result.functionError !== undefined) {
    throw badRequest(`Extension action ${action.Name} failed: ${JSON.stringify(result.payload)}`);
  }
  const answer = answerSchema.safeParse(result.payload);
  if (!answer.success) throw badRequest(`Extension action ${action.Name}: ${z.prettifyError(answer.error)}`);
  const { Error: error, Message = '', Details } = answer.data ?? {};
  if (error !== undefined) throw badRequest(`${error}: ${Message} ${JSON.stringify(Details ?? [])}`);
}

/** Operations on extensions and on what they are associated with. */
export function extensionRoutes(state: AppConfigState): Routes {
  const find = (id: string): Extension => {
    const known = state.extensions.find(({ Id, Arn, Name }) => [Id, Arn, Name].includes(id));
    if (known === undefined) throw notFound('Extension', id);
    return known;
  };
  const association = (call: Pick<ServiceRequest, 'authorize'>, action: string, id: string) => {
    call.authorize(`appconfig:${action}`, [arns.association(id)]);
    const found = state.associations.find(({ Id }) => Id === id);
    if (found === undefined) throw notFound('ExtensionAssociation', id);
    return found;
  };
  return {
    'GET /extensions/{extension}': (call) => {
      const extension = find(param(call, 'extension'));
      call.authorize('appconfig:GetExtension', [extension.Arn]);
      return json(200, { ...extension, VersionNumber: 1 });
    },
    'PATCH /extensions/{extension}': (call) => {
      const extension = find(param(call, 'extension'));
      call.authorize('appconfig:UpdateExtension', [extension.Arn]);
      const changed = { ...extension, ...readBody(call, extensionSchema.pick({ Actions: true })) };
      state.extensions[state.extensions.indexOf(extension)] = changed;
      return json(200, { ...changed, VersionNumber: 1 });
    },
    'GET /extensionassociations': (call) => {
      call.authorize('appconfig:ListExtensionAssociations', ['*']);
      const resource = call.query.get('resource_identifier');
      const extension = call.query.get('extension_identifier');
      const found = state.associations.filter(
        ({ ResourceArn, ExtensionArn }) =>
          (resource === null || ResourceArn === resource) &&
          (extension === null || ExtensionArn === find(extension).Arn),
      );
      return page(
        found.map(({ Id, ExtensionArn, ResourceArn }) => ({ Id, ExtensionArn, ResourceArn })),
        call,
      );
    },
    'DELETE /extensionassociations/{association}': (call) => {
      const found = association(call, 'DeleteExtensionAssociation', param(call, 'association'));
      state.associations.splice(state.associations.indexOf(found), 1);
      return { status: 204 };
    },
  };
}
