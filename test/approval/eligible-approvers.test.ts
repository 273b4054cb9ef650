import { describe, expect, it } from 'vitest';
import {
  eligibleApprovers,
  peopleDigest,
  peopleFor,
  quorumReason,
} from '../../functions/approval/eligible-approvers.ts';
import { ANA, BEN, OWNER, PIPELINE } from '../fakes/inputs.ts';
import { CAS, changeItem, modelItem, promotionItem, quorumOf } from './fixtures.ts';

const people = (over: Partial<ReturnType<typeof peopleFor>> = {}) => ({
  owner: OWNER,
  approvers: [ANA, BEN],
  quorum: 1,
  expiry: 'P7D',
  ...over,
});

describe('Who is asked', () => {
  it('asks the current approvers of the model about a promotion, by the quorum of the stage', () => {
    const found = peopleFor(
      promotionItem(),
      modelItem({ policy: quorumOf(2), approvers: [ANA, BEN, CAS] }),
      'production',
    );
    expect(found).toMatchObject({ owner: OWNER, approvers: [ANA, BEN, CAS], quorum: 2, expiry: 'P7D' });
    expect(peopleFor(promotionItem(), modelItem({ policy: quorumOf(2) }), 'shadow').quorum).toBe(1);
  });

  it('asks the approvers before a change about the change, by the quorum of production', () => {
    const found = peopleFor(changeItem(), modelItem({ policy: quorumOf(2) }), 'change');
    expect(found).toMatchObject({ approvers: [ANA, BEN], quorum: 2 });
  });

  it('asks the first approvers about a new model, and one is enough', () => {
    const run = changeItem({ kind: 'onboard', firstApprovers: [CAS] });
    expect(peopleFor(run, null, 'change')).toMatchObject({ approvers: [CAS], quorum: 1, owner: OWNER });
  });

  it('refuses to guess who would be asked', () => {
    expect(() => peopleFor(changeItem({ kind: 'onboard' }), null, 'change')).toThrow(/no first approvers/);
    expect(() => peopleFor(promotionItem(), null, 'production')).toThrow(/does not exist/);
  });

  it('never asks the requester, under whatever address or id', () => {
    const requester = { name: 'Ana', email: 'ANA@shop.example' };
    expect(eligibleApprovers(people(), requester, 'production')).toEqual([BEN]);
    const twice = people({ approvers: [ANA, { ...BEN, id: 'ana' }, CAS] });
    expect(eligibleApprovers(twice, requester, 'production')).toEqual([CAS]);
  });

  it('asks an owner who is an approver, unless the owner asks', () => {
    const approvers = [{ id: 'olga', name: OWNER.name, email: OWNER.email }, ANA];
    expect(eligibleApprovers(people({ approvers }), PIPELINE, 'production')).toHaveLength(2);
    expect(eligibleApprovers(people({ approvers }), OWNER, 'production')).toEqual([ANA]);
  });

  it('asks a person once who is named twice', () => {
    expect(eligibleApprovers(people({ approvers: [ANA, { ...ANA, id: 'ana2' }] }), PIPELINE, 'shadow')).toEqual([ANA]);
  });

  it('asks an approver only about stages that are theirs; a change counts as production', () => {
    const approvers = [
      { ...ANA, stages: ['shadow' as const] },
      { ...BEN, stages: ['production' as const] },
    ];
    expect(eligibleApprovers(people({ approvers }), PIPELINE, 'shadow')).toEqual([ANA]);
    expect(eligibleApprovers(people({ approvers }), PIPELINE, 'production')).toEqual([BEN]);
    expect(eligibleApprovers(people({ approvers }), PIPELINE, 'change')).toEqual([BEN]);
    expect(eligibleApprovers(people({ approvers }), PIPELINE, 'canary')).toEqual([]);
  });

  it('says plainly when too few people are left', () => {
    expect(quorumReason([ANA], 1)).toBeNull();
    expect(quorumReason([ANA], 2)).toMatchObject({
      code: 'QUORUM_UNREACHABLE',
      got: 'ana',
      allowed: expect.stringContaining('2'),
    });
    expect(quorumReason([], 1)?.got).toBe('nobody');
  });
});

describe('The digest of the people', () => {
  const digest = peopleDigest(people());

  it('changes with owner, approvers, their stages and quorum', () => {
    const changed = [
      people({ owner: { ...OWNER, email: 'other@shop.example' } }),
      people({ approvers: [ANA] }),
      people({ approvers: [ANA, { ...BEN, email: 'ben2@shop.example' }] }),
      people({ approvers: [ANA, { ...BEN, stages: ['shadow'] }] }),
      people({ quorum: 2 }),
    ].map(peopleDigest);
    expect(new Set([digest, ...changed]).size).toBe(changed.length + 1);
  });

  it('does not depend on the order of the approvers, nor on the time that they have', () => {
    expect(peopleDigest(people({ approvers: [BEN, ANA], expiry: 'P1D' }))).toBe(digest);
  });
});
