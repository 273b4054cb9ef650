import * as z from 'zod';
import { handler as openGate } from '../../functions/approval/open-gate.lambda.ts';
import { handler as readGate } from '../../functions/approval/read-gate.lambda.ts';
import { handler as requestApproval } from '../../functions/approval/request-approval.lambda.ts';
import { handler as killSwitch } from '../../functions/kill-switch/kill-switch.lambda.ts';
import { handler as movePointer } from '../../functions/pointer/move-pointer.lambda.ts';
import { handler as prepareReturn } from '../../functions/pointer/prepare-return.lambda.ts';
import { handler as reconcile } from '../../functions/pointer/reconcile/reconcile.lambda.ts';
import { handler as closePromotion } from '../../functions/promotion/close-promotion.lambda.ts';
import { handler as applyChange } from '../../functions/registry/apply-change.lambda.ts';
import { handler as registerChange } from '../../functions/registry/register-change.lambda.ts';
import { account } from './account-clients.ts';
import { ANA, CHANGE_RECORD, PIPELINE } from './inputs.ts';
import { setAhead } from './moved-clock.ts';
import { linkOf, MODEL, post } from './walk.ts';

/** What somebody asks of the kill switch. */
export interface Stop {
  readonly level: string;
  readonly reason?: string;
  readonly segments?: readonly string[];
}

const thrown = z.looseObject({ outcome: z.string(), recorded: z.boolean().optional() });
export type Thrown = z.infer<typeof thrown>;

const EXPIRES_AT = new Date(Date.now() + 48 * 3_600_000).toISOString();

/** Throws the kill switch, as one call of its function does. */
export async function stop(asked: Stop): Promise<Thrown> {
  const said = { reason: 'Orders are far too high.', requestedBy: PIPELINE, expiresAt: EXPIRES_AT };
  return thrown.parse(await killSwitch({ model: MODEL, ...said, ...asked }));
}

/** So long a finding has to stand until the reconciler acts on it, and a document may be out unrecorded. */
const LOOK_MINUTES = 6;

/** The reconciler's schedule: a finding is acted on at its second look. */
export async function lookTwice(): Promise<void> {
  for (const look of [1, 2]) {
    setAhead(look * LOOK_MINUTES);
    await reconcile();
  }
  setAhead(0);
}

/** One end of a kill switch, as its execution knows it. */
export interface Leaving {
  readonly promotionId: string;
  readonly executionArn: string;
}

export interface LeavingStep {
  /** State of the machine, as onboarding.asl.json names it. */
  readonly state: string;
  readonly what: string;
  readonly run: (leaving: Leaving) => Promise<unknown>;
}

export function leaving(attempt = 1): Leaving {
  const promotionId = `${MODEL}_restore_${attempt}`;
  const machine = 'arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-onboarding';
  return { promotionId, executionArn: `${machine}:${promotionId}` };
}

const gateAnswer = z.looseObject({ stage: z.string(), round: z.int() });

/** People are asked, and agree; the same code as at every other gate. */
async function agreed({ promotionId }: Leaving): Promise<void> {
  const { stage, round } = gateAnswer.parse(await openGate({ promotionId }));
  await requestApproval({ promotionId, stage, round, taskToken: `token-${promotionId}` });
  await post(linkOf(ANA.email), { decision: 'approve', justification: 'The feed is mended.', version: MODEL });
  await readGate({ promotionId, stage, round });
}

/** The way out of a kill switch, step by step; the gate lies between the first two. */
export const WAY_OUT: readonly LeavingStep[] = [
  {
    state: 'RegisterChange',
    what: 'registering it',
    run: (one) => {
      const change = { ...CHANGE_RECORD, reason: 'The feed of the north is mended.' };
      return registerChange({ ...one, input: { kind: 'restore', model: MODEL, change, requestedBy: PIPELINE } });
    },
  },
  {
    state: 'ApplyChange',
    what: 'taking up its approval',
    run: ({ promotionId }) => applyChange({ promotionId }),
  },
  {
    state: 'PrepareReturns',
    what: 'making the ways back anew',
    run: ({ promotionId }) => prepareReturn({ promotionId }),
  },
  {
    state: 'LeaveKillSwitch',
    what: 'moving the pointer',
    run: ({ promotionId }) => movePointer({ promotionId }),
  },
  {
    state: 'Close',
    what: 'closing it',
    run: ({ promotionId }) => closePromotion({ promotionId, end: 'applied', reasons: [] }),
  },
];

/** Goes a part of the way out, people agreeing where they are asked. */
export async function leave(one: Leaving, steps: readonly LeavingStep[]): Promise<void> {
  for (const step of steps) {
    await step.run(one);
    if (step.state === 'RegisterChange') await agreed(one);
  }
}

/** True once the execution of a run was stopped. */
export const wasStopped = ({ executionArn }: Leaving): boolean =>
  account.executions.status.get(executionArn) === 'ABORTED';
