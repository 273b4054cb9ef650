import { paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import type { DatedObject } from '../../evidence/stages/prediction-files-store.ts';
import type { Arm } from '../../inference/log/prediction.ts';
import { predictionPaths } from '../../platform/keys.ts';

/** An object of the log whose forecasts were served. */
export interface ServedObject extends DatedObject {
  readonly arm: ServedArm;
  readonly version: string;
  /** As stored. */
  readonly bytes: number;
}

const SERVED_ARMS = ['production', 'canary', 'fallback'] as const satisfies readonly Arm[];
export type ServedArm = (typeof SERVED_ARMS)[number];

/** Dates of which the objects are listed at a time. */
const LISTED_AT_ONCE = 16;

/**
 * What was served of a model, by the names of the log's objects. Every date is looked at, however old: a version may
 * have served for years, and no date of the log says when an object was written.
 */
export class ServedLogStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** What a version served, as canary, in production, or in the place of one that failed, by key. */
  async servedBy(model: string, version: string): Promise<readonly ServedObject[]> {
    return this.#ofDates(await this.#dates(model), (date) =>
      SERVED_ARMS.map((arm) => `${predictionPaths.asOfPrefix(model, date)}arm=${arm}/version=${version}/`),
    );
  }

  /** What anything served, made on these business dates or later, by key. */
  async servedFrom(model: string, firstDate: string): Promise<readonly ServedObject[]> {
    const dates = (await this.#dates(model)).filter((date) => date >= firstDate);
    return this.#ofDates(dates, (date) =>
      SERVED_ARMS.map((arm) => `${predictionPaths.asOfPrefix(model, date)}arm=${arm}/`),
    );
  }

  async #ofDates(
    dates: readonly string[],
    prefixesOf: (date: string) => readonly string[],
  ): Promise<readonly ServedObject[]> {
    const found: ServedObject[] = [];
    for (let at = 0; at < dates.length; at += LISTED_AT_ONCE) {
      const prefixes = dates.slice(at, at + LISTED_AT_ONCE).flatMap(prefixesOf);
      for (const objects of await Promise.all(prefixes.map((prefix) => this.#objects(prefix)))) found.push(...objects);
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #objects(prefix: string): Promise<readonly ServedObject[]> {
    const found: ServedObject[] = [];
    for await (const { Contents = [] } of this.#pages(prefix)) {
      for (const { Key = '', Size = 0 } of Contents) {
        const [, date = '', arm = '', version = ''] = NAMES.exec(Key) ?? [];
        const served = SERVED_ARMS.find((one) => one === arm);
        if (served !== undefined) found.push({ key: Key, date, arm: served, version, bytes: Size });
      }
    }
    return found;
  }

  async #dates(model: string): Promise<readonly string[]> {
    const dates: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages(predictionPaths.modelPrefix(model), '/')) {
      dates.push(
        ...CommonPrefixes.flatMap(({ Prefix = '' }) => /\/date=(\d{4}-\d{2}-\d{2})\/$/.exec(Prefix)?.[1] ?? []),
      );
    }
    return dates.toSorted();
  }

  #pages(Prefix: string, Delimiter?: string) {
    return paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix, Delimiter });
  }
}

const NAMES = /\/date=(\d{4}-\d{2}-\d{2})\/arm=([a-z]+)\/version=([^/]+)\/[^/]+\.ndjson\.gz$/;
