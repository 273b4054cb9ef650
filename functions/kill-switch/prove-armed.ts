import { personActor } from '../platform/people.ts';
import { type Armed, type ArmedCheck, armedBy, readable, refusedAs } from './armed.ts';
import type { StandingSwitch } from './items.ts';
import type { KillSwitchPorts } from './kill-switch-ports.ts';
import { AHEAD, mayDeploy } from './stale.ts';

/** Whose name stands under an entry that cannot be written. */
const NOBODY = { name: 'dry run', email: 'dry-run@example.com' };

/**
 * Proves under the function's own role that a kill switch could be thrown for a model now, by calls that change nothing:
 * reads, a signature over bytes that are no document, and writes on conditions that cannot hold. Never throws.
 */
export async function proveArmed(ports: KillSwitchPorts, model: string): Promise<Armed> {
  const item = await known(() => ports.registry.model(model));
  const registry = await readable('read the registry', () => ports.registry.model(model), absent('the model'));
  const place = item === null ? await known(() => ports.findPlace(model)) : item;
  if (place === null) return armedBy([registry, { what: 'find the model in AppConfig', ok: false, got: 'nothing' }]);
  const { environmentId, profileId } = place;
  return armedBy([
    registry,
    ...(await Promise.all([ledger(ports, model), signing(ports, model), stopping(ports, model)])).flat(),
    ...(await pointer(ports, model, { environmentId, profileId })),
  ]);
}

/** Null also where it cannot be read: a check of its own says so. */
async function known<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

function absent(what: string) {
  return (found: unknown) => (found === null ? `${what} is not there` : null);
}

async function pointer(
  ports: KillSwitchPorts,
  model: string,
  place: { readonly environmentId: string; readonly profileId: string },
): Promise<readonly ArmedCheck[]> {
  const { appConfig, registry } = ports;
  const [state, versions] = await Promise.all([
    known(() => appConfig.deployedState(place)),
    known(() => appConfig.hostedVersions(place.profileId)),
  ]);
  const seen = await readable('read what is deployed', async () => state?.live ?? null, absent('a deployment'));
  if (state?.live == null || versions === null) return [seen];
  const { live, latestNumber } = state;
  const content = await known(async () =>
    Buffer.from(await appConfig.hostedContent(place.profileId, live.hostedVersion)),
  );
  const back = await known(async () => (await registry.returnDocuments(model))[0] ?? null);
  const latest = Math.max(0, ...versions.map(({ number }) => number));
  return [
    seen,
    await refusedAs('make a hosted version', 'POINTER_BUSY', () =>
      appConfig.createVersion({
        profileId: place.profileId,
        content: content?.toString('utf8') ?? '',
        latest: latest + AHEAD,
        description: 'Dry run: on a condition that cannot hold',
      }),
    ),
    await mayDeploy(ports, place, { hostedVersion: back?.hostedVersion ?? live.hostedVersion, latestNumber }),
  ];
}

/** What is signed is no canonical JSON, so that it can be taken for no document. */
function signing({ sign }: KillSwitchPorts, model: string): Promise<readonly ArmedCheck[]> {
  return listed(readable('sign a document', () => sign(Buffer.from(`kill switch of ${model}: dry run`, 'utf8'))));
}

/** An entry whose registry item would take the place of one that cannot be: the whole transaction is refused. */
function ledger({ ledger: chain, switchWrites, now }: KillSwitchPorts, model: string): Promise<readonly ArmedCheck[]> {
  const at = now();
  const item: StandingSwitch = {
    ...{ model, level: 'model', reason: 'dry run', requestedBy: NOBODY, thrownAt: at, expiresAt: at, ledgerSeq: 1 },
    ...{ fallback: '', fallbackSegments: [], documentSha256: '', deploymentNumber: 0 },
  };
  const draft = { model, type: 'kill-switch-thrown' as const, at, actor: personActor(NOBODY), data: { dryRun: true } };
  const impossible = switchWrites.stands(item, { ledgerSeq: -1 });
  return listed(
    refusedAs('record in ledger and registry', 'CONDITION_FAILED', () => chain.append(draft, [impossible])),
  );
}

/** Stops an execution that does not exist, beside the one that runs; without one there is none to stop. */
async function stopping(ports: KillSwitchPorts, model: string): Promise<readonly ArmedCheck[]> {
  const inFlight = await known(() => ports.registry.inFlight(model, 'promotion'));
  if (inFlight === null) return [];
  const arn = inFlight.executionArn.replace(/[^:]+$/, 'dry-run');
  const stop = () => ports.stopExecution(arn, 'DRY_RUN', 'Names an execution that does not exist.');
  return listed(readable('stop an execution', stop));
}

async function listed(check: Promise<ArmedCheck>): Promise<readonly ArmedCheck[]> {
  return [await check];
}
