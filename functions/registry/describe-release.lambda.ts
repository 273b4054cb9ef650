import { LedgerReader } from '../ledger/ledger-reader-store.ts';
import { dynamo } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { type Described, describeRelease } from './describe-release.ts';

const ports = { ledger: new LedgerReader(dynamo(), config('LEDGER_TABLE')) };

/** Answers which version served a model, or one unit of it, at a moment, since when, why, and who approved it. */
export async function handler(event: unknown): Promise<Described> {
  return describeRelease(ports, event, systemClock());
}
