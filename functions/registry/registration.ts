import type { Draft } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason } from '../platform/errors.ts';
import { modelName } from '../platform/ids.ts';
import { personActor, requester, systemActor } from '../platform/people.ts';
import type { InFlightItem } from './items.ts';
import type { RegistryStore } from './registry-store.ts';
import type { RegistryWrites } from './registry-writes.ts';

/** What a state machine asks to register: its execution and that execution's input. */
export interface Registration {
  /** The execution's name. */
  readonly promotionId: string;
  readonly executionArn: string;
  readonly input: unknown;
}

export interface RegistrationAnswer {
  readonly promotionId: string;
  /** The model's name, when at least that could be read. */
  readonly model: string | null;
  readonly outcome: 'registered' | 'rejected';
  readonly reasons: readonly Reason[];
}

export interface RegistrationPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'refusal'>;
  readonly writes: Pick<RegistryWrites, 'newRefusal'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

export interface Refusal {
  readonly model: string | null;
  /** Whether the model exists: without a known model there is no chain to record the refusal in. */
  readonly known: boolean;
  readonly reasons: readonly Reason[];
  readonly at: string;
}

/** The model's name in an input that may be anything; null when there is none. */
export function modelIn(input: unknown): string | null {
  const given = modelName.safeParse(memberOf(input, 'model'));
  return given.success ? given.data : null;
}

/** What was answered to this execution before, or that its id belongs to another one; null when the id is new. */
export async function settledBefore(
  ports: RegistrationPorts,
  model: string,
  { promotionId, executionArn }: Registration,
): Promise<RegistrationAnswer | null> {
  const [run, refusal] = await Promise.all([
    ports.registry.run(model, promotionId),
    ports.registry.refusal(model, promotionId),
  ]);
  if (run?.executionArn === executionArn) return { promotionId, model, outcome: 'registered', reasons: [] };
  if (refusal?.executionArn === executionArn) {
    return { promotionId, model, outcome: 'rejected', reasons: refusal.reasons };
  }
  if (run === null && refusal === null) return null;
  const reason: Reason = {
    code: 'PROMOTION_ID_SEEN',
    path: 'promotionId',
    message: 'This id was used before; an id names one attempt for ever.',
    got: promotionId,
    next: "Start the execution under the next attempt's number.",
  };
  return { promotionId, model, outcome: 'rejected', reasons: [reason] };
}

/** Refuses a registration: recorded in the ledger of a known model under the requester's name, and its id is spent. */
export async function refuse(
  ports: RegistrationPorts,
  type: 'promotion-ended' | 'change-ended',
  { promotionId, executionArn, input }: Registration,
  { model, known, reasons, at }: Refusal,
): Promise<RegistrationAnswer> {
  if (model !== null && known) {
    const person = requester.safeParse(memberOf(input, 'requestedBy'));
    const draft: Draft = {
      model,
      type,
      at,
      actor: person.success ? personActor(person.data) : systemActor('registration'),
      data: { promotionId, end: 'rejected', reasons: reasons.map((reason) => ({ ...reason })) },
    };
    const item = { model, promotionId, executionArn, reasons: [...reasons], at };
    try {
      await ports.ledger.append(draft, [ports.writes.newRefusal(item)]);
    } catch (error) {
      // A twin of this step was first; what it answered is recorded.
      const settled = isReleaseError(error, 'CONDITION_FAILED')
        ? await settledBefore(ports, model, { promotionId, executionArn, input })
        : null;
      if (settled === null) throw error;
      return settled;
    }
  }
  return { promotionId, model, outcome: 'rejected', reasons };
}

/** The reason for refusing a second run of one model. */
export function inFlightFaults(inFlight: InFlightItem | null): readonly Reason[] {
  if (inFlight === null) return [];
  return [
    {
      code: 'PROMOTION_IN_FLIGHT',
      path: 'model',
      message: 'Another run of this model stands in the way; one promotion and one change at a time.',
      got: inFlight.promotionId,
      next: `Wait until ${inFlight.promotionId} has ended, then start a new attempt.`,
    },
  ];
}

/** The reason for refusing an execution name that is not `<model>_<subject>_<attempt>`. */
export function idReason(promotionId: string, model: string, subject: string): Reason {
  return {
    code: 'PROMOTION_ID_MISMATCH',
    path: 'promotionId',
    message: 'The execution name must name the model, what it is about, and the attempt.',
    got: promotionId,
    allowed: `${model}_${subject}_<attempt>`,
    next: `Start the execution under the name ${model}_${subject}_1, or the next attempt's number.`,
  };
}

function memberOf(input: unknown, name: string): unknown {
  return typeof input === 'object' && input !== null ? Object.getOwnPropertyDescriptor(input, name)?.value : undefined;
}
