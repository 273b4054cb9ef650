import { computeMakers } from './cloudformation/compute-resources.ts';
import { dataMakers } from './cloudformation/data-resources.ts';
import { createResources, outputsOf } from './cloudformation/resources.ts';
import { type Created, templateSchema } from './cloudformation/template.ts';
import type { Events } from './events.ts';
import type { Calls, Gateway, Intercept } from './gateway/gateway.ts';
import type { LambdaHost } from './lambda/lambda-host.ts';
import { createParts, type Parts, type PartsOptions } from './parts.ts';

export interface PlatformOptions extends PartsOptions {
  /** The synthesized template, as parsed JSON. */
  readonly template: unknown;
  /** Directory of each asset by its object key (see readAssembly). */
  readonly assets: ReadonlyMap<string, string>;
}

/** A stack that runs on this machine. */
export interface Platform {
  /** Base URL of every API, for AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  /** Web page with every email and notice; `GET /store` of it answers them as JSON. */
  readonly inboxUrl: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** What every resource of the template became, by its logical id. */
  readonly resources: ReadonlyMap<string, Created>;
  /** The functions, which tests may kill. */
  readonly functions: LambdaHost;
  /** How many requests each service got since the start, those of functions and of other services included. */
  readonly calls: Calls;
  /** Fires a scheduled rule now; resolves when its targets have run. */
  readonly tick: Events['tick'];
  /** Lets a test see, delay or fail calls before they reach a service; `undefined` ends that. */
  readonly intercept: Gateway['intercept'];
  /** Ends every process and timer that the platform started. */
  stop(): Promise<void>;
}

export type { Intercept };

/**
 * Runs a synthesized stack on this machine: one endpoint for all its AWS APIs, its functions as child processes, its
 * policies enforced. Platforms do not share anything; several may run at once.
 * @throws PlatformFault when the template or the machine does not allow it; nothing is left running then
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const template = templateSchema.parse(options.template);
  const stackName = options.stackName ?? 'ModelRelease';
  const parts = await createParts({ ...options, stackName });
  try {
    const makerParts = { ...parts, assets: options.assets, stackName };
    const makers = { ...computeMakers(makerParts), ...dataMakers(makerParts) };
    const resources = await createResources(template, makers, stackName);
    const outputs = outputsOf(template, resources, stackName);
    parts.appConfig.save();
    parts.executions.restore();
    return platformOf(parts, outputs, resources);
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

function platformOf(parts: Parts, outputs: Platform['outputs'], resources: ReadonlyMap<string, Created>): Platform {
  return {
    endpoint: parts.gateway.endpoint,
    inboxUrl: parts.ses.inboxUrl,
    outputs,
    resources,
    functions: parts.host,
    calls: parts.gateway.calls,
    tick: parts.events.tick,
    intercept: parts.gateway.intercept,
    stop: parts.stop,
  };
}
