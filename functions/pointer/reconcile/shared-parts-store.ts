import {
  type AppConfigClient,
  GetDeploymentStrategyCommand,
  GetExtensionCommand,
  ListExtensionAssociationsCommand,
} from '@aws-sdk/client-appconfig';
import type { SeenStack, SeenStrategy } from './compare-stack.ts';

/** The parts of AppConfig that all models share: the strategy of every deployment, and who is asked before one. */
export class SharedPartsStore {
  readonly #client: AppConfigClient;

  constructor(client: AppConfigClient) {
    this.#client = client;
  }

  async seen(strategyId: string, applicationArn: string): Promise<SeenStack> {
    return { strategy: await this.strategy(strategyId), extensions: await this.extensions(applicationArn) };
  }

  /** Null when there is none of that id. */
  async strategy(strategyId: string): Promise<SeenStrategy | null> {
    const found = await orGone(
      this.#client.send(new GetDeploymentStrategyCommand({ DeploymentStrategyId: strategyId })),
    );
    if (found === null) return null;
    return {
      growthFactor: found.GrowthFactor ?? 0,
      deploymentMinutes: found.DeploymentDurationInMinutes ?? 0,
      bakeMinutes: found.FinalBakeTimeInMinutes ?? 0,
    };
  }

  /** By extension that is associated with an application: the functions that it has AppConfig ask before a deployment. */
  async extensions(applicationArn: string): Promise<readonly (readonly string[])[]> {
    const asked: (readonly string[])[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new ListExtensionAssociationsCommand({
          ResourceIdentifier: applicationArn,
          MaxResults: 50,
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      for (const { ExtensionArn } of page.Items ?? []) asked.push(await this.#asked(ExtensionArn ?? ''));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return asked;
  }

  async #asked(extensionArn: string): Promise<readonly string[]> {
    const version = /\/(\d+)$/.exec(extensionArn)?.[1];
    const found = await orGone(
      this.#client.send(
        new GetExtensionCommand({
          ExtensionIdentifier: extensionArn,
          ...(version === undefined ? {} : { VersionNumber: Number(version) }),
        }),
      ),
    );
    return (found?.Actions?.PRE_START_DEPLOYMENT ?? []).map(({ Uri }) => Uri ?? '');
  }
}

async function orGone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}
