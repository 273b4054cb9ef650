import { describe, expect, it } from 'vitest';
import { targetsNeeded } from '../../functions/drill/targets-needed.ts';
import { firstDocument } from '../../functions/pointer/build.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';

const sanction = { promotionId: 'p', approvedBy: [], approvedAt: '2026-03-01T08:00:00.000Z', reason: 'r' };
const live = (over: Partial<PointerDocument>): PointerDocument => ({
  ...firstDocument(1, sanction, 'seasonal-naive'),
  signature: 's',
  ...over,
});
const VERSIONS = [
  { version: '1.0', status: 'retained', predecessor: '' },
  { version: '2.0', status: 'withdrawn', predecessor: '1.0' },
  { version: '3.0', status: 'production', predecessor: '2.0' },
  { version: '4.0', status: 'candidate' },
] as const;
const required = (version: string) => ({ version, required: true });

describe('What a model may have to go back to', () => {
  it('is the safe forecast alone while nothing else serves', () => {
    expect(targetsNeeded(live({}), [])).toEqual([required('')]);
  });

  it('is the version before, past withdrawn ones, and the safe forecast; of itself a document is looked at where there is one', () => {
    expect(targetsNeeded(live({ productionVersion: '3.0' }), VERSIONS)).toEqual([
      { version: '3.0', required: false },
      required('1.0'),
      required(''),
    ]);
  });

  it('is the version that serves as well, once a candidate runs beside it', () => {
    for (const candidate of [{ shadowVersion: '4.0' }, { canaryVersion: '4.0' }]) {
      expect(targetsNeeded(live({ productionVersion: '3.0', ...candidate }), VERSIONS)[0]).toEqual(required('3.0'));
    }
    // The version before runs as shadow until the new one is confirmed, and is no candidate.
    expect(targetsNeeded(live({ productionVersion: '3.0', shadowVersion: '1.0' }), VERSIONS)[0]).toEqual({
      version: '3.0',
      required: false,
    });
  });

  it('ends where predecessors name each other', () => {
    const circle = [
      { version: '1.0', status: 'withdrawn', predecessor: '2.0' },
      { version: '2.0', status: 'withdrawn', predecessor: '1.0' },
    ] as const;
    expect(targetsNeeded(live({ productionVersion: '2.0' }), circle)).toEqual([
      { version: '2.0', required: false },
      required(''),
    ]);
  });
});
