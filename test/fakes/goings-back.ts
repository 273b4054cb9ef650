import * as z from 'zod';
import { handler as sendNotice } from '../../functions/change/send-notice.lambda.ts';
import { handler as confirmRollback } from '../../functions/rollback/confirm-rollback.lambda.ts';
import { handler as recall } from '../../functions/rollback/recall/recall.lambda.ts';
import { handler as recordRollback } from '../../functions/rollback/record-rollback.lambda.ts';
import { handler as rollBack } from '../../functions/rollback/roll-back.lambda.ts';
import { account } from './account-clients.ts';
import { PIPELINE } from './inputs.ts';
import { MODEL } from './walk.ts';

/** One rollback, as its execution knows it: what each state hands on. */
export interface GoingBack {
  readonly name: string;
  readonly startedAt: string;
  readonly input: unknown;
  answer?: unknown;
  confirmation?: unknown;
  recorded?: unknown;
}

export interface RollbackStep {
  /** State of the machine, as rollback.asl.json names it. */
  readonly state: string;
  readonly what: string;
  readonly run: (going: GoingBack) => Promise<unknown>;
}

const deployed = z.looseObject({ outcome: z.literal('deployed') });

export function goingBack(name: string, over: Readonly<Record<string, unknown>> = {}): GoingBack {
  const input = { model: MODEL, cause: 'metric-degradation', requestedBy: PIPELINE, ...over };
  return { name, startedAt: new Date().toISOString(), input };
}

/** The way of a rollback that moves the pointer, step by step. */
export const WAY_BACK: readonly RollbackStep[] = [
  {
    state: 'RollBack',
    what: 'going back',
    run: async (going) => {
      const { name: executionName, startedAt, input } = going;
      const executionArn = `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-rollback:${executionName}`;
      going.answer = await rollBack({ executionName, executionArn, startedAt, input });
      return going.answer;
    },
  },
  {
    state: 'ConfirmRollback',
    what: 'confirming it',
    run: async (going) => {
      going.confirmation = await confirmRollback({ rollback: going.answer });
      return going.confirmation;
    },
  },
  {
    state: 'RecordRollback',
    what: 'recording it',
    run: async (going) => {
      going.recorded = await recordRollback({ rollback: going.answer, confirmation: going.confirmation });
      return going.recorded;
    },
  },
  { state: 'SendNotice', what: 'telling the people', run: ({ recorded }) => sendNotice({ rollback: recorded }) },
  { state: 'Recall', what: 'listing what was handed downstream', run: () => recall({ model: MODEL }) },
];

/** True when a rollback moved the pointer, so that the machine goes on. */
export function movedPointer({ answer }: GoingBack): boolean {
  return deployed.safeParse(answer).success;
}

/** Goes back all the way; answers what the first step said. */
export async function goBack(going: GoingBack): Promise<GoingBack> {
  for (const step of WAY_BACK) {
    await step.run(going);
    if (!movedPointer(going)) break;
  }
  return going;
}

/** Goes back as the executions say that were started by somebody else. */
export async function goBackAsStarted(): Promise<void> {
  for (const [name, { input }] of account.executions.started) {
    await goBack({ name, startedAt: new Date().toISOString(), input: JSON.parse(input) });
  }
}
