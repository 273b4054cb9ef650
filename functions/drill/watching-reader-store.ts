import type { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { PointerReader } from '../inference/pointer/pointer-reader-store.ts';
import { isReleaseError } from '../platform/errors.ts';
import { DRILL_ENVIRONMENT } from '../platform/ids.ts';
import { documentSha256 } from '../pointer/document.ts';

export interface WatchOptions {
  readonly client: AppConfigDataClient;
  readonly application: string;
  readonly publicKeyPem: string;
  /** As inference is told. */
  readonly pollSeconds: number;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A reader that watches the environment of drills as inference watches a model's own. */
export interface Watch {
  /** Waits until the reader goes by the document; the moment at which it was first seen to, UTC, or null within `patienceMs`. */
  readonly sees: (documentSha256: string, patienceMs: number) => Promise<string | null>;
}

/** Time between two requests of the one caller that the reader has. */
const PAUSE_MS = 100;

/** Starts a watching reader: inference's own, with its poll interval, and a caller that asks it ten times a second. */
export function watchDrill(options: WatchOptions, model: string): Watch {
  const { client, application, publicKeyPem, pollSeconds, now, sleep } = options;
  const reader = new PointerReader({
    ...{ client, application, model, publicKeyPem, pollSeconds, environment: DRILL_ENVIRONMENT },
    // A copy of an earlier process would be served before AppConfig was asked.
    copyFolder: null,
  });
  return {
    sees: async (wanted, patienceMs) => {
      const until = Date.parse(now()) + patienceMs;
      for (;;) {
        const seen = await shaOf(reader, model);
        const at = now();
        if (seen === wanted) return at;
        if (Date.parse(at) >= until) return null;
        await sleep(PAUSE_MS);
      }
    },
  };
}

async function shaOf(reader: PointerReader, model: string): Promise<string | null> {
  try {
    return documentSha256(model, (await reader.current()).document);
  } catch (error) {
    if (isReleaseError(error, 'POINTER_UNAVAILABLE')) return null;
    throw error;
  }
}
