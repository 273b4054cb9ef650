import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { PredictionFilesStore } from '../../functions/evidence/stages/prediction-files-store.ts';
import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { PredictionLogStore } from '../../functions/inference/log/prediction-log-store.ts';
import type { Email } from '../../functions/platform/email.ts';
import type { RecallItem } from '../../functions/rollback/recall/recall-item.ts';
import { RecallLinkStore } from '../../functions/rollback/recall/recall-link-store.ts';
import { RecallListStore } from '../../functions/rollback/recall/recall-list-store.ts';
import { RecallObjectStore } from '../../functions/rollback/recall/recall-object-store.ts';
import { RecallStore, RecallWrites } from '../../functions/rollback/recall/recall-store.ts';
import { ServedLogStore } from '../../functions/rollback/recall/served-log-store.ts';
import type { WorkOffPorts } from '../../functions/rollback/recall/work-off-recalls.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';
import type { ReleaseStage } from './release-stage.ts';
import type { Tables } from './tables.ts';

export const BUCKET = 'predictions';

export interface Letter extends Email {
  readonly to: string;
}

/** The prediction log on our S3, and what a recall reads, writes and sends. One per test file. */
export class RecallStand {
  readonly s3: S3Client;
  readonly letters: Letter[] = [];
  readonly undelivered: number[] = [];
  readonly failed: unknown[] = [];
  /** Mailboxes that take nothing. */
  readonly broken = new Set<string>();
  readonly #served: Served;
  #draws = 0;

  private constructor(served: Served) {
    this.#served = served;
    this.s3 = new S3Client(served.client);
  }

  static async start(): Promise<RecallStand> {
    const service = createS3();
    service.createBucket(BUCKET, { VersioningConfiguration: { Status: 'Enabled' } });
    return new RecallStand(await serveOne('s3', service));
  }

  async stop(): Promise<void> {
    this.s3.destroy();
    await this.#served.stop();
  }

  forget(): void {
    for (const list of [this.letters, this.undelivered, this.failed]) list.length = 0;
    this.broken.clear();
  }

  /** @param clock UTC now; the stage's own unless a test moves it */
  ports(stage: ReleaseStage, { client, registry, approvals }: Tables, clock: () => string = stage.now): WorkOffPorts {
    return {
      registry: stage.registry,
      recalls: new RecallStore(client, registry),
      writes: new RecallWrites(registry),
      ledger: stage.ledger,
      log: new ServedLogStore(this.s3, BUCKET),
      lists: new RecallListStore(new PredictionFilesStore(this.s3, BUCKET), { memoryMb: 256, threads: 1 }),
      objects: new RecallObjectStore(this.s3, BUCKET),
      links: new RecallLinkStore(client, approvals),
      withDirectory: async (use) => {
        const directory = await mkdtemp(join(tmpdir(), 'recall-test-'));
        return use(directory).finally(() => rm(directory, { recursive: true, force: true }));
      },
      sendEmail: async (to, email) => {
        if (this.broken.has(to)) throw new Error('The mailbox takes nothing.');
        this.letters.push({ to, ...email });
      },
      onUndelivered: (_recall, count) => this.undelivered.push(count),
      onFailed: (_which, error) => this.failed.push(error),
      random: (count) => {
        this.#draws += 1;
        return new Uint8Array(count).fill(this.#draws % 256);
      },
      baseUrl: 'https://approve.example/',
      now: clock,
    };
  }

  /** Logs forecasts of one request, as inference does. */
  async log(asOf: string, records: readonly PredictionRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const { model, requestId, revision } = first;
    await new PredictionLogStore(this.s3, BUCKET).log({ model, asOf, requestId, revision, records });
  }

  /** Every object under a prefix: its bytes by its key and version. */
  async objects(prefix: string): Promise<ReadonlyMap<string, Buffer>> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
    const found = Contents.map(async ({ Key = '' }) => {
      const { Body, VersionId } = await this.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      return [`${Key} ${VersionId}`, Buffer.from((await Body?.transformToByteArray()) ?? [])] as const;
    });
    return new Map(await Promise.all(found));
  }

  /** The lines of a recall's list. */
  async lines({ list }: Pick<RecallItem, 'list'>): Promise<readonly Readonly<Record<string, unknown>>[]> {
    if (list === undefined) return [];
    const got = await this.s3.send(
      new GetObjectCommand({ Bucket: list.bucket, Key: list.key, VersionId: list.versionId }),
    );
    const text = gunzipSync(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toString('utf8');
    return text.split('\n').flatMap((line): Record<string, unknown>[] => (line === '' ? [] : [JSON.parse(line)]));
  }

  /** Links that were emailed to somebody, oldest first: id and secret of each. */
  links(to: string) {
    return this.letters
      .filter((letter) => letter.to === to)
      .flatMap(({ text }) => {
        const [, requestId = '', secret = ''] = /\/recalls\/([0-9a-f]+)\?k=(\S+)/.exec(text) ?? [];
        return requestId === '' ? [] : [{ requestId, secret }];
      });
  }
}
