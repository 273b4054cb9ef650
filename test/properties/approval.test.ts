import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eligibleApprovers, quorumReason } from '../../functions/approval/eligible-approvers.ts';
import { countApprovals, statusOf } from '../../functions/approval/quorum.ts';
import { groupByPerson } from '../../functions/approval/separation-of-duties.ts';
import { normalEmail } from '../../functions/platform/people.ts';
import { OWNER } from '../fakes/inputs.ts';

// Few ids and addresses, so that people often share one.
const email = fc.constantFrom(
  'a@x.example',
  'A@x.example',
  'b@x.example',
  'c@x.example',
  'd@x.example',
  ' d@X.example',
);
const approver = fc.record({ id: fc.constantFrom('1', '2', '3', '4', 'a@x.example'), name: fc.constant('N'), email });
const approvers = fc.array(approver, { maxLength: 7 });
const decision = fc.record({ approver, decision: fc.constantFrom('approve' as const, 'reject' as const) });
const decisions = fc.array(decision, { maxLength: 8 });
const quorum = fc.integer({ min: 1, max: 4 });
const people = (records: readonly { id: string; name: string; email: string }[], needed: number) => ({
  owner: OWNER,
  approvers: records,
  quorum: needed,
  expiry: 'P7D',
});

describe('Separation of duties, for any approvers', () => {
  it('puts every record into exactly one person, and no key into two', () => {
    fc.assert(
      fc.property(approvers, (records) => {
        const groups = groupByPerson(records);
        expect(groups.flat()).toHaveLength(records.length);
        const addresses = groups.map((group) => new Set(group.map((record) => normalEmail(record.email))));
        addresses.forEach((mine, index) => {
          for (const others of addresses.slice(index + 1))
            expect([...mine].filter((one) => others.has(one))).toEqual([]);
        });
      }),
    );
  });

  it('never lets the requester decide, nor one person twice', () => {
    fc.assert(
      fc.property(approvers, email, (records, requester) => {
        const eligible = eligibleApprovers(
          people(records, 1),
          { requestedBy: { name: 'R', email: requester } },
          'production',
        );
        const all = [...eligible, { id: 'requester', name: 'R', email: requester }];
        expect(groupByPerson(all)).toHaveLength(all.length);
      }),
    );
  });

  it('asks everybody who is linked to the requester in no way', () => {
    fc.assert(
      fc.property(approvers, email, (records, requester) => {
        const eligible = eligibleApprovers(
          people(records, 1),
          { requestedBy: { name: 'R', email: requester } },
          'production',
        );
        const persons = groupByPerson<{ email: string; id?: string }>([{ email: requester }, ...records]);
        expect(eligible).toHaveLength(persons.length - 1);
      }),
    );
  });

  it('opens no gate that the people there are could not pass', () => {
    fc.assert(
      fc.property(approvers, email, quorum, (records, requester, needed) => {
        const eligible = eligibleApprovers(
          people(records, needed),
          { requestedBy: { name: 'R', email: requester } },
          'production',
        );
        const all = eligible.map((one) => ({ approver: one, decision: 'approve' as const }));
        expect(quorumReason(eligible, needed) === null).toBe(statusOf(all, needed) === 'approved');
      }),
    );
  });
});

describe('The quorum, for any decisions', () => {
  it('is ended by one rejection, whatever else was decided', () => {
    fc.assert(
      fc.property(decisions, quorum, (made, needed) => {
        const rejected = made.some((one) => one.decision === 'reject');
        expect(statusOf(made, needed) === 'rejected').toBe(rejected);
      }),
    );
  });

  it('is complete exactly when so many distinct people approved', () => {
    fc.assert(
      fc.property(decisions, quorum, (made, needed) => {
        const approvals = made.filter((one) => one.decision === 'approve');
        const distinct = groupByPerson(approvals.map((one) => one.approver)).length;
        expect(countApprovals(made)).toBe(distinct);
        expect(statusOf(approvals, needed)).toBe(distinct >= needed ? 'approved' : 'open');
      }),
    );
  });

  it('does not depend on the order, and is not moved by somebody who approves twice', () => {
    fc.assert(
      fc.property(decisions, quorum, fc.nat(), (made, needed, at) => {
        expect(statusOf(made.toReversed(), needed)).toBe(statusOf(made, needed));
        const again = made[at % Math.max(1, made.length)];
        expect(statusOf(again === undefined ? made : [...made, again], needed)).toBe(statusOf(made, needed));
      }),
    );
  });
});
