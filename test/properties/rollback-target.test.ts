import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { VERSION_STATUSES } from '../../functions/registry/items.ts';
import { decideTarget, exposed, type TargetQuestion } from '../../functions/rollback/target.ts';
import { AT, unsignedDocument } from '../pointer/fixtures.ts';

const NAMES = ['1.0', '2.0', '3.0', '4.0'] as const;
const name = fc.constantFrom(...NAMES);
const orNone = fc.constantFrom('', ...NAMES);
const until = fc.constantFrom('', '2026-02-01T00:00:00Z', '2026-04-01T00:00:00Z');

const live: fc.Arbitrary<PointerDocument> = fc
  .record({
    productionVersion: orNone,
    previousVersion: orNone,
    shadowVersion: orNone,
    canaryVersion: orNone,
    shadowUntil: until,
    canaryUntil: until,
    canaryPercentage: fc.constantFrom(0, 5, 100),
    salt: fc.constantFrom('', 'demand_4-0_1'),
  })
  .map((members) => ({ ...unsignedDocument({ ...members, fallback: 'seasonal-naive' }), signature: 'x' }));

const versions = fc
  .tuple(...NAMES.map(() => fc.tuple(fc.constantFrom('absent' as const, ...VERSION_STATUSES), orNone)))
  .map((facts) =>
    facts.flatMap(([status, predecessor], index) => {
      const version = NAMES[index] ?? '';
      return status === 'absent' ? [] : [{ version, status, predecessor }];
    }),
  );

const returnDocuments = fc
  .uniqueArray(orNone)
  .map((of) => of.map((version, index) => ({ version, hostedVersion: index + 1, documentSha256: `sha-${version}` })));

const question: fc.Arbitrary<TargetQuestion> = fc.record({
  input: fc.record({ withdrawVersion: name, targetVersion: name }, { requiredKeys: [] }),
  live: fc.option(live),
  justRolledBack: fc.boolean(),
  byPerson: fc.boolean(),
  at: fc.constant(AT),
  known: fc.record({ complete: fc.boolean(), versions, returnDocuments }),
});

const RUNS = { numRuns: 2000 };

/** What the world is once the rollback was deployed and recorded. */
function afterwards(asked: TargetQuestion, from: string, to: string): TargetQuestion {
  const document = { shadowVersion: '', canaryVersion: '', canaryPercentage: 0, salt: '', previousVersion: '' };
  const known = asked.known.versions.map((item) =>
    item.version === from ? { ...item, status: 'withdrawn' as const } : item,
  );
  return {
    ...asked,
    live: { ...unsignedDocument({ ...document, productionVersion: to, fallback: 'seasonal-naive' }), signature: 'x' },
    justRolledBack: true,
    known: { ...asked.known, versions: known },
  };
}

describe('Whatever a rollback is asked in whatever situation', () => {
  it('goes to no version that is withdrawn, was never promoted, or is the one that it comes from', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const target = decideTarget(asked);
        if (target.outcome !== 'go') return;
        const { version } = target.to;
        const status = asked.known.versions.find((item) => item.version === version)?.status;
        expect(version === '' || status === 'retained' || status === 'production').toBe(true);
        if (version !== '') expect(version).not.toBe(target.from);
        expect(asked.known.returnDocuments).toContainEqual(target.to);
      }),
      RUNS,
    );
  });

  it('moves nothing when it is asked again', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const target = decideTarget(asked);
        if (target.outcome !== 'go' || asked.input.targetVersion !== undefined) return;
        if (asked.live === null && asked.input.withdrawVersion === undefined) return;
        const again = decideTarget(afterwards(asked, target.from, target.to.version));
        expect(again.outcome).not.toBe('go');
      }),
      RUNS,
    );
  });

  it('changes nobody that production serves by taking a candidate out', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const target = decideTarget(asked);
        if (target.outcome !== 'go' || asked.live === null || asked.input.targetVersion !== undefined) return;
        const { productionVersion } = asked.live;
        const status = asked.known.versions.find(({ version }) => version === productionVersion)?.status;
        const isFit = productionVersion === '' || status === 'retained' || status === 'production';
        if (target.from === productionVersion || !isFit) return;
        expect(target.to.version).toBe(productionVersion);
      }),
      RUNS,
    );
  });

  it('blames only a version that makes forecasts, unless a person named it', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const target = decideTarget(asked);
        if (target.outcome !== 'go' || asked.live === null) return;
        const isExposed = exposed(asked.live).includes(target.from);
        expect(isExposed || target.from === '' || (asked.byPerson && asked.input.withdrawVersion === target.from)).toBe(
          true,
        );
      }),
      RUNS,
    );
  });
});
