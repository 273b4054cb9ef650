import * as z from 'zod';
import { changeRecord } from '../change/change-record.ts';
import { handedIn } from '../evidence/handed-in.ts';
import { modelName, versionName } from '../platform/ids.ts';
import { downstreamTeam, owner, requester } from '../platform/people.ts';
import { modelApprover } from './items.ts';
import { policySchema } from './policy.ts';

const approvers = z.array(modelApprover, 'At least one approver must be named.').min(1).max(50);
const downstream = z.array(downstreamTeam).max(100);

const onboard = z.strictObject({
  kind: z.literal('onboard'),
  model: modelName,
  owner: owner,
  approvers,
  /** Teams that work with the forecasts and are told of every change. */
  downstream,
  policy: policySchema.prefault({}),
  /** The model's first version, when one runs elsewhere already: it is taken over without passing the gates. */
  adopt: z.strictObject({ version: versionName, artifact: handedIn }).exactOptional(),
  change: changeRecord.refine((change) => change.type === 'onboarding', {
    path: ['type'],
    message: 'The onboarding of a model is a change of type onboarding.',
  }),
  requestedBy: requester,
});

/** What is left out stays as it is. A policy is given whole: its left-out fields take their defaults. */
const change = z.strictObject({
  kind: z.literal('change'),
  model: modelName,
  owner: owner.exactOptional(),
  approvers: approvers.exactOptional(),
  downstream: downstream.exactOptional(),
  policy: policySchema.exactOptional(),
  change: changeRecord.refine((record) => record.type !== 'onboarding', {
    path: ['type'],
    message: 'The model exists; name the type of the change that is asked for.',
  }),
  requestedBy: requester,
});

/** Leaves the kill switch that stands: what it covers is served as everything else. */
const restore = z.strictObject({
  kind: z.literal('restore'),
  model: modelName,
  change: changeRecord.refine((record) => record.type !== 'onboarding', {
    path: ['type'],
    message: 'The model exists; name the type of the change that mended what the kill switch was thrown for.',
  }),
  requestedBy: requester,
});

/** Input of the onboarding state machine. */
export const changeInput = z.discriminatedUnion('kind', [onboard, change, restore]);
export type ChangeInput = z.infer<typeof changeInput>;
