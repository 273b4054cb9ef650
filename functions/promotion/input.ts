import * as z from 'zod';
import { changeRecord } from '../change/change-record.ts';
import { businessDate, modelName, sha256, versionName } from '../platform/ids.ts';
import { requester } from '../platform/people.ts';

const s3Uri = z
  .string()
  .max(1024)
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.*[^/]$/, 'Expected s3://BUCKET/KEY.')
  // A key such as incoming/../manifests/x is legal in S3 and would read as lying under an allowed prefix.
  .refine(
    (uri) => !uri.split('/').some((part) => part === '..' || part === '.'),
    'The path must not contain . or .. parts.',
  );

/** An object handed in by the pipeline: where it lies and the SHA-256 of its bytes. */
const handedIn = z.strictObject({ uri: s3Uri, sha256 });

/** Input of the promotion state machine. Every field is required but `change.critical`. */
export const promotionInput = z.strictObject({
  model: modelName,
  version: versionName,
  /** The model file that inference would load. */
  artifact: handedIn,
  training: z
    .strictObject({
      /** First and last business date that the training saw. */
      from: businessDate,
      to: businessDate,
      features: z.array(z.string().trim().min(1).max(200)).min(1).max(500),
      /** Revision of the training code, for example a commit id. */
      code: z.string().trim().min(1).max(200),
    })
    .refine((training) => training.from <= training.to, { path: ['to'], message: 'Training ends before it begins.' }),
  backtest: handedIn,
  history: handedIn,
  /** In which situations the model is known to fail, and how. A model without any has not been examined. */
  knownFailureModes: z
    .array(z.string().trim().min(10, 'Say it in at least 10 characters.').max(1000), 'Known failure modes are missing.')
    .min(1, 'At least one known failure mode must be documented.')
    .max(50),
  change: changeRecord.refine((change) => change.type !== 'onboarding' && change.type !== 'ownership', {
    path: ['type'],
    message: 'Changes without a version go to the onboarding machine.',
  }),
  requestedBy: requester,
});
export type PromotionInput = z.infer<typeof promotionInput>;

/** Bucket and key of an S3 URI that the schema accepted. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly key: string } {
  const rest = uri.slice('s3://'.length);
  const slash = rest.indexOf('/');
  return { bucket: rest.slice(0, slash), key: rest.slice(slash + 1) };
}
