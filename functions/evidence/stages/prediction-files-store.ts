import { createReadStream, createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { ReleaseError } from '../../platform/errors.ts';
import { sha256Hex } from '../../platform/json.ts';
import { predictionPaths } from '../../platform/keys.ts';

/** An object of the prediction bucket and the business date that its key names. */
export interface DatedObject {
  readonly key: string;
  readonly date: string;
}

export interface SizedObject extends DatedObject {
  /** As stored. */
  readonly bytes: number;
}

interface ListedObject extends Omit<SizedObject, 'date'> {
  /** UTC of its last change. */
  readonly at: string;
}

/** A prediction object, with the pointer revision that routed it. */
export interface RoutedObject extends SizedObject {
  readonly revision: number;
}

/** An object that was saved: what exactly was read, and whether its bytes are whole. */
export interface SavedObject extends DatedObject {
  readonly path: string;
  /** The object version, or the ETag where the bucket keeps no versions. */
  readonly version: string;
  /** False for gzip that is damaged or cut off. */
  readonly whole: boolean;
}

/** Dates without any object after which the older ones are not looked at: a stage has no such gaps. */
const MAX_EMPTY_DATES = 14;
/** As-of dates that are looked at in all, newest first; no stage may last that long. */
const MAX_DATES = 150;
/** Dates that are listed at a time. */
const LISTED_AT_ONCE = 7;
const PARALLEL = 16;
const OUTCOMES = /\/date=(\d{4}-\d{2}-\d{2})\/asof=[^/]+\.(csv\.gz|parquet)$/;

/** The prediction bucket: the log that inference writes, and the outcomes of whoever knows the sales. */
export class PredictionFilesStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** The prediction objects of a model that were routed by one of these pointer revisions, by key. */
  async findPredictions(model: string, revisions: readonly number[]): Promise<readonly DatedObject[]> {
    const wanted = new Set(revisions.map(String));
    const dates = await this.asOfDates(model);
    const found: DatedObject[] = [];
    let empty = 0;
    for (let at = 0; at < dates.length && !(found.length > 0 && empty >= MAX_EMPTY_DATES); at += LISTED_AT_ONCE) {
      const listed = await Promise.all(
        dates.slice(at, at + LISTED_AT_ONCE).map((date) => this.#predictionsOf(model, date, wanted)),
      );
      for (const objects of listed) {
        empty = objects.length === 0 ? empty + 1 : 0;
        found.push(...objects);
      }
    }
    return byKey(found);
  }

  /** What one version forecast of a model at each of these as-of dates, whatever it was used for, by key. */
  async findForecasts(model: string, version: string, dates: readonly string[]): Promise<readonly SizedObject[]> {
    const listed = await inParallel(dates, async (date) => {
      const { objects } = await this.#list(predictionPaths.asOfPrefix(model, date));
      const ofVersion = objects.filter(({ key }) => key.includes(`/version=${version}/`));
      return ofVersion.map(({ key, bytes }) => ({ key, bytes, date }));
    });
    return byKey(listed.flat());
  }

  /** Of each of these business dates the object with the latest `asof`, by key. */
  async findOutcomesOf(dates: readonly string[]): Promise<readonly SizedObject[]> {
    const listed = await inParallel(dates, async (date) => {
      const { objects } = await this.#list(predictionPaths.outcomesOf(date));
      const newest = objects
        .filter(({ key }) => OUTCOMES.test(key))
        .toSorted(keysAscending)
        .at(-1);
      return newest === undefined ? [] : [{ key: newest.key, bytes: newest.bytes, date }];
    });
    return byKey(listed.flat());
  }

  /** The prediction objects of these versions on these as-of dates, whichever document routed them, by key. */
  async findVersions(
    model: string,
    { versions, dates }: { readonly versions: readonly string[]; readonly dates: readonly string[] },
  ): Promise<readonly RoutedObject[]> {
    const listed = await inParallel(dates, async (date) => {
      const { objects } = await this.#list(predictionPaths.asOfPrefix(model, date));
      return objects.flatMap(({ key, bytes }) => {
        const [, version = '', revision = ''] = /\/version=([^/]+)\/[^/]+-(\d+)\.ndjson\.gz$/.exec(key) ?? [];
        return versions.includes(version) ? [{ key, date, bytes, revision: Number(revision) }] : [];
      });
    });
    return listed.flat().toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Of every business date the object with the latest `asof`, by key: some hundred keys for a year, restated or not. */
  async findOutcomes(): Promise<readonly DatedObject[]> {
    const { keys } = await this.#list(predictionPaths.outcomesPrefix);
    const newest = new Map<string, DatedObject>();
    for (const key of keys.toSorted()) {
      const date = OUTCOMES.exec(key)?.[1];
      if (date !== undefined) newest.set(date, { key, date });
    }
    return byKey([...newest.values()]);
  }

  /** Saves objects under `directory`, as they are stored, and checks that gzip is whole. Answers in the given order. */
  save(objects: readonly DatedObject[], directory: string): Promise<readonly SavedObject[]> {
    return inParallel(objects, async (object, index) => {
      const path = `${directory}/${String(index).padStart(6, '0')}`;
      const { Body, VersionId, ETag } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: object.key }),
      );
      if (!Body) throw new ReleaseError('NOT_FOUND', `The object at ${object.key} has no body.`);
      await pipeline(Body.transformToWebStream(), createWriteStream(path));
      const whole = object.key.endsWith('.gz') ? await isWholeGzip(path) : true;
      return { ...object, path, version: VersionId ?? ETag ?? '', whole };
    });
  }

  /** As-of dates of a model's log, newest first. */
  async asOfDates(model: string): Promise<readonly string[]> {
    const { prefixes } = await this.#list(predictionPaths.modelPrefix(model), '/');
    const dates = prefixes.flatMap((prefix) => /\/date=(\d{4}-\d{2}-\d{2})\/$/.exec(prefix)?.[1] ?? []);
    return dates.toSorted().toReversed().slice(0, MAX_DATES);
  }

  /** When, in UTC, the first forecasts of an as-of date came; null: there are none. */
  async asOfArrival(model: string, date: string): Promise<string | null> {
    const { objects } = await this.#list(predictionPaths.asOfPrefix(model, date));
    return objects.map(({ at }) => at).toSorted()[0] ?? null;
  }

  /** Of every business date when, in UTC, its first outcomes came. */
  async outcomeArrivals(): Promise<readonly { readonly date: string; readonly at: string }[]> {
    const { objects } = await this.#list(predictionPaths.outcomesPrefix);
    const first = new Map<string, string>();
    for (const { key, at } of objects) {
      const date = OUTCOMES.exec(key)?.[1];
      if (date !== undefined && at < (first.get(date) ?? '~')) first.set(date, at);
    }
    return [...first].map(([date, at]) => ({ date, at })).toSorted((a, b) => (a.date < b.date ? -1 : 1));
  }

  async #predictionsOf(model: string, date: string, revisions: ReadonlySet<string>): Promise<readonly DatedObject[]> {
    const { keys } = await this.#list(predictionPaths.asOfPrefix(model, date));
    const revisionOf = (key: string) => /-(\d+)\.ndjson\.gz$/.exec(key)?.[1] ?? '';
    return keys.filter((key) => revisions.has(revisionOf(key))).map((key) => ({ key, date }));
  }

  async #list(
    prefix: string,
    delimiter?: string,
  ): Promise<{
    readonly keys: readonly string[];
    readonly objects: readonly ListedObject[];
    readonly prefixes: readonly string[];
  }> {
    const objects: ListedObject[] = [];
    const prefixes: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      );
      objects.push(
        ...(page.Contents ?? []).flatMap(({ Key, Size = 0, LastModified }) =>
          Key === undefined ? [] : [{ key: Key, bytes: Size, at: LastModified?.toISOString() ?? '' }],
        ),
      );
      prefixes.push(...(page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return { keys: objects.map(({ key }) => key), objects, prefixes };
  }
}

/** How many objects were read, and a digest over their sorted keys and versions. */
export function describeObjects(objects: readonly SavedObject[]): {
  readonly objects: number;
  readonly digest: string;
} {
  const lines = objects.map(({ key, version }) => `${key} ${version}`).toSorted();
  return { objects: objects.length, digest: sha256Hex(lines.join('\n')) };
}

/** The engine takes a gzip file that is cut off for a whole one, so length and checksum are verified here. */
async function isWholeGzip(path: string): Promise<boolean> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')) return false;
    throw cause;
  }
}

function byKey<T extends Pick<DatedObject, 'key'>>(objects: readonly T[]): readonly T[] {
  return objects.toSorted(keysAscending);
}

function keysAscending(a: Pick<DatedObject, 'key'>, b: Pick<DatedObject, 'key'>): number {
  return a.key < b.key ? -1 : 1;
}

/** As Promise.all over map, with a bound on how many run at a time. */
async function inParallel<T, R>(items: readonly T[], run: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await run(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
  return results;
}
