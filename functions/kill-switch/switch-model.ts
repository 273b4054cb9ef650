import { within } from '../platform/deadline.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { personActor } from '../platform/people.ts';
import { switchedReturn } from '../pointer/build.ts';
import type { PointerDocument } from '../pointer/document.ts';
import { documentData } from '../pointer/document-record.ts';
import { exposedAs } from '../pointer/end-exposure.ts';
import { type HostedDocument, hostDocument } from '../pointer/hosted-document.ts';
import { prepareReturns } from '../pointer/prepare-returns.ts';
import { RETURN_LABEL, returnDescription } from '../pointer/return-label.ts';
import { type Switch, sameSwitch, widened } from '../pointer/switch.ts';
import { decideSwitch } from './decide-switch.ts';
import { endRun } from './end-run.ts';
import type { StandingSwitch } from './items.ts';
import type { KillSwitchAnswer, KillSwitchPorts, Looked, Out } from './kill-switch-ports.ts';
import { describeThrow, letOut, letOutBefore, outData } from './let-out.ts';
import { INTENT_PATIENCE_MS, notRecorded, RECORD_PATIENCE_MS } from './patience.ts';
import { isSaidIn } from './said.ts';

/** Where neither the policy nor the pointer names one. */
const SAFE_FORECAST = 'seasonal-naive';

/**
 * Has a safe forecast serve the model, or some segments of it, and takes candidates out. The pointer moves first; registry
 * and ledger follow, as far as they answer in time.
 * @throws ReleaseError POINTER_BUSY: look again
 */
export async function switchModel(ports: KillSwitchPorts, looked: Looked): Promise<KillSwitchAnswer> {
  const { input, hosted, item } = looked;
  const decision = decideSwitch({
    live: hosted.document,
    standing: looked.standing,
    segments: [...new Set(input.segments ?? [])].toSorted(),
    fallback: input.fallback ?? null,
    safeForecast: item?.policy.safeForecast ?? (hosted.document.fallback || SAFE_FORECAST),
  });
  const said = { model: input.model, level: input.level };
  if (decision.outcome === 'refuse') return { ...said, outcome: 'rejected', reasons: decision.reasons };
  const { to } = decision;
  const out =
    decision.outcome === 'throw'
      ? await throwIt(ports, looked, to)
      : await letOutBefore(ports, looked, describeThrow('model'));
  const serving = decision.outcome === 'throw' && out !== null ? out.hosted : hosted;
  const done = await within(RECORD_PATIENCE_MS, () => record(ports, looked, { to, out, serving }));
  if (!done.done && isReleaseError(done.cause, 'POINTER_BUSY')) throw done.cause;
  const outcome = decision.outcome === 'throw' ? 'thrown' : done.done ? done.value.outcome : 'already-thrown';
  const stands = done.done ? done.value.stands : to;
  return {
    ...{ ...said, outcome, ...stands, revision: serving.document.revision },
    ...(done.done && done.value.promotionId !== null ? { promotionId: done.value.promotionId } : {}),
    recorded: done.done,
    reasons: done.done ? [] : [notRecorded(done.cause)],
  };
}

async function throwIt(ports: KillSwitchPorts, looked: Looked, to: Switch): Promise<Out> {
  const description = describeThrow('model');
  const hosted = await hostSwitched(ports, looked, { to, base: looked.hosted.document });
  await intend(ports, looked, { to, hosted });
  try {
    return await letOut(ports, looked, { hosted, description });
  } catch (error) {
    const names = looked.hosted.document.productionVersion;
    if (!isReleaseError(error, 'NOT_VOUCHED') || names === '') throw error;
    // The version that serves was withdrawn already, so that nothing that names it may go out. Without it the safe forecast
    // serves all the more.
    const none = { ...looked.hosted.document, productionVersion: '', manifestSha256: '' };
    const without = await hostSwitched(ports, looked, { to, base: none });
    return letOut(ports, looked, { hosted: without, description });
  }
}

/**
 * Signs a document of the form that goes back, which the vouching extension lets out by its signature. That widens nothing:
 * it is built from the document that is deployed, which was verified, and names the same production version or none; all
 * that changes is what a safe forecast serves in its stead, and a candidate is out. Never does this function build one
 * for a version that does not serve.
 */
async function hostSwitched(
  ports: KillSwitchPorts,
  { input, place: { profileId } }: Looked,
  { to, base }: { readonly to: Switch; readonly base: PointerDocument },
): Promise<HostedDocument> {
  return hostDocument(ports, {
    model: input.model,
    profileId,
    versions: await ports.appConfig.hostedVersions(profileId),
    build: (revision) => switchedReturn(base, revision, { ...to, reason: whyOf(input) }),
    // It is also the document to go back to for that version, for as long as the switch stands.
    description: returnDescription(base.productionVersion),
    label: (revision) => `${RETURN_LABEL}${revision}`,
  });
}

