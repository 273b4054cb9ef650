import { describe, expect, it } from 'vitest';
import { changeInput } from '../../functions/registry/change-input.ts';
import { changeFaults } from '../../functions/registry/change-registration.ts';
import { ANA, BEN, onboardInput } from '../fakes/inputs.ts';

const PRINCIPAL = 'arn:aws:sts::111122223333:assumed-role/DataScience/ana';

function faultsOf(over: Readonly<Record<string, unknown>>) {
  const input = changeInput.parse({ ...onboardInput(), ...over });
  const none = { model: null, hasPointer: false, adoptionBroke: false, versions: [], inFlight: null };
  return changeFaults('demand_onboard_1', input, { ...none, standing: null, exposing: null });
}

describe('A principal', () => {
  it('is named by one person: of two, one could start what they approve under the name of the other', () => {
    const named = (arn: string) => ({
      approvers: [
        { ...ANA, principals: [PRINCIPAL] },
        { ...BEN, principals: [arn] },
      ],
    });
    expect(faultsOf(named(PRINCIPAL))).toMatchObject([
      { code: 'PRINCIPAL_TWICE', path: 'approvers.1.principals', got: PRINCIPAL },
    ]);
    expect(faultsOf(named(PRINCIPAL.replace('/ana', '/ANA')))).toMatchObject([{ code: 'PRINCIPAL_TWICE' }]);
    expect(faultsOf(named(PRINCIPAL.replace('/ana', '/ben')))).toEqual([]);
  });

  it('may be named twice by one person, who is owner and approver', () => {
    const { name, email } = ANA;
    const owner = { name, email, team: 'Forecasting', principals: [PRINCIPAL] };
    expect(faultsOf({ owner, approvers: [{ ...ANA, principals: [PRINCIPAL] }, BEN] })).toEqual([]);
    const other = { ...owner, email: 'olga@shop.example' };
    expect(faultsOf({ owner: other, approvers: [{ ...ANA, principals: [PRINCIPAL] }, BEN] })).toMatchObject([
      { code: 'PRINCIPAL_TWICE', path: 'approvers.0.principals' },
    ]);
  });
});
