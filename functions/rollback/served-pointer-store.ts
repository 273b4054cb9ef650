import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';

/** What the data plane serves to a reader that has just started: a session of its own for each look. */
export class ServedPointerStore {
  readonly #client: AppConfigDataClient;
  readonly #applicationId: string;

  constructor(client: AppConfigDataClient, applicationId: string) {
    this.#client = client;
    this.#applicationId = applicationId;
  }

  /**
   * The content that is served for a model. Environment and profile are named after it, so no registry is needed.
   * @param environment that of a drill, where the model's own is not meant
   */
  async served(model: string, environment = model): Promise<Uint8Array> {
    const { InitialConfigurationToken } = await this.#client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: this.#applicationId,
        EnvironmentIdentifier: environment,
        ConfigurationProfileIdentifier: model,
      }),
    );
    const { Configuration } = await this.#client.send(
      new GetLatestConfigurationCommand({ ConfigurationToken: InitialConfigurationToken }),
    );
    return Configuration ?? new Uint8Array();
  }
}
