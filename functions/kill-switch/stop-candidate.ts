import { within } from '../platform/deadline.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { personActor } from '../platform/people.ts';
import { returnDocument } from '../pointer/build.ts';
import { isReturnDocument, type PointerDocument, servesTheSame } from '../pointer/document.ts';
import { documentData } from '../pointer/document-record.ts';
import { findDocument, type HostedDocument, hostDocument } from '../pointer/hosted-document.ts';
import { RETURN_LABEL, returnDescription } from '../pointer/return-label.ts';
import { type Beside, besideIn, type Stopping } from './beside.ts';
import type { CandidateLevel, KillSwitchItem, StoppedCandidate } from './items.ts';
import type { KillSwitchAnswer, KillSwitchPorts, Looked } from './kill-switch-ports.ts';
import { describeThrow, letOut, letOutBefore, stoppedBy } from './let-out.ts';
import { INTENT_PATIENCE_MS, notRecorded, RECORD_PATIENCE_MS, REGISTRY_PATIENCE_MS } from './patience.ts';
import { recordStopped } from './record-stopped.ts';
import { isSaidIn } from './said.ts';

/**
 * Takes a candidate out of the pointer and ends its promotion; production stays as it is. The pointer moves first, to the
 * prepared document to go back to; registry and ledger follow, as far as they answer in time.
 * @throws ReleaseError POINTER_BUSY: look again; DEPENDENCY_UNAVAILABLE when nothing is exposed and the registry, which
 * alone knows of a promotion that waits, does not answer
 */
export async function stopCandidate(
  ports: KillSwitchPorts,
  looked: Looked,
  level: CandidateLevel,
): Promise<KillSwitchAnswer> {
  const { input, hosted } = looked;
  const said = { model: input.model, level };
  const stopping = (await exposed(ports, looked, level)) ?? (await notExposed(ports, looked, level));
  if (stopping === null) return { ...said, outcome: 'nothing-to-stop', reasons: [nothing(level, hosted.document)] };
  const done = await within(RECORD_PATIENCE_MS, () => recordStopped(ports, looked, stopping));
  if (!done.done && isReleaseError(done.cause, 'POINTER_BUSY')) throw done.cause;
  if (!done.done && stopping.out === null) throw done.cause;
  return {
    ...said,
    ...{ promotionId: stopping.promotionId, version: done.done ? done.value.version : stopping.version },
    outcome: done.done ? done.value.outcome : 'thrown',
    revision: (stopping.out?.hosted ?? hosted).document.revision,
    recorded: done.done,
    reasons: done.done ? done.value.reasons : [notRecorded(done.cause)],
  };
}

/** Takes out what the pointer exposes; null where that is not what is to be stopped. */
async function exposed(ports: KillSwitchPorts, looked: Looked, level: CandidateLevel): Promise<Stopping | null> {
  const beside = besideIn(looked.hosted.document);
  if (beside === null || (level === 'candidate' ? beside.isComparator : beside.as !== level)) return null;
  return takeOut(ports, looked, { level, beside });
}

async function takeOut(
  ports: KillSwitchPorts,
  looked: Looked,
  { level, beside }: { readonly level: CandidateLevel; readonly beside: Beside },
): Promise<Stopping> {
  const { promotionId, version, isComparator } = beside;
  const hosted = await withoutCandidate(ports, looked);
  await intend(ports, looked, { level, promotionId, version, hosted });
  const out = await letOut(ports, looked, { hosted, description: describeThrow(level, promotionId) });
  return { level, promotionId, version, isComparator, out };
}

/**
 * The prepared document that serves what is deployed, without the candidate: the registry names it, AppConfig alone shows
 * it as well. Where there is none, one is made of what is deployed; like every document of this function it can name
 * no other version.
 */
async function withoutCandidate(ports: KillSwitchPorts, { input, place, hosted }: Looked): Promise<HostedDocument> {
  const { model } = input;
  const { document } = hosted;
  const { profileId } = place;
  const fits = (found: HostedDocument | null): found is HostedDocument =>
    found !== null && isReturnDocument(found.document) && servesTheSame(found.document, document);
  const kept = await within(REGISTRY_PATIENCE_MS, () =>
    ports.registry.returnDocument(model, document.productionVersion),
  );
  if (kept.done && kept.value !== null) {
    const found = await findDocument(ports, model, { profileId, hostedVersion: kept.value.hostedVersion });
    if (found?.documentSha256 === kept.value.documentSha256 && fits(found)) return found;
  }
  const versions = await ports.appConfig.hostedVersions(profileId);
  const description = returnDescription(document.productionVersion);
  for (const { number } of versions.filter((one) => one.description === description)) {
    const found = await findDocument(ports, model, { profileId, hostedVersion: number });
    if (fits(found)) return found;
  }
  const build = (revision: number) => returnDocument(document, revision);
  const label = (revision: number) => `${RETURN_LABEL}${revision}`;
  return hostDocument(ports, { model, profileId, versions, build, description, label });
}

