import { parseEvent } from '../platform/boundary.ts';
import { dynamo } from '../platform/clients.ts';
import { config, configNumber } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import { sendAlert } from '../rollback/alert/send-alert.ts';
import { DrillStore, DrillWrites } from './drill-store.ts';
import { type RecordDrillPorts, type RecordedDrill, recordDrill, recordDrillEvent } from './record-drill.ts';

const ports: RecordDrillPorts = {
  registry: wired.registry(),
  drills: new DrillStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new DrillWrites(config('REGISTRY_TABLE')),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
  pollSeconds: configNumber('POINTER_POLL_SECONDS'),
  alert: async (alert) => {
    await sendAlert(wired.alerting(), alert).catch((cause) => logger.error('ALERT_NOT_SENT', { cause }));
  },
  tell: (signal, detail) => logger.warn(signal, { ...detail }),
};

/** Scores and records a drill. */
export async function handler(event: unknown): Promise<RecordedDrill> {
  const recorded = await recordDrill(ports, parseEvent(recordDrillEvent, event));
  const { model, executionName, passed, seconds, total } = recorded;
  logger.info('Drilled', { model, executionName, passed, seconds, total });
  return recorded;
}
