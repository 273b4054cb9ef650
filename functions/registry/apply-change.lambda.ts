import * as z from 'zod';
import { approvedGate } from '../approval/approved-gate.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import * as wired from '../platform/wiring.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { type Applied, type ApplyChangePorts, applyChange } from './apply-change.ts';

const eventSchema = z.object({ promotionId: z.string() });

const approvals = wired.approvals();
const environments = new ModelEnvironmentStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));

const ports: ApplyChangePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  isApproved: async (run) => approvedGate(await approvals.gates(run.promotionId), run, 'change') !== null,
  ensureEnvironment: (model) => environments.ensure(model),
};

/** Carries out an approved onboarding or change. */
export async function handler(event: unknown): Promise<Applied> {
  return applyChange(ports, parseEvent(eventSchema, event).promotionId, systemClock().toISOString());
}
