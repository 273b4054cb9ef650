import * as z from 'zod';
import { isAnchoredAtOnce } from '../../ledger/anchor.ts';
import { type CheckedRows, type ComparedAnchors, checkRows, compareAnchors } from './check-rows.ts';
import type { ConsolePorts } from './console-ports.ts';
import { type ReadSource, readOr, type Source } from './source.ts';

/** So many of the newest entries of a chain are read for one page: some dozens of promotions. */
export const MAX_ENTRIES = 2_000;
/** From the anchor of so many entries back that are anchored at once, newer ones are compared: the newest may not be written yet. */
const ANCHORED_BACK = 4;

export interface LedgerRead extends CheckedRows {
  readonly anchors: Source<ComparedAnchors>;
}

const hashed = z.object({ seq: z.int(), entryHash: z.string() });

/** The newest entries of a model, checked, and held against the newest anchors. */
export async function readLedger(ports: ConsolePorts, read: ReadSource, model: string): Promise<LedgerRead> {
  const first = await readChecked(ports, read, model);
  const head = first.head?.seq ?? 0;
  // An entry that was written in between is anchored, too: then the rows are read again.
  const isAhead = first.fault !== null && first.fault.position === head + 1;
  return isAhead ? readChecked(ports, read, model) : first;
}

async function readChecked(ports: ConsolePorts, read: ReadSource, model: string): Promise<LedgerRead> {
  const rows = await ports.newestRows(model, MAX_ENTRIES);
  const checked = await checkRows(model, rows, ports.ledgerPublicKeyPem);
  const { entries, head, from } = checked;
  const anchored = entries.filter(({ type }) => isAnchoredAtOnce(type)).at(-ANCHORED_BACK)?.seq ?? from;
  const hashes = new Map(
    rows.flatMap((row) => {
      const found = hashed.safeParse(row).data;
      return found === undefined ? [] : [[found.seq, found.entryHash] as const];
    }),
  );
  const anchors = await read('anchors', async () =>
    compareAnchors(hashes, head, await ports.anchorsFrom(model, anchored)),
  );
  return { ...checked, fault: checked.fault ?? readOr(anchors, NO_ANCHORS).fault, anchors };
}

const NO_ANCHORS: ComparedAnchors = { newest: null, compared: 0, fault: null };
