import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { evidencePaths } from '../platform/keys.ts';
import type { Retention } from '../platform/retention.ts';
import { type Anchor, anchorText } from './anchor.ts';

/** Anchors in the evidence bucket, under Object Lock from the moment they are written. */
export class AnchorStore {
  readonly #objects: Pick<EvidenceStore, 'writeOnce'>;
  readonly #retention: Retention;

  constructor(objects: Pick<EvidenceStore, 'writeOnce'>, retention: Retention) {
    this.#objects = objects;
    this.#retention = retention;
  }

  /**
   * Writes an anchor unless it is there; retention counts from `at`, the time of the call.
   * @throws ReleaseError CONDITION_FAILED when another anchor lies at this position
   */
  async write(anchor: Anchor, at: string): Promise<void> {
    await this.#objects.writeOnce(evidencePaths.anchor(anchor.model, anchor.seq), anchorText(anchor), {
      contentType: 'application/json',
      retention: this.#retention,
      at,
    });
  }
}
