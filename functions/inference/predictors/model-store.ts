import type { EvidenceStore } from '../../evidence/evidence-store.ts';
import type { Clock } from '../../platform/clock.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { Attempt, type Failure, type Result } from './attempt.ts';
import type { Predictor, PredictorFactory } from './predictor.ts';
import { artifactOf } from './version-manifest.ts';

/** What a version is: the bytes that its signed manifest vouches for. */
export interface VersionArtifact {
  readonly model: string;
  readonly version: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** A version that can be asked in this process. */
export interface LoadedVersion extends VersionArtifact {
  readonly predictor: Predictor;
}

export type Fetched = { readonly ok: true; readonly loaded: VersionArtifact } | Failure;
export type Loaded = { readonly ok: true; readonly loaded: LoadedVersion } | Failure;

/** What forecasts as the version in production. */
export interface Standard {
  /** The version itself, or the one before it; null: neither could be loaded. */
  readonly loaded: LoadedVersion | null;
  /** Why the version itself does not forecast; null: it does. */
  readonly failure: Failure | null;
}

export interface ModelStoreOptions {
  readonly evidence: Pick<EvidenceStore, 'find' | 'read'>;
  /** PEM (SPKI) of the key that manifests must be signed with. */
  readonly publicKeyPem: string;
  readonly predictorOf: PredictorFactory;
  readonly now: Clock;
  /** Longest wait of a call whose version is not loaded yet. */
  readonly loadTimeoutMs?: number;
  /** How long a failure stands before the version is looked for anew. */
  readonly retrySeconds?: number;
  /** Versions of each model that are kept. */
  readonly keptVersions?: number;
  /** Whatever else a pipeline hands in must not fill the memory of the process that serves production. */
  readonly maxArtifactBytes?: number;
}

const MAX_MANIFEST_BYTES = 1_000_000;

interface Slot {
  readonly artifact: Attempt<VersionArtifact>;
  built?: Attempt<LoadedVersion>;
}

/**
 * Versions by their signed manifests: signature and digest are checked once per load, and a version is kept while a
 * pointer may name it, since what it is never changes. A predictor is made only where one is asked for. Nothing here throws.
 */
export class ModelStore {
  readonly #options: Required<ModelStoreOptions>;
  /** Of each model the versions that were asked for last, the oldest first. */
  readonly #slots = new Map<string, Map<string, Slot>>();

  constructor(options: ModelStoreOptions) {
    this.#options = {
      // The first request of a process waits; three small reads take a fraction of this, and a candidate that were given
      // up sooner would be short of forecasts, which counts against it.
      loadTimeoutMs: 3_000,
      retrySeconds: 30,
      // A pointer names four at most: production, the one before it, a canary and a shadow.
      keptVersions: 4,
      // A manifest and a forecaster's parameters are a few kilobytes.
      maxArtifactBytes: 1_000_000,
      ...options,
    };
  }

  /** The version's checked bytes, for whoever runs it apart: no code of the version's own runs here. */
  async fetch(model: string, version: string): Promise<Fetched> {
    const fetched = await this.#within(this.#slot(model, version).artifact, this.#options.loadTimeoutMs);
    return fetched.ok ? { ok: true, loaded: fetched.value } : fetched;
  }

  /** The version as a predictor in this process. */
  async load(model: string, version: string): Promise<Loaded> {
    return this.#load(model, version, this.#options.loadTimeoutMs);
  }

  /**
   * The version in production; where it does not load, the one before it, which the pointer names too, so that it is not
   * withdrawn. One time limit holds for both: whoever waited in vain for the first takes the other only if it is there.
   * @param previous empty: there is none
   */
  async loadStandard(model: string, version: string, previous: string): Promise<Standard> {
    const { loadTimeoutMs, now } = this.#options;
    const began = now().getTime();
    const loaded = await this.load(model, version);
    if (loaded.ok) return { loaded: loaded.loaded, failure: null };
    if (previous === '') return { loaded: null, failure: loaded };
    const before = await this.#load(model, previous, this.#left(loadTimeoutMs, began));
    return { loaded: before.ok ? before.loaded : null, failure: loaded };
  }

  async #load(model: string, version: string, timeoutMs: number): Promise<Loaded> {
    const slot = this.#slot(model, version);
    const began = this.#options.now().getTime();
    const fetched = await this.#within(slot.artifact, timeoutMs);
    if (!fetched.ok) return fetched;
    const artifact = fetched.value;
    slot.built ??= new Attempt(async () => ({
      ...artifact,
      predictor: await this.#options.predictorOf(artifact.bytes),
    }));
    const built = await this.#within(slot.built, this.#left(timeoutMs, began));
    return built.ok ? { ok: true, loaded: built.value } : built;
  }

  #within<T>(attempt: Attempt<T>, timeoutMs: number): Promise<Result<T>> {
    const { retrySeconds, now } = this.#options;
    return attempt.within({ timeoutMs, retrySeconds, now });
  }

  /** A clock that was set back has used nothing up. */
  #left(timeoutMs: number, began: number): number {
    return Math.max(0, timeoutMs - Math.max(0, this.#options.now().getTime() - began));
  }

  #slot(model: string, version: string): Slot {
    const versions = this.#slots.get(model) ?? new Map<string, Slot>();
    this.#slots.set(model, versions);
    const slot = versions.get(version) ?? { artifact: new Attempt(() => this.#fetch(model, version)) };
    versions.delete(version);
    versions.set(version, slot);
    for (const oldest of versions.keys()) {
      if (versions.size <= this.#options.keptVersions) break;
      versions.delete(oldest);
    }
    return slot;
  }

  async #fetch(model: string, version: string): Promise<VersionArtifact> {
    const { evidence, publicKeyPem, maxArtifactBytes } = this.#options;
    const manifest = await evidence.find(evidencePaths.versionManifest(model, version));
    if (manifest === null) throw new ReleaseError('NOT_FOUND', `There is no manifest of ${model}/${version}.`);
    const envelope = await evidence.read(manifest, MAX_MANIFEST_BYTES);
    const artifact = artifactOf(envelope, { model, version, publicKeyPem });
    const bytes = await evidence.read(artifact, maxArtifactBytes);
    return { model, version, sha256: artifact.sha256, bytes };
  }
}
