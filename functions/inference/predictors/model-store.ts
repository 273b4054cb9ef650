import type { EvidenceStore } from '../../evidence/evidence-store.ts';
import type { Clock } from '../../platform/clock.ts';
import { within } from '../../platform/deadline.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { parseArtifact } from './artifact.ts';
import type { Forecaster } from './forecaster.ts';
import { artifactOf } from './version-manifest.ts';

export type Loaded =
  | { readonly ok: true; readonly forecaster: Forecaster }
  /** `code`: of the error, or its name where it is not ours; `TIMED_OUT`; `RETRY_LATER` while a failure is recent. */
  | { readonly ok: false; readonly code: string };

export interface ModelStoreOptions {
  readonly evidence: Pick<EvidenceStore, 'find' | 'read'>;
  /** PEM (SPKI) of the key that manifests must be signed with. */
  readonly publicKeyPem: string;
  readonly now: Clock;
  /** Longest wait of a call whose version is not loaded yet. */
  readonly loadTimeoutMs?: number;
  /** How long a failure stands before the version is looked for anew. */
  readonly retrySeconds?: number;
}

/**
 * A manifest and a forecaster's parameters are a few kilobytes. Whatever else a pipeline hands in must not fill the memory
 * of the process that serves production.
 */
const MAX_BYTES = 1_000_000;

interface Slot {
  forecaster?: Forecaster;
  loading?: Promise<Forecaster> | undefined;
  failedAt?: number;
}

/**
 * Versions by their signed manifests, each loaded once and kept for as long as the process lives: what a version is
 * never changes. Nothing here throws, and a failure is forgotten after a while.
 */
export class ModelStore {
  readonly #options: Required<ModelStoreOptions>;
  readonly #slots = new Map<string, Slot>();

  constructor(options: ModelStoreOptions) {
    // The first request of a process waits; three small reads take a fraction of this, and a candidate that were given
    // up sooner would be short of forecasts, which counts against it.
    this.#options = { loadTimeoutMs: 3_000, retrySeconds: 30, ...options };
  }

  /** The version's forecaster within the time limit. Callers at the same time share one look. */
  async load(model: string, version: string): Promise<Loaded> {
    const slot = this.#slot(model, version);
    if (slot.forecaster !== undefined) return { ok: true, forecaster: slot.forecaster };
    if (this.#failedJustNow(slot)) return { ok: false, code: 'RETRY_LATER' };
    slot.loading ??= this.#fetch(model, version, slot);
    const { loading } = slot;
    const outcome = await within(this.#options.loadTimeoutMs, () => loading);
    if (outcome.done) return { ok: true, forecaster: outcome.value };
    slot.failedAt = this.#options.now().getTime();
    // A look that hangs would hang for ever; one that ends late is still taken.
    if (slot.loading === loading) slot.loading = undefined;
    return { ok: false, code: outcome.timedOut ? 'TIMED_OUT' : codeOf(outcome.cause) };
  }

  /** The version's forecaster if this process has it already. */
  loaded(model: string, version: string): Forecaster | null {
    return this.#slots.get(keyOf(model, version))?.forecaster ?? null;
  }

  #slot(model: string, version: string): Slot {
    const key = keyOf(model, version);
    const slot = this.#slots.get(key) ?? {};
    this.#slots.set(key, slot);
    return slot;
  }

  #failedJustNow({ failedAt }: Slot): boolean {
    if (failedAt === undefined) return false;
    const age = this.#options.now().getTime() - failedAt;
    return age >= 0 && age < this.#options.retrySeconds * 1000;
  }

  async #fetch(model: string, version: string, slot: Slot): Promise<Forecaster> {
    const { evidence, publicKeyPem } = this.#options;
    const manifest = await evidence.find(evidencePaths.versionManifest(model, version));
    if (manifest === null) throw new ReleaseError('NOT_FOUND', `There is no manifest of ${model}/${version}.`);
    const bytes = await evidence.read(manifest, MAX_BYTES);
    const artifact = artifactOf(bytes, { model, version, publicKeyPem });
    const parsed = parseArtifact(await evidence.read(artifact, MAX_BYTES));
    if (!parsed.ok) {
      const { reasons } = parsed;
      throw new ReleaseError('INVALID_INPUT', `The artifact of ${model}/${version} is none that we run.`, { reasons });
    }
    slot.forecaster = parsed.value;
    return parsed.value;
  }
}

function keyOf(model: string, version: string): string {
  return `${model}/${version}`;
}

function codeOf(cause: unknown): string {
  if (isReleaseError(cause)) return cause.code;
  return cause instanceof Error ? cause.name : 'Error';
}
