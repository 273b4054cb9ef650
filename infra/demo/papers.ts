import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { evidencePaths } from '../../functions/platform/keys.ts';
import { type InboxEmail, readInbox } from './inbox.ts';
import { keysUnder, readObject } from './objects.ts';

/** Something that people read, and the file that it is kept in. */
export interface Paper {
  readonly file: string;
  readonly content: string | Uint8Array;
}

/** What of the evidence bucket is written for people; the rest is for programs. */
export function isPaper(key: string): boolean {
  return /\.(html|md|svg)$/.test(key);
}

/**
 * The files of an inbox: text and HTML of each email, counted from 1 in the order of their arrival, so that a folder lists
 * them in the order in which people got them.
 */
export function emailPapers(emails: readonly Pick<InboxEmail, 'destination' | 'subject' | 'body'>[]): readonly Paper[] {
  return emails.flatMap(({ destination, subject, body }, index) => {
    const name = `emails/${String(index + 1).padStart(3, '0')}-${nameOf(subject)}-to-${nameOf(destination.to[0] ?? 'nobody')}`;
    return [
      ...(body.text === undefined ? [] : [{ file: `${name}.txt`, content: body.text }]),
      ...(body.html === undefined ? [] : [{ file: `${name}.html`, content: body.html }]),
    ];
  });
}

/**
 * Keeps what people got to read after a run, when nothing serves it any more: emails, evidence reports, release notes and
 * change log. Whatever was in `folder` before is gone.
 * @returns how many files there are now
 */
export async function keepPapers(of: {
  readonly s3: S3Client;
  /** The evidence bucket. */
  readonly bucket: string;
  readonly inboxUrl: string;
  readonly folder: string;
}): Promise<number> {
  const { s3, bucket, inboxUrl, folder } = of;
  const emails = await readInbox(inboxUrl);
  const { evidencePrefix, releaseNotesPrefix, changeLogsPrefix } = evidencePaths;
  const prefixes = [evidencePrefix, releaseNotesPrefix, changeLogsPrefix];
  const keys = (await Promise.all(prefixes.map((prefix) => keysUnder(s3, bucket, prefix)))).flat().filter(isPaper);
  const papers: readonly Paper[] = [
    ...emailPapers(emails),
    ...(await Promise.all(keys.map(async (key) => ({ file: key, content: await readObject(s3, bucket, key) })))),
  ];
  await rm(folder, { recursive: true, force: true });
  for (const { file, content } of papers) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  return papers.length;
}

/** Letters and digits of a text, for a file's name. */
function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60);
  return name.replaceAll(/^-|-$/g, '') || 'unnamed';
}
