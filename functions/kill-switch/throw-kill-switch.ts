import * as z from 'zod';
import { within } from '../platform/deadline.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import type { ModelItem } from '../registry/items.ts';
import { type KillSwitchInput, parseKillSwitchInput } from './input.ts';
import type { StandingSwitch } from './items.ts';
import type { KillSwitchAnswer, KillSwitchPorts, Looked } from './kill-switch-ports.ts';
import { REGISTRY_PATIENCE_MS } from './patience.ts';
import { stopCandidate } from './stop-candidate.ts';
import { switchModel } from './switch-model.ts';

/** Tries against an environment that others are deploying to, and the pause between them. */
const TRIES = 20;
const PAUSE_MS = 500;

/**
 * Throws the kill switch. Needs AppConfig and, where a safe forecast is to serve, the signing key alone; registry and
 * ledger are asked for a bounded time. The same call again changes nothing more, and completes what an earlier one left.
 * @throws ReleaseError POINTER_BUSY when others keep deploying; NO_ROLLBACK_TARGET when what is deployed is no document
 * of ours; DEPENDENCY_UNAVAILABLE
 */
export async function throwKillSwitch(ports: KillSwitchPorts, event: unknown): Promise<KillSwitchAnswer> {
  const parsed = parseKillSwitchInput(event, ports.now());
  if (!parsed.ok) return { model: modelOf(event), outcome: 'rejected', reasons: parsed.reasons };
  const input = parsed.value;
  const answer = await within<ModelItem | null>(REGISTRY_PATIENCE_MS, () => ports.registry.model(input.model));
  const item = answer.done ? answer.value : null;
  const place = answer.done ? item : await ports.findPlace(input.model);
  if (place === null) return { model: input.model, outcome: 'rejected', reasons: [unknownModel(input.model)] };
  const { environmentId, profileId } = place;
  const asked = { input, item, place: { environmentId, profileId } };
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(ports, asked);
    } catch (error) {
      if (isFinal(error) || attempt === TRIES) throw error;
      await ports.sleep(PAUSE_MS);
    }
  }
}

/** Everything else may pass, and whether a call that failed had its effect shows at the next look. */
function isFinal(error: unknown): boolean {
  return isReleaseError(error) && error.code !== 'POINTER_BUSY';
}

async function attemptOnce(
  ports: KillSwitchPorts,
  asked: Pick<Looked, 'input' | 'item' | 'place'>,
): Promise<KillSwitchAnswer> {
  const looked = await look(ports, asked);
  const { level } = asked.input;
  return level === 'model' ? switchModel(ports, looked) : stopCandidate(ports, looked, level);
}

async function look(ports: KillSwitchPorts, asked: Pick<Looked, 'input' | 'item' | 'place'>): Promise<Looked> {
  const { input, place } = asked;
  const [state, standing] = await Promise.all([ports.appConfig.deployedState(place), standingSwitch(ports, asked)]);
  const { live, inProgress } = state;
  if (inProgress !== null) throw new ReleaseError('POINTER_BUSY', `Deployment ${inProgress.number} runs.`);
  const [hosted, made] =
    live === null
      ? [null, null]
      : await Promise.all([
          findDocument(ports, input.model, { ...place, hostedVersion: live.hostedVersion }),
          ports.appConfig.deployment(place.environmentId, live.number),
        ]);
  if (live === null || hosted === null || made === null) throw notOurs(input);
  return { ...asked, standing, state, live, hosted, description: made.description };
}

/** A registry that did not tell the model is not waited for again. */
async function standingSwitch(ports: KillSwitchPorts, { item }: Pick<Looked, 'item'>): Promise<StandingSwitch | null> {
  if (item === null) return null;
  const answer = await within(REGISTRY_PATIENCE_MS, () => ports.registry.killSwitch(item.model));
  return answer.done ? answer.value : null;
}

function notOurs({ model }: KillSwitchInput): ReleaseError {
  const message = `What is deployed for ${model} is no document of ours: readers keep the last good one.`;
  return new ReleaseError('NO_ROLLBACK_TARGET', message, {
    reasons: [{ code: 'NOT_OUR_DOCUMENT', message, next: 'Roll back: that needs nothing of what is deployed.' }],
  });
}

/** The model that a refused input names, if it names one at all. */
function modelOf(event: unknown): string {
  return z.looseObject({ model: z.string().max(80) }).safeParse(event).data?.model ?? '';
}

function unknownModel(model: string): Reason {
  return { code: 'UNKNOWN_MODEL', path: 'model', message: 'No model of this name was onboarded.', got: model };
}
