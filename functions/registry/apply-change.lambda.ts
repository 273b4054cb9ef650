import * as z from 'zod';
import { ApprovalStore } from '../approval/approval-store.ts';
import { approvedGate } from '../approval/approved-gate.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { type Applied, type ApplyChangePorts, applyChange } from './apply-change.ts';
import { RegistryStore } from './registry-store.ts';
import { RegistryWrites } from './registry-writes.ts';

const eventSchema = z.object({ promotionId: z.string() });

const approvals = new ApprovalStore(dynamo(), config('APPROVALS_TABLE'));
const environments = new ModelEnvironmentStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));

const ports: ApplyChangePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  isApproved: async (run) => approvedGate(await approvals.gates(run.promotionId), run, 'change') !== null,
  ensureEnvironment: (model) => environments.ensure(model),
};

/** Carries out an approved onboarding or change. */
export async function handler(event: unknown): Promise<Applied> {
  return applyChange(ports, parseEvent(eventSchema, event).promotionId, systemClock().toISOString());
}
