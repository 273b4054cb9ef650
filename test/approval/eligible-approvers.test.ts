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
    expect(eligibleApprovers(people(), { requestedBy: requester }, 'production')).toEqual([BEN]);
    const twice = people({ approvers: [ANA, { ...BEN, id: 'ana' }, CAS] });
    expect(eligibleApprovers(twice, { requestedBy: requester }, 'production')).toEqual([CAS]);
  });

  it('asks an owner who is an approver, unless the owner asks', () => {
    const approvers = [{ id: 'olga', name: OWNER.name, email: OWNER.email }, ANA];
    expect(eligibleApprovers(people({ approvers }), { requestedBy: PIPELINE }, 'production')).toHaveLength(2);
    expect(eligibleApprovers(people({ approvers }), { requestedBy: OWNER }, 'production')).toEqual([ANA]);
  });

  it('asks a person once who is named twice', () => {
    expect(
      eligibleApprovers(people({ approvers: [ANA, { ...ANA, id: 'ana2' }] }), { requestedBy: PIPELINE }, 'shadow'),
    ).toEqual([ANA]);
  });

  it('asks an approver only about stages that are theirs; a change counts as production', () => {
    const approvers = [
      { ...ANA, stages: ['shadow' as const] },
      { ...BEN, stages: ['production' as const] },
    ];
    expect(eligibleApprovers(people({ approvers }), { requestedBy: PIPELINE }, 'shadow')).toEqual([ANA]);
    expect(eligibleApprovers(people({ approvers }), { requestedBy: PIPELINE }, 'production')).toEqual([BEN]);
    expect(eligibleApprovers(people({ approvers }), { requestedBy: PIPELINE }, 'change')).toEqual([BEN]);
    expect(eligibleApprovers(people({ approvers }), { requestedBy: PIPELINE }, 'canary')).toEqual([]);
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

describe('Whoever started the execution', () => {
  const arn = 'arn:aws:sts::111122223333:assumed-role/Deployer/ana';
  const started = (over: object = {}) => ({ requestedBy: PIPELINE, startedBy: { principalArn: arn, ...over } });

  it('never approves, whatever name the input gives', () => {
    expect(eligibleApprovers(people(), started({ person: ANA }), 'production')).toEqual([BEN]);
    const { name, email } = ANA;
    expect(eligibleApprovers(people(), started({ person: { name, email } }), 'production')).toEqual([BEN]);
  });

  it('is recognised by a principal that the registry came to know later, also as the owner', () => {
    const known = people({ approvers: [{ ...ANA, principals: [arn] }, BEN] });
    expect(eligibleApprovers(known, started(), 'production')).toEqual([BEN]);
    const owner = { ...OWNER, email: BEN.email, principals: [arn] };
    expect(eligibleApprovers(people({ owner }), started(), 'production')).toEqual([ANA]);
  });

  it('keeps nobody else out, nor anybody while the principal is nobody that is known', () => {
    expect(eligibleApprovers(people(), started(), 'production')).toEqual([ANA, BEN]);
    expect(eligibleApprovers(people(), { requestedBy: PIPELINE }, 'production')).toEqual([ANA, BEN]);
  });

  it('changes the digest of the people only where principals are named', () => {
    const named = people({ approvers: [{ ...ANA, principals: [arn] }, BEN] });
    expect(peopleDigest(named)).not.toBe(peopleDigest(people()));
    // Digests that gates of before keep: an approver without principals reads as it always did.
    expect(peopleDigest(people())).toBe('daa9d6175114549c7b954fb5e895adb4cee95dcee345e58555baa3b4b6d4987a');
  });
});