export function whyOf({ reason, requestedBy: { name, email } }: Looked['input']): string {
  return `Kill switch thrown by ${name} <${email}>: ${reason}`;
}

/** Tries to record what is about to happen; whether it succeeds changes nothing. */
async function intend(
  ports: KillSwitchPorts,
  { input }: Looked,
  { to, hosted }: { readonly to: Switch; readonly hosted: HostedDocument },
): Promise<void> {
  const { model, level, requestedBy, reason } = input;
  const { documentSha256, document } = hosted;
  const data = {
    ...{ level, reason, requestedBy, fallback: to.fallback, fallbackSegments: [...to.fallbackSegments] },
    ...{ documentSha256, ...documentData(document) },
  };
  const draft = {
    model,
    type: 'kill-switch-intended' as const,
    at: ports.now(),
    actor: personActor(requestedBy),
    data,
  };
  await within(INTENT_PATIENCE_MS, () => ports.ledger.append(draft, []));
}

interface Recording {
  readonly to: Switch;
  /** Null: something else made what serves, so that no document went out by this switch. */
  readonly out: Out | null;
  readonly serving: HostedDocument;
}

interface Recorded {
  readonly outcome: 'thrown' | 'renewed' | 'already-thrown';
  readonly stands: Switch;
  /** The promotion that ended with it. */
  readonly promotionId: string | null;
}

async function record(ports: KillSwitchPorts, looked: Looked, recording: Recording): Promise<Recorded> {
  const { input, place, item } = looked;
  const { model } = input;
  const before = await ports.registry.killSwitch(model);
  // The registry may not have answered before: what stood is never made narrower.
  const stands = widened(before, recording.to) ?? recording.to;
  const outcome = await recordSwitch(ports, looked, { ...recording, to: stands, before });
  const promotionId = await endExposed(ports, looked, recording);
  const deployed = recording.serving.document;
  const safeForecast = item?.policy.safeForecast ?? recording.to.fallback;
  const under = { ...stands, reason: deployed.reason };
  await prepareReturns(ports, { model, place, deployed, under, safeForecast, run: null });
  return { outcome, stands, promotionId };
}

async function recordSwitch(
  ports: KillSwitchPorts,
  looked: Looked,
  { to, out, serving, before }: Recording & { readonly before: StandingSwitch | null },
): Promise<Recorded['outcome']> {
  const { input } = looked;
  const { model, level, reason, requestedBy, expiresAt } = input;
  const wentOut = out !== null && out.deploymentNumber !== before?.deploymentNumber ? out : null;
  // A rollback may have left a document without the switch: what had it serve again went out, whoever said the same before.
  const stands = before !== null && wentOut === null;
  if (stands && sameSwitch(before, to) && isSaidIn(before, input)) return 'already-thrown';
  const at = ports.now();
  const data = {
    ...{ level, reason, requestedBy, expiresAt, fallback: to.fallback, fallbackSegments: [...to.fallbackSegments] },
    ...(before === null ? {} : { renews: before.ledgerSeq }),
    ...(wentOut === null ? {} : outData(wentOut)),
  };
  const deploymentNumber = wentOut?.deploymentNumber ?? looked.live.number;
  const item = {
    ...{ model, level: 'model' as const, reason, requestedBy, thrownAt: before?.thrownAt ?? at, expiresAt, ...to },
    ...{ documentSha256: serving.documentSha256, deploymentNumber },
  };
  const draft = { model, type: 'kill-switch-thrown' as const, at, actor: personActor(requestedBy), data };
  try {
    await ports.ledger.append(draft, (ledgerSeq) => [ports.switchWrites.stands({ ...item, ledgerSeq }, before)]);
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    throw new ReleaseError('POINTER_BUSY', 'The switch was thrown, renewed or left at the same time.', { cause });
  }
  await assertStillServes(ports, looked, wentOut?.deploymentNumber ?? looked.live.number);
  return before === null || wentOut !== null ? 'thrown' : 'renewed';
}

/** A switch may be left in the moment in which it is renewed; whoever wants to stop then throws it again. */
async function assertStillServes(ports: KillSwitchPorts, { place }: Looked, deploymentNumber: number): Promise<void> {
  const { live } = await ports.appConfig.deployedState(place);
  if (live?.number === deploymentNumber) return;
  throw new ReleaseError('POINTER_BUSY', 'Another document went out while the switch was recorded.');
}

/** The promotion whose candidate went out of the pointer with it; one that waits for its turn goes on. */
async function endExposed(ports: KillSwitchPorts, { input }: Looked, { out }: Recording): Promise<string | null> {
  const before = out?.before?.hosted.document;
  const run = before === undefined ? null : await ports.registry.run(input.model, before.promotionId);
  if (before === undefined || run?.kind !== 'promotion' || exposedAs(run, before) === null) return null;
  // Closed by an earlier try of this call, it may still run.
  if (run.end === undefined || run.end === 'withdrawn') await endRun(ports, run, input);
  return run.promotionId;
}
