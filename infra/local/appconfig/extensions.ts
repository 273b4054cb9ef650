import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Invoke } from '../service.ts';
import { type AppConfigState, type Association, arns, badRequest, type Extension, type Named } from './state.ts';

/** The action points of extensions that run here: those that can refuse. */
export const ACTION_POINTS = {
  PRE_CREATE_HOSTED_CONFIGURATION_VERSION: 'PreCreateHostedConfigurationVersion',
  PRE_START_DEPLOYMENT: 'PreStartDeployment',
} as const;

export interface ExtensionCall {
  readonly point: keyof typeof ACTION_POINTS;
  readonly application: Named;
  readonly environment?: Named;
  readonly profile: Named;
  /** Base64. */
  readonly content: string;
  /** Members of the event that this action point adds. */
  readonly members: Readonly<Record<string, unknown>>;
  /** `<extension id or name>#<parameter>` to value. */
  readonly dynamicParameters?: Readonly<Record<string, string>> | undefined;
}

export interface ExtensionsResult {
  /** Base64; an extension may rewrite it. */
  readonly content: string;
  readonly applied: readonly Readonly<Record<string, unknown>>[];
}

const AnswerSchema = z
  .looseObject({
    Error: z.string().optional(),
    Message: z.string().optional(),
    Details: z.array(z.looseObject({})).optional(),
    Content: z.string().optional(),
  })
  .nullish();

/**
 * Runs the actions of every extension that is associated with the application, environment or profile.
 * @throws AwsError BadRequestException when one refuses or fails
 */
export async function runExtensions(
  state: AppConfigState,
  invoke: Invoke,
  call: ExtensionCall,
): Promise<ExtensionsResult> {
  const { application, environment, profile } = call;
  const resources = [arns.application(application.Id), arns.profile(application.Id, profile.Id)];
  if (environment !== undefined) resources.push(arns.environment(application.Id, environment.Id));
  let { content } = call;
  const applied: Readonly<Record<string, unknown>>[] = [];
  for (const association of state.associations.filter(({ ResourceArn }) => resources.includes(ResourceArn))) {
    const extension = state.extensions.find(({ Arn }) => Arn === association.ExtensionArn);
    if (extension?.Actions[call.point] === undefined) continue;
    const parameters = parametersOf(association, extension, call.dynamicParameters ?? {});
    for (const action of extension.Actions[call.point] ?? []) {
      const event = { ...eventOf(call), Parameters: parameters, Content: content };
      content = (await runAction(invoke, action, event)) ?? content;
    }
    const ids = { ExtensionId: extension.Id, ExtensionAssociationId: association.Id };
    applied.push({ ...ids, VersionNumber: extension.VersionNumber, Parameters: parameters });
  }
  return { content, applied };
}

function eventOf({
  point,
  application,
  environment,
  profile,
  members,
}: ExtensionCall): Readonly<Record<string, unknown>> {
  const idAndName = ({ Id, Name }: Named) => ({ Id, Name });
  return {
    InvocationId: randomUUID(),
    Type: ACTION_POINTS[point],
    Application: idAndName(application),
    ...(environment && { Environment: idAndName(environment) }),
    ConfigurationProfile: idAndName(profile),
    ...members,
  };
}

function parametersOf(association: Association, extension: Extension, dynamic: Readonly<Record<string, string>>) {
  const own = Object.entries(dynamic).flatMap(([key, value]) => {
    const [name, parameter] = key.split('#');
    return parameter !== undefined && (name === extension.Id || name === extension.Name) ? [[parameter, value]] : [];
  });
  return { ...association.Parameters, ...Object.fromEntries(own) };
}

async function runAction(
  invoke: Invoke,
  action: { readonly Name: string; readonly Uri: string },
  event: unknown,
): Promise<string | undefined> {
  const result = await invoke(action.Uri, event).catch((error: unknown) => {
    throw badRequest(
      `Extension action ${action.Name} could not be invoked: ${error instanceof Error ? error.message : error}`,
    );
  });
  if (result.functionError !== undefined) {
    throw badRequest(`Extension action ${action.Name} failed: ${JSON.stringify(result.payload)}`);
  }
  const answer = AnswerSchema.safeParse(result.payload);
  if (!answer.success) throw badRequest(`Extension action ${action.Name} answered something that is no answer.`);
  if (answer.data?.Error !== undefined) {
    const details = answer.data.Details === undefined ? '' : ` ${JSON.stringify(answer.data.Details)}`;
    throw badRequest(`${answer.data.Error}: ${answer.data.Message ?? ''}${details}`);
  }
  return answer.data?.Content;
}
