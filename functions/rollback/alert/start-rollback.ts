import { subjectOf } from '../../platform/ids.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { ExecutionStatus } from '../../promotion/dead-promotion.ts';
import type { AlertLink } from './alert-link.ts';
import type { AskedRollback } from './rollback-form.ts';

export interface StartPorts {
  /** Status of an execution of the rollback machine, by its name. */
  readonly status: (executionName: string) => Promise<ExecutionStatus>;
  /** Starts one, once under its name. */
  readonly start: (executionName: string, input: JsonObject) => Promise<void>;
}

/** A rollback that was started from a link, if one was. */
export interface Started {
  readonly executionName: string;
  readonly status: ExecutionStatus;
}

/** Tries from one link and for one version; each further one needs that the one before it is over and achieved nothing. */
const TRIES = 20;

/**
 * Name of a try: of the link and the version that it withdraws, so that posting twice starts one. At most 80 characters,
 * of which an execution's name may consist.
 */
function executionNameOf({ linkId }: Pick<AlertLink, 'linkId'>, version: string, attempt: number): string {
  return `alert-${linkId.slice(0, 24)}_${subjectOf(version)}_${attempt}`;
}

/** The newest rollback from this link, or null; and the name that the next one has. */
export async function triesOf(
  { status }: Pick<StartPorts, 'status'>,
  link: Pick<AlertLink, 'linkId'>,
  version: string,
): Promise<{ readonly newest: Started | null; readonly next: string | null }> {
  let newest: Started | null = null;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const executionName = executionNameOf(link, version, attempt);
    const found = await status(executionName);
    if (found === 'MISSING') return { newest, next: executionName };
    newest = { executionName, status: found };
    if (found === 'RUNNING') return { newest, next: null };
  }
  return { newest, next: null };
}

/** Starts a rollback under the name of the person whose link it is; one that runs already is not started again. */
export async function startFromLink(
  ports: StartPorts,
  link: AlertLink,
  of: { readonly withdraws: string; readonly asked: AskedRollback },
): Promise<Started> {
  const { newest, next } = await triesOf(ports, link, of.withdraws);
  if (next === null && newest !== null) return newest;
  const executionName = next ?? executionNameOf(link, of.withdraws, 1);
  const { cause, targetVersion, detail = link.alert.headline.slice(0, 1000).toWellFormed() } = of.asked;
  await ports.start(executionName, {
    model: link.alert.model,
    cause,
    requestedBy: { ...link.person },
    withdrawVersion: of.withdraws,
    ...(targetVersion === undefined ? {} : { targetVersion }),
    ...(detail.trim() === '' ? {} : { detail }),
  });
  return { executionName, status: 'RUNNING' };
}
