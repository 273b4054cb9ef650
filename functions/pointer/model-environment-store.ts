import {
  type AppConfigClient,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  ListConfigurationProfilesCommand,
  ListEnvironmentsCommand,
} from '@aws-sdk/client-appconfig';
import { ReleaseError } from '../platform/errors.ts';
import type { PointerPlace } from './appconfig-store.ts';

interface Page {
  readonly Items?: readonly { readonly Id?: string | undefined; readonly Name?: string | undefined }[] | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * The environment and the profile that each model has of its own: deployments in one environment exclude each other, so
 * models that shared one could block each other's way back. Both are named after the model.
 */
export class ModelEnvironmentStore {
  readonly #client: AppConfigClient;
  readonly #applicationId: string;

  constructor(client: AppConfigClient, applicationId: string) {
    this.#client = client;
    this.#applicationId = applicationId;
  }

  /** Finds a model's place by name; null when it has none. */
  async find(model: string): Promise<PointerPlace | null> {
    const [environmentId, profileId] = await Promise.all([this.#environment(model), this.#profile(model)]);
    return environmentId === null || profileId === null ? null : { environmentId, profileId };
  }

  /**
   * The model's environment and profile, made where they do not exist. Safe to repeat.
   * @throws ReleaseError ENVIRONMENT_QUOTA when the application may have no more environments (20 unless AWS raised it)
   */
  async ensure(model: string): Promise<PointerPlace> {
    const environmentId = (await this.#environment(model)) ?? (await this.#createEnvironment(model));
    const profileId = (await this.#profile(model)) ?? (await this.#createProfile(model));
    return { environmentId, profileId };
  }

  /** The id of an environment that models share, made where it does not exist. Safe to repeat. */
  async ensureShared(name: string, description: string): Promise<string> {
    return (await this.#environment(name)) ?? this.#createEnvironment(name, description);
  }

  /** The id of an environment that models share; null when there is none. */
  findShared(name: string): Promise<string | null> {
    return this.#environment(name);
  }

  #environment(model: string): Promise<string | null> {
    return firstNamed(model, (token) =>
      this.#client.send(new ListEnvironmentsCommand({ ApplicationId: this.#applicationId, MaxResults: 50, ...token })),
    );
  }

  #profile(model: string): Promise<string | null> {
    return firstNamed(model, (token) =>
      this.#client.send(
        new ListConfigurationProfilesCommand({ ApplicationId: this.#applicationId, MaxResults: 50, ...token }),
      ),
    );
  }

  async #createEnvironment(model: string, description = `Production pointer of the model ${model}.`): Promise<string> {
    const { Id } = await this.#created(
      model,
      this.#client.send(
        new CreateEnvironmentCommand({
          ApplicationId: this.#applicationId,
          Name: model,
          Description: description,
        }),
      ),
    );
    return idOf(Id, model);
  }

  async #createProfile(model: string): Promise<string> {
    const { Id } = await this.#created(
      model,
      this.#client.send(
        new CreateConfigurationProfileCommand({
          ApplicationId: this.#applicationId,
          Name: model,
          Description: `Production pointer of the model ${model}.`,
          LocationUri: 'hosted',
          Type: 'AWS.AppConfig.FeatureFlags',
        }),
      ),
    );
    return idOf(Id, model);
  }

  async #created<T>(model: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'ServiceQuotaExceededException')) throw cause;
      throw new ReleaseError('ENVIRONMENT_QUOTA', `AppConfig takes no further environment for ${model}.`, {
        cause,
        reasons: [
          {
            code: 'ENVIRONMENT_QUOTA',
            path: 'model',
            message: 'Each model has an AppConfig environment of its own, and the application has as many as it may.',
            got: model,
            next: 'Ask AWS to raise the AppConfig quota "Number of environments per application", then onboard again.',
          },
        ],
      });
    }
  }
}

/** The smallest id among equal names, so that two callers that raced settle on one. */
async function firstNamed(
  name: string,
  list: (token: { readonly NextToken?: string }) => Promise<Page>,
): Promise<string | null> {
  const ids: string[] = [];
  let token: { readonly NextToken?: string } = {};
  for (;;) {
    const page = await list(token);
    for (const item of page.Items ?? []) if (item.Name === name && item.Id !== undefined) ids.push(item.Id);
    if (page.NextToken === undefined) return ids.toSorted()[0] ?? null;
    token = { NextToken: page.NextToken };
  }
}

function idOf(id: string | undefined, model: string): string {
  if (id !== undefined) return id;
  throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `AppConfig answered without an id for ${model}.`);
}
