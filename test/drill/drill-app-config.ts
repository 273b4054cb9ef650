import type { AppConfigStore, PointerPlace } from '../../functions/pointer/appconfig-store.ts';
import { vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { MemoryAppConfig, type StoreApi } from '../fakes/memory-app-config.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

export const DRILL_ID = 'env-drill';

/** A stage's AppConfig with the environment of drills beside the model's own, both behind the vouching extension. */
export class DrillAppConfig implements StoreApi {
  readonly own: MemoryAppConfig;
  readonly drill: MemoryAppConfig;

  constructor(stage: ReleaseStage) {
    this.own = stage.appConfig;
    this.drill = new MemoryAppConfig({
      model: stage.model,
      now: stage.now,
      extension: (event) =>
        vouchDeployment(stage.vouching, { ...(event as object), Environment: { Id: DRILL_ID, Name: 'drill' } }),
    });
  }

  get place(): PointerPlace {
    return { ...this.own.place, environmentId: DRILL_ID };
  }

  #at(environmentId: string): MemoryAppConfig {
    this.drill.versions.splice(0, Number.POSITIVE_INFINITY, ...this.own.versions);
    return environmentId === DRILL_ID ? this.drill : this.own;
  }

  deployedState(place: PointerPlace) {
    return this.#at(place.environmentId).deployedState(place);
  }

  deployment(environmentId: string, number: number) {
    return this.#at(environmentId).deployment(environmentId, number);
  }

  hostedVersions() {
    return this.own.hostedVersions();
  }

  hostedContent(profileId: string, number: number) {
    return this.own.hostedContent(profileId, number);
  }

  createVersion(version: Parameters<AppConfigStore['createVersion']>[0]) {
    return this.own.createVersion(version);
  }

  startDeployment(deployment: Parameters<AppConfigStore['startDeployment']>[0]) {
    return this.#at(deployment.place.environmentId).startDeployment(deployment);
  }

  stopDeployment(environmentId: string, number: number) {
    return this.#at(environmentId).stopDeployment(environmentId, number);
  }

  served() {
    return this.#at(DRILL_ID).served();
  }
}
