import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { type AwsStub, mockClient } from 'aws-sdk-client-mock';
import type { PointerEvent } from '../../../functions/inference/pointer/pointer-event.ts';
import { PointerReader } from '../../../functions/inference/pointer/pointer-reader-store.ts';
import type { PointerReaderOptions } from '../../../functions/inference/pointer/reader-options.ts';
import type { PointerDocument, UnsignedDocument } from '../../../functions/pointer/document.ts';
import { servedContent } from '../../../functions/pointer/flag.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';

export const key = createTestKey();
export const documentOf = (members: Partial<UnsignedDocument> = {}) => signedDocument(key, members);

type Operation = 'start' | 'get';

/** What becomes of a request: an error instead of an answer, or a wait before it. `lost`: AppConfig had answered. */
export type Disturbance = (
  operation: Operation,
) => { readonly error: unknown; readonly lost?: boolean } | Held | undefined;

/** Holds answers back that AppConfig has made, until somebody lets go. */
export class Held {
  #letGo: (outcome: Promise<void>) => void = () => {};
  readonly over = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  release(error?: unknown): void {
    this.#letGo(error === undefined ? Promise.resolve() : Promise.reject(error));
  }
}

/** AppConfig's data plane as its documents describe it: single-use tokens, and content only where it is news. */
export class DataPlane {
  readonly mock: AwsStub<never, never, never>;
  served = '';
  disturb: Disturbance | null = null;
  /** It answers a spent token as if its answer had arrived, instead of refusing it: nobody says that it never does. */
  isForgiving = false;
  #tokens = new Map<string, string | null>();
  #issued = 0;
  starts = 0;
  gets = 0;
  /** Told what AppConfig served when it made an answer that now reaches the reader, and the number of its request. */
  onDelivery: (content: string, request: number) => void = () => {};

  constructor() {
    const mock = mockClient(AppConfigDataClient);
    mock.on(StartConfigurationSessionCommand).callsFake(() => this.#answer('start', () => this.#start()));
    mock
      .on(GetLatestConfigurationCommand)
      .callsFake(({ ConfigurationToken }) => this.#answer('get', () => this.#get(ConfigurationToken)));
    this.mock = mock as never;
  }

  serve(content: PointerDocument | string): void {
    this.served = typeof content === 'string' ? content : servedContent(content);
  }

  /** Every token is worthless from now on. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  async #answer(operation: Operation, make: () => object): Promise<object> {
    if (operation === 'start') this.starts += 1;
    else this.gets += 1;
    const request = this.starts + this.gets;
    const disturbance = this.disturb?.(operation);
    if (disturbance === undefined || disturbance instanceof Held) {
      const answer = make();
      const content = this.served;
      await disturbance?.over;
      if (operation === 'get') this.onDelivery(content, request);
      return answer;
    }
    if (disturbance.lost) make();
    throw disturbance.error;
  }

  #start(): object {
    return { InitialConfigurationToken: this.#issue(null) };
  }

  #get(token: string): object {
    const held = this.#tokens.get(token);
    if (held === undefined) throw refusedToken();
    if (this.isForgiving) this.#tokens.set(token, this.served);
    else this.#tokens.delete(token);
    const text = held === this.served ? '' : this.served;
    // As the SDK has it: no body is no array.
    const Configuration = text === '' ? null : new TextEncoder().encode(text);
    return { Configuration, NextPollConfigurationToken: this.#issue(this.served) };
  }

  #issue(held: string | null): string {
    this.#issued += 1;
    const token = `token-${this.#issued}`;
    this.#tokens.set(token, held);
    return token;
  }
}

export function awsError(name: string, httpStatusCode: number, members: object = {}): Error {
  const $fault = httpStatusCode >= 500 ? 'server' : 'client';
  return Object.assign(new Error(`${name} happened.`), { name, $fault, $metadata: { httpStatusCode } }, members);
}

export function refusedToken(Problem = 'Corrupted'): Error {
  const Details = { InvalidParameters: { ConfigurationToken: { Problem } } };
  return awsError('BadRequestException', 400, { Reason: 'InvalidParameters', Details });
}

export const noRoute = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

const MOMENT_SECONDS = 0.001;

/** A reader on a data plane of its own, a clock that tests set, and limits that tests can wait for. */
export class ReaderStand {
  readonly plane = new DataPlane();
  readonly events: PointerEvent[] = [];
  #at = 1_000_000;
  #steadyAt = 0;

  /** Seconds of the wall clock. Set forward, time passes; set back, the clock was set back, which takes a moment. */
  get at(): number {
    return this.#at;
  }

  set at(seconds: number) {
    this.#steadyAt += Math.max(MOMENT_SECONDS, seconds - this.#at);
    this.#at = seconds;
  }

  /** The process is frozen for so many seconds: its steady clock stands still, but for the moment that it takes. */
  freeze(seconds: number): void {
    this.#steadyAt += MOMENT_SECONDS;
    this.#at += seconds;
  }

  reader(options: Partial<PointerReaderOptions> = {}): PointerReader {
    return new PointerReader({
      client: new AppConfigDataClient({ region: 'eu-west-1' }),
      application: 'model-release',
      model: 'demand',
      publicKeyPem: key.publicKeyPem,
      now: () => this.#at * 1000,
      steady: () => this.#steadyAt * 1000,
      onEvent: (event) => this.events.push(event),
      copyFolder: null,
      refreshTimeoutMs: 40,
      firstTimeoutMs: 80,
      ...options,
    });
  }

  get kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }
}

/** What a call is answered: a revision, or the code of the error. */
export async function revisionOf(reader: PointerReader): Promise<number | string> {
  try {
    return (await reader.current()).document.revision;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
