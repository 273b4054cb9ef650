import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Invoke } from '../service.ts';
import { type AppConfigState, arns, badRequest, type Named, type pointSchema } from './state.ts';

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
