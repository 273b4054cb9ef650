import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { routed } from '../gateway/rest-routes.ts';
import type { Invoke, Now, Service } from '../service.ts';
import { createDataPlane } from './data-plane.ts';
import { deploymentRoutes } from './deployments.ts';
import { extensionRoutes } from './extensions.ts';
import { createFromTemplate, resourceRoutes } from './resources.ts';
import { type AppConfigState, emptyState } from './state.ts';
import { versionRoutes } from './versions.ts';

export interface AppConfigOptions {
  /** Runs the functions of extensions. */
  readonly invoke: Invoke;
  readonly now?: Now;
  /** Keeps everything in a file of this directory; without it, it lives in memory. */
  readonly dataDir?: string;
}

/** AppConfig on this machine. What a template creates keeps its id over restarts with the same data directory. */
export interface AppConfig extends ReturnType<typeof createFromTemplate> {
  /** The service `appconfig`. */
  readonly control: Service;
  /** The service `appconfigdata`, which signs its requests as `appconfig` too. */
  readonly data: Service;
  /** Keeps what the template created; requests keep what they change themselves. */
  save(): void;
}

export function createAppConfig({ invoke, now = () => new Date(), dataDir }: AppConfigOptions): AppConfig {
  const file = dataDir === undefined ? undefined : join(dataDir, 'appconfig.json');
  const state: AppConfigState =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : emptyState();
  const save = (): void => {
    if (file === undefined) return;
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const parts = { state, invoke, now };
  const resources = { ...resourceRoutes(state), ...extensionRoutes(state) };
  const route = routed({ ...resources, ...versionRoutes(state, invoke), ...deploymentRoutes(parts) });
  const handle: Service['handle'] = async (request) => {
    const response = await route(request);
    if (request.method !== 'GET') save();
    return response;
  };
  return { ...createFromTemplate(state), control: { handle }, data: createDataPlane(parts), save };
}
