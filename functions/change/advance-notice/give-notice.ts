import type { Ledger } from '../../ledger/ledger.ts';
import { plusDuration } from '../../platform/duration.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { normalEmail, systemActor } from '../../platform/people.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import { needsNotice, waitedFor } from './notice-checks.ts';
import type { AdvanceNotice } from './notice-item.ts';
import { noticeEmail } from './notice-letter.ts';
import type { OpenNoticeStore } from './open-notice-store.ts';
import { type SendByLinkPorts, sendByLink } from './send-by-link.ts';

export interface GiveNoticePorts extends SendByLinkPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly open: Pick<OpenNoticeStore, 'begin'>;
}

/** Who still has to acknowledge is told again so long after the last letter. */
const REMIND_AFTER = 'P1D';

/**
 * Tells the teams downstream of a critical promotion: once its candidate runs beside production, so that the lead time and
 * the acknowledgements go by while it is on trial and stand in nobody's way. The lead time runs from when the last team's
 * letter was accepted. Safe to repeat, and to run twice at once; a letter that does not leave is tried again.
 * @returns the promotion as it is afterwards
 * @throws ReleaseError LEDGER_CONTENTION
 */
export async function giveNotice(ports: GiveNoticePorts, run: PromotionItem, model: ModelItem): Promise<PromotionItem> {
  if (!isNoticeDue(run)) return run;
  const begun = run.advanceNotice === undefined ? await begin(ports, run, model) : run;
  const notice = begun.advanceNotice;
  if (notice === undefined) return begun;
  const told = await tell(ports, begun, model);
  if (!told || notice.givenAt !== undefined) return begun;
  return given(ports, begun, { ...notice, teams: toldOf(notice, model) });
}

/** Whether teams are to know of a promotion and nothing of it was served yet. */
function isNoticeDue(run: PromotionItem): boolean {
  if (run.end !== undefined || !needsNotice(run) || run.exposures.some(({ stage }) => stage === 'canary')) return false;
  return run.exposures.length > 0;
}

async function begin(ports: GiveNoticePorts, run: PromotionItem, model: ModelItem): Promise<PromotionItem> {
  if (model.downstream.length === 0) return run;
  const { leadTime, acknowledge } = model.policy.notice;
  const advanceNotice: AdvanceNotice = {
    teams: eachOnce(model.downstream),
    ...{ leadTime, acknowledge, acknowledgements: [] },
  };
  const first = { expression: 'attribute_not_exists(advanceNotice)', values: {} };
  try {
    await ports.open.begin(run, ports.writes.updateRun(run, { advanceNotice }, first));
    return { ...run, advanceNotice };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return newest(ports, run);
  }
}

function eachOnce(teams: ModelItem['downstream']): ModelItem['downstream'] {
  return teams.filter(
    ({ email }, index) => teams.findIndex((one) => normalEmail(one.email) === normalEmail(email)) === index,
  );
}

/** Sends what is due; whether every team that is still downstream has a letter. */
async function tell(ports: GiveNoticePorts, run: PromotionItem, model: ModelItem): Promise<boolean> {
  const notice = run.advanceNotice;
  if (notice === undefined) return false;
  const waited = waitedFor(notice, model).map(({ email }) => normalEmail(email));
  const earliestAt = notice.earliestAt ?? plusDuration(ports.now(), notice.leadTime);
  const sent = await Promise.all(
    toldOf(notice, model).map((team) =>
      sendByLink(ports, {
        ...{ model: run.model, promotionId: run.promotionId, whose: { kind: 'team', ...team } },
        remindAfter: waited.includes(normalEmail(team.email)) ? REMIND_AFTER : null,
        email: (address, isReminder) => noticeEmail({ run, model, team: team.team, earliestAt, address, isReminder }),
      }),
    ),
  );
  return sent.every((left) => left);
}

/**
 * Who is told: until the notice is given, the teams as they are now, so that an address can be corrected; afterwards those
 * of its teams that still take forecasts of the model.
 */
function toldOf({ givenAt, teams }: AdvanceNotice, { downstream }: ModelItem): AdvanceNotice['teams'] {
  if (givenAt === undefined) return eachOnce(downstream);
  const still = new Set(downstream.map(({ email }) => normalEmail(email)));
  return teams.filter(({ email }) => still.has(normalEmail(email)));
}

/** From now on the lead time runs. */
async function given(ports: GiveNoticePorts, run: PromotionItem, notice: AdvanceNotice): Promise<PromotionItem> {
  const { model, promotionId, version } = run;
  const givenAt = ports.now();
  const earliestAt = plusDuration(givenAt, notice.leadTime);
  const advanceNotice = { ...notice, givenAt, earliestAt };
  const { teams, leadTime, acknowledge } = notice;
  const data = { promotionId, version, teams: [...teams], leadTime, acknowledge, earliestAt };
  const actor = systemActor('advance-notice');
  try {
    await ports.ledger.append({ model, type: 'change-announced', at: givenAt, actor, data }, [
      ports.writes.updateRun(run, { advanceNotice }, unchanged(notice)),
    ]);
    return { ...run, advanceNotice };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    // Another run was first, or a team acknowledged meanwhile: the next run looks again.
    return newest(ports, run);
  }
}

/** The condition under which a notice may be replaced that was read: every writer adds to it. */
export function unchanged({ acknowledgements, givenAt }: AdvanceNotice) {
  const before = givenAt === undefined ? 'attribute_not_exists' : 'attribute_exists';
  return {
    expression: `size(advanceNotice.acknowledgements) = :acknowledged AND ${before}(advanceNotice.givenAt)`,
    values: { ':acknowledged': acknowledgements.length },
  };
}

async function newest(ports: GiveNoticePorts, run: PromotionItem): Promise<PromotionItem> {
  const now = await ports.registry.run(run.model, run.promotionId);
  return now?.kind === 'promotion' ? now : run;
}
