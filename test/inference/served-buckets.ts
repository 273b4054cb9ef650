import { S3Client } from '@aws-sdk/client-s3';
import { EvidenceStore } from '../../functions/evidence/evidence-store.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import type { TestKey } from '../fakes/test-key.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';
import { storeVersion } from './stand.ts';

const AT = '2026-03-01T08:00:00.000Z';

export interface ServedBuckets {
  readonly served: Served;
  readonly s3: S3Client;
  /** What an entry of inference reads of its environment to find them. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The buckets of inference on our S3, with signed versions in them: by version what its artifact is. */
export async function serveBuckets(
  key: TestKey,
  versions: Readonly<Record<string, string>>,
  caller: string,
): Promise<ServedBuckets> {
  const service = createS3({ now: () => new Date(AT) });
  service.createBucket('evidence', {
    VersioningConfiguration: { Status: 'Enabled' },
    ObjectLockEnabled: true,
    ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
  });
  service.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
  const served = await serveOne('s3', service);
  const s3 = new S3Client(served.client);
  const store = new EvidenceStore(s3, 'evidence');
  const options = { contentType: 'application/json', retention: { days: 1, mode: 'GOVERNANCE' }, at: AT } as const;
  const evidence = { writeOnce: (name: string, bytes: string | Uint8Array) => store.writeOnce(name, bytes, options) };
  for (const [version, artifact] of Object.entries(versions)) await storeVersion(evidence, key, { version, artifact });
  const environment = {
    ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: caller, AWS_SECRET_ACCESS_KEY: 'local' },
    ...{ AWS_ENDPOINT_URL_S3: served.endpoint, EVIDENCE_BUCKET: 'evidence', PREDICTION_BUCKET: 'predictions' },
    POINTER_PUBLIC_KEY: key.publicKeyPem,
  };
  return { served, s3, environment };
}
