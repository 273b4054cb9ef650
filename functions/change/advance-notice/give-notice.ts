import type { Ledger } from '../../ledger/ledger.ts';
import { plusDuration } from '../../platform/duration.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { normalEmail, systemActor } from '../../platform/people.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import { isNoticeDue, versionOf } from './announced-run.ts';
import { eachOnce, untoldTeams, waitedFor } from './notice-checks.ts';
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
 * Tells the teams downstream of a critical run as soon as it is due, so that the lead time and the acknowledgements go by
 * while it is on trial, or people decide, and stand in nobody's way. The lead time runs from when the last team's letter was
 * accepted. Teams that come later are told as well, and asked where acknowledgements are; the lead time that was promised
 * does not begin anew by that, or naming a team would hold what all others know. Safe to repeat, and to run twice at once; a
 * letter that does not leave is tried again.
 * @returns the run as it is afterwards
 * @throws ReleaseError LEDGER_CONTENTION
 */
export async function giveNotice<T extends Run>(ports: GiveNoticePorts, run: T, model: ModelItem): Promise<T> {
  if (!isNoticeDue(run)) return run;
  const begun = run.advanceNotice === undefined ? await begin(ports, run, model) : run;
  const notice = begun.advanceNotice;
  if (notice === undefined) return begun;
  const later = untoldTeams(notice, model);
  const sent = await tell(ports, begun, model);
  if (notice.givenAt === undefined) {
    const teams = toldOf(notice, model);
    // To nobody it is not given: a team that comes later has the whole lead time.
    const all = teams.length > 0 && teams.every(({ email }) => sent.has(normalEmail(email)));
    return all ? given(ports, begun, { ...notice, teams }) : begun;
  }
  const told = later.filter(({ email }) => sent.has(normalEmail(email)));
  return told.length === 0 ? begun : toldLater(ports, begun, { notice, told });
}

async function begin<T extends Run>(ports: GiveNoticePorts, run: T, model: ModelItem): Promise<T> {
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

/** Sends what is due; the mailboxes, in the form in which they are compared, that have a letter. */
async function tell(ports: GiveNoticePorts, run: Run, model: ModelItem): Promise<ReadonlySet<string>> {
  const notice = run.advanceNotice;
  if (notice === undefined) return new Set();
  const waited = waitedFor(notice, model).map(({ email }) => normalEmail(email));
  const earliestAt = notice.earliestAt ?? plusDuration(ports.now(), notice.leadTime);
  const sent = await Promise.all(
    [...toldOf(notice, model), ...untoldTeams(notice, model)].map(async (team) => {
      const left = await sendByLink(ports, {
        ...{ model: run.model, promotionId: run.promotionId, whose: { kind: 'team', ...team } },
        remindAfter: waited.includes(normalEmail(team.email)) ? REMIND_AFTER : null,
        email: (address, isReminder) => noticeEmail({ run, model, team: team.team, earliestAt, address, isReminder }),
      });
      return left ? [normalEmail(team.email)] : [];
    }),
  );
  return new Set(sent.flat());
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
function given<T extends Run>(ports: GiveNoticePorts, run: T, notice: AdvanceNotice): Promise<T> {
  const givenAt = ports.now();
  const earliestAt = plusDuration(givenAt, notice.leadTime);
  const told = { before: run.advanceNotice ?? notice, teams: notice.teams, at: givenAt };
  return announce(ports, run, { after: { ...notice, givenAt, earliestAt }, ...told });
}

/** Teams that came later know as well. */
function toldLater<T extends Run>(
  ports: GiveNoticePorts,
  run: T,
  { notice, told }: { readonly notice: AdvanceNotice; readonly told: AdvanceNotice['teams'] },
): Promise<T> {
  const after = { ...notice, teams: [...notice.teams, ...told] };
  return announce(ports, run, { after, before: notice, teams: told, at: ports.now() });
}

/** Records that teams know. */
async function announce<T extends Run>(
  ports: GiveNoticePorts,
  run: T,
  of: {
    readonly after: AdvanceNotice;
    readonly before: AdvanceNotice;
    readonly teams: AdvanceNotice['teams'];
    readonly at: string;
  },
): Promise<T> {
  const { after: advanceNotice, before, teams, at } = of;
  const { leadTime, acknowledge, earliestAt = '' } = advanceNotice;
  const { model, promotionId } = run;
  const data = { promotionId, ...versionOf(run), teams: [...teams], leadTime, acknowledge, earliestAt };
  try {
    await ports.ledger.append({ model, type: 'change-announced', at, actor: systemActor('advance-notice'), data }, [
      ports.writes.updateRun(run, { advanceNotice }, unchanged(before)),
    ]);
    return { ...run, advanceNotice };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    // Another run was first, or a team acknowledged meanwhile: the next run looks again.
    return newest(ports, run);
  }
}

/** The condition under which a notice may be replaced that was read: every writer adds to it. */
export function unchanged({ acknowledgements, givenAt, teams }: AdvanceNotice) {
  const before = givenAt === undefined ? 'attribute_not_exists' : 'attribute_exists';
  const size = 'size(advanceNotice.acknowledgements) = :acknowledged AND size(advanceNotice.teams) = :teams';
  return {
    expression: `${size} AND ${before}(advanceNotice.givenAt)`,
    values: { ':acknowledged': acknowledgements.length, ':teams': teams.length },
  };
}

async function newest<T extends Run>(ports: GiveNoticePorts, run: T): Promise<T> {
  const now = await ports.registry.run(run.model, run.promotionId);
  return isOfKind(now, run) ? now : run;
}

/** An id belongs to one run, of one kind. */
function isOfKind<T extends Run>(now: Run | null, run: T): now is T {
  return now !== null && now.kind === run.kind;
}