/** A stop that an earlier call left unrecorded, or a promotion that waits for its turn, its people or its next step. */
async function notExposed(ports: KillSwitchPorts, looked: Looked, level: CandidateLevel): Promise<Stopping | null> {
  const { description, input } = looked;
  const promotionId = stoppedBy(description);
  if (promotionId !== null && (level === 'candidate' || description === describeThrow(level, promotionId))) {
    const out = await letOutBefore(ports, looked, description);
    const beside = out?.before == null ? null : besideIn(out.before.hosted.document);
    const isComparator = beside?.isComparator ?? false;
    if (!(level === 'candidate' && isComparator)) {
      return { level, promotionId, version: beside?.version ?? '', isComparator, out };
    }
  }
  const waiting = await within(RECORD_PATIENCE_MS, async () => {
    const inFlight = await ports.registry.inFlight(input.model, 'promotion');
    const found = inFlight === null ? null : await ports.registry.run(input.model, inFlight.promotionId);
    return { run: found, before: found === null ? await stoppedBefore(ports, input, level) : null };
  });
  if (!waiting.done) {
    const message = 'The pointer exposes no candidate, and the registry does not say whether one waits.';
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message, { cause: waiting.cause });
  }
  const { run, before } = waiting.value;
  if (run?.kind !== 'promotion' || run.end !== undefined) return before;
  const concerned = level === 'candidate' || (run.stage === level && !run.awaitingApproval);
  if (!concerned || looked.hosted.document.productionVersion === run.version) return null;
  // A canary that is held, or about to go out, has its shadow in the pointer: nobody would take it out after the promotion.
  const beside = besideIn(looked.hosted.document);
  if (beside?.promotionId === run.promotionId && !beside.isComparator) return takeOut(ports, looked, { level, beside });
  return { level, promotionId: run.promotionId, version: run.version, isComparator: false, out: null };
}

/**
 * What the same call stopped before and recorded; null: nothing. Its promotion has ended by then, and its execution may run
 * on: whoever calls again has that stopped as well.
 */
async function stoppedBefore(
  { switches, registry }: KillSwitchPorts,
  input: Looked['input'],
  level: CandidateLevel,
): Promise<Stopping | null> {
  const items = await switches.all(input.model);
  const item = items
    .filter((one: KillSwitchItem): one is StoppedCandidate => one.level === level && isSaidIn(one, input))
    .toSorted((a, b) => b.ledgerSeq - a.ledgerSeq)[0];
  if (item === undefined) return null;
  const { promotionId, version } = item;
  const run = await registry.run(input.model, promotionId);
  const isComparator = run?.kind !== 'promotion' || run.version !== version;
  return { level, promotionId, version, isComparator, out: null };
}

/** Tries to record what is about to happen; whether it succeeds changes nothing. */
async function intend(
  ports: KillSwitchPorts,
  { input: { model, requestedBy, reason } }: Looked,
  intent: Pick<Stopping, 'level' | 'promotionId' | 'version'> & { readonly hosted: HostedDocument },
): Promise<void> {
  const { hosted, ...stops } = intent;
  const { documentSha256, document } = hosted;
  const data = { ...stops, reason, requestedBy, documentSha256, ...documentData(document) };
  const draft = {
    model,
    type: 'kill-switch-intended' as const,
    at: ports.now(),
    actor: personActor(requestedBy),
    data,
  };
  await within(INTENT_PATIENCE_MS, () => ports.ledger.append(draft, []));
}

function nothing(level: CandidateLevel, { productionVersion, fallback }: PointerDocument) {
  const what = level === 'candidate' ? 'No candidate is on its way.' : `No ${level} runs.`;
  return {
    code: 'NOTHING_TO_STOP',
    path: 'level',
    message: what,
    got: productionVersion || fallback,
    next: 'What serves is stopped by a rollback, or by the level model.',
  };
}
