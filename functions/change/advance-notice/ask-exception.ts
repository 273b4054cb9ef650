import type { Approver } from '../../platform/people.ts';
import type { Run } from '../../registry/items.ts';
import type { HoldReason } from './notice-checks.ts';
import type { HeldStage } from './notice-item.ts';
import { exceptionEmail } from './notice-letter.ts';
import { type SendByLinkPorts, sendByLink } from './send-by-link.ts';

/** Gives each second approver a link by which the run can go on in spite of what holds it. One letter each. */
export async function askException(
  ports: SendByLinkPorts,
  run: Run,
  of: {
    readonly stage: HeldStage;
    readonly reasons: readonly HoldReason[];
    readonly approvers: readonly Approver[];
    /** Of a canary that runs. */
    readonly step?: number;
  },
): Promise<void> {
  const { model, promotionId } = run;
  const { stage, reasons, step } = of;
  const at = step === undefined ? {} : { step };
  if (reasons.length === 0) return;
  await Promise.all(
    of.approvers.map((approver) =>
      sendByLink(ports, {
        ...{ model, promotionId, whose: { kind: 'approver', stage, approver, ...at }, remindAfter: null },
        email: (address) => exceptionEmail({ run, stage, name: approver.name, reasons, address }),
      }),
    ),
  );
}
