import { LedgerReader } from '../ledger/ledger-reader-store.ts';
import { dynamo } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { describeRelease } from './describe-release.ts';
import type { Release } from './release-history.ts';

const ports = { ledger: new LedgerReader(dynamo(), config('LEDGER_TABLE')) };

/** Answers which version served a model at a moment, since when, why, and who approved it. */
export async function handler(event: unknown): Promise<Release> {
  return describeRelease(ports, event, systemClock());
}
