import { describe, expect, it } from 'vitest';
import { settingsDiff } from '../../functions/registry/settings-diff.ts';
import { CAS, changeItem, modelItem, quorumOf } from '../approval/fixtures.ts';
import { ANA, BEN } from '../fakes/inputs.ts';

const { proposal } = changeItem();

describe('What a proposal would alter', () => {
  it('names each setting with what it is now and would be', () => {
    const changed = { ...proposal, approvers: [ANA, { ...CAS, stages: ['shadow' as const] }], policy: quorumOf(2) };
    expect(settingsDiff(modelItem(), changed)).toEqual([
      { path: 'approver ben', before: `${BEN.name} <${BEN.email}>`, after: '' },
      { path: 'policy.approvals.quorum.production', before: '1', after: '2' },
      { path: 'approver cas', before: '', after: `${CAS.name} <${CAS.email}>, only shadow` },
    ]);
  });

  it('is nothing for a proposal of what is already so', () => {
    const { owner, approvers, downstream, policy } = modelItem();
    expect(settingsDiff(modelItem(), { owner, approvers, downstream, policy })).toEqual([]);
  });

  it('says first, and in words, that a version is taken over which passed no gate', () => {
    const artifact = { bucket: 'evidence', key: 'k', versionId: '1', sha256: 'a'.repeat(64) };
    const differences = settingsDiff(null, proposal, { version: '7.3', artifact });
    const after = `version 7.3, artifact ${'a'.repeat(64)}: adopted, gates not passed`;
    expect(differences[0]).toEqual({ path: 'adopt', before: '', after });
    expect(differences.slice(1)).toEqual(settingsDiff(null, proposal));
  });

  it('names everything that is set for a new model', () => {
    const paths = settingsDiff(null, proposal).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['owner', 'approver ana', 'downstream Replenishment', 'policy.safeForecast']),
    );
  });
});
