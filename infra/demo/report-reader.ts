import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import type { WatchedEntry } from './ledger-watch.ts';
import { verdictNumbers } from './verdict-numbers.ts';

const judged = z.object({ artifacts: z.object({ 'evaluation-report': z.object({ key: z.string() }) }) });

/** Reads what a gate was judged by, from the evidence that its ledger entry names. */
export class ReportReader {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** The numbers of a judged gate in one line; empty for every other entry. */
  async numbersOf(entry: WatchedEntry): Promise<string> {
    const data = entry.type === 'gate-judged' ? judged.safeParse(entry.data) : undefined;
    if (data?.success !== true) return '';
    const { key } = data.data.artifacts['evaluation-report'];
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    return Body === undefined ? '' : verdictNumbers(await Body.transformToByteArray());
  }
}
