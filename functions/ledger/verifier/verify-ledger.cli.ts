import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Reason } from '../../platform/errors.ts';
import { readAnchors } from './found-anchor-store.ts';
import { refusalText, reportJson, reportText, unreadable } from './report.ts';
import { readRows } from './row-store.ts';
import {
  type Arguments,
  DEFAULT_OUTPUTS,
  isLoopback,
  parseArguments,
  resolveSettings,
  type Settings,
  USAGE,
} from './settings.ts';
import { type Verification, verifyChain } from './verify-chain.ts';

/** Verifies one ledger and answers the exit code. */
async function main(): Promise<number> {
  const given = parseArguments(process.argv.slice(2));
  const json = given.flags.has('json');
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const resolved = resolveSettings(given, readOutputs(given), process.env);
  if ('faults' in resolved) return refuse([...resolved.faults], json, `\n${USAGE}\n`);
  const { settings } = resolved;
  try {
    const verification = await verifyWith(settings);
    if (verification.head === null && verification.fault === undefined) {
      return refuse([noEntries(settings)], json);
    }
    const report = (json ? reportJson : reportText)(verification, settings.bucket !== null);
    process.stdout.write(`${report}\n`);
    return verification.fault === undefined ? 0 : 1;
  } catch (error) {
    return refuse([unreadable(error, settings)], json);
  }
}

async function verifyWith(settings: Settings): Promise<Verification> {
  const { model, table, bucket, endpoint, region } = settings;
  const anyCredentials = { accessKeyId: 'verify-ledger', secretAccessKey: 'verify-ledger' };
  const signedIn = process.env['AWS_ACCESS_KEY_ID'] !== undefined || process.env['AWS_PROFILE'] !== undefined;
  const local = endpoint !== undefined && isLoopback(endpoint);
  const options = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region !== undefined ? { region } : local ? { region: 'eu-west-1' } : {}),
    ...(local && !signedIn ? { credentials: anyCredentials } : {}),
    requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000 },
  };
  const tables = DynamoDBDocumentClient.from(new DynamoDBClient(options));
  const objects = new S3Client({ ...options, forcePathStyle: endpoint !== undefined });
  return verifyChain({
    model,
    publicKeyPem: await readKey(settings, new KMSClient(options)),
    rows: readRows(tables, table, model),
    anchors: bucket === null ? [] : readAnchors(objects, bucket, model),
  });
}

async function readKey({ key }: Settings, kms: KMSClient): Promise<string> {
  if ('file' in key) return readFileSync(key.file, 'utf8');
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: key.kmsKeyId }));
  if (PublicKey === undefined) throw new Error(`KMS answered without a public key for ${key.kmsKeyId}.`);
  const spki = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  return spki.export({ format: 'pem', type: 'spki' }).toString();
}

function readOutputs({ text }: Arguments): string | null {
  const file = text.outputs ?? DEFAULT_OUTPUTS;
  // A named file that is missing is a mistake, and an empty text is refused as one; the default one may be missing.
  if (!existsSync(file)) return text.outputs === undefined ? null : '';
  return readFileSync(file, 'utf8');
}

function noEntries({ model, table }: Settings): Reason {
  const message = `The table ${table} has no entries of the model ${model}, and no anchors of it exist.`;
  return { code: 'NO_ENTRIES', message, next: 'Check the name: nothing was verified.' };
}

function refuse(reasons: readonly Reason[], json: boolean, after = ''): number {
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, reasons })}\n`);
  else process.stderr.write(`${refusalText(reasons)}\n${after}`);
  return 2;
}

process.exitCode = await main();
