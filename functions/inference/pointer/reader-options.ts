import type { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import type { PointerEvent } from './pointer-event.ts';

export interface PointerReaderOptions {
  readonly client: AppConfigDataClient;
  /** Id or name. */
  readonly application: string;
  /** Names environment and profile too. */
  readonly model: string;
  /** The environment that is read instead of the model's own: only a drill has another. */
  readonly environment?: string;
  /** PEM (SPKI) of the key that documents must be signed with. */
  readonly publicKeyPem: string;
  /** Milliseconds of the wall clock: of all clocks it alone is sure to go on while the process is frozen. */
  readonly now?: () => number;
  /** Milliseconds of a clock that nobody sets back. */
  readonly steady?: () => number;
  readonly onEvent?: (event: PointerEvent) => void;
  /** Where documents outlive the process; null: nowhere. */
  readonly copyFolder?: string | null;
  /** Serves until AppConfig answers, where there is no copy: a document as it is served, or as it is stored. */
  readonly bootstrap?: string | Uint8Array;
  /** Age from which a document is looked for anew. */
  readonly pollSeconds?: number;
  /** The same after a look that failed, where it is shorter. */
  readonly retrySeconds?: number;
  /** Longest wait of a call whose document is stale. */
  readonly refreshTimeoutMs?: number;
  /** Longest wait of the first calls, when there is nothing to serve meanwhile. */
  readonly firstTimeoutMs?: number;
  /** Age at which a look that nobody waits for any more is given up. */
  readonly lookTimeoutMs?: number;
  /** Silence that is no passing fault any more. */
  readonly staleAfterSeconds?: number;
}

type Given = 'now' | 'steady' | 'onEvent' | 'bootstrap' | 'environment';

export const READER_DEFAULTS = {
  /** Lambda lets a function write below `/tmp` alone. */
  copyFolder: '/tmp/model-release',
  pollSeconds: 15,
  retrySeconds: 5,
  refreshTimeoutMs: 250,
  firstTimeoutMs: 3_000,
  lookTimeoutMs: 10_000,
  staleAfterSeconds: 300,
} as const satisfies Partial<PointerReaderOptions>;

export type ReaderSettings = PointerReaderOptions & Required<Omit<PointerReaderOptions, Given>>;

const TIMES = [
  'pollSeconds',
  'retrySeconds',
  'refreshTimeoutMs',
  'firstTimeoutMs',
  'lookTimeoutMs',
  'staleAfterSeconds',
] as const satisfies readonly (keyof typeof READER_DEFAULTS)[];
/** A timer that is told to wait longer does not wait at all. */
const LONGEST = 2 ** 31 - 1;

/**
 * The options with the defaults. What is no time, such as the number of a misspelt setting, counts as not given: it would
 * have every call ask AppConfig, or none ever again.
 */
export function settingsOf(options: PointerReaderOptions): ReaderSettings {
  const times = TIMES.filter((name) => !isTime(options[name])).map((name) => [name, READER_DEFAULTS[name]] as const);
  return { ...READER_DEFAULTS, ...options, ...Object.fromEntries(times) };
}

function isTime(value: number | undefined): boolean {
  return value !== undefined && value >= 0 && value <= LONGEST;
}
