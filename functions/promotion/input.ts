import * as z from 'zod';
import { promotionChange } from '../change/change-record.ts';
import { handedIn } from '../evidence/handed-in.ts';
import { businessDate, modelName, versionName } from '../platform/ids.ts';
import { requester } from '../platform/people.ts';
import { trainingParameters } from './training-parameters.ts';

/** Input of the promotion state machine. Every field is required but `change.critical` and `change.equalIsEnough`. */
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
      /** What else it was trained with, for example `learning_rate`; what changed of it is in the release note. */
      parameters: trainingParameters.exactOptional(),
    })
    .refine((training) => training.from <= training.to, { path: ['to'], message: 'Training ends before it begins.' }),
  backtest: handedIn,
  history: handedIn,
  /** In which situations the model is known to fail, and how. A model without any has not been examined. */
  knownFailureModes: z
    .array(z.string().trim().min(10, 'Say it in at least 10 characters.').max(1000), 'Known failure modes are missing.')
    .min(1, 'At least one known failure mode must be documented.')
    .max(50),
  change: promotionChange.refine((change) => change.type !== 'onboarding' && change.type !== 'ownership', {
    path: ['type'],
    message: 'Changes without a version go to the onboarding machine.',
  }),
  requestedBy: requester,
});
export type PromotionInput = z.infer<typeof promotionInput>;
