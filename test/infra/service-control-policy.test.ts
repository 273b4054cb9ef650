import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { FUNCTIONS } from '../../infra/functions.ts';
import { matchesGlob } from '../../infra/local/iam/policy-document.ts';
import { ROOT } from '../structure/sources.ts';

const text = readFileSync(join(ROOT, 'infra', 'service-control-policy.json'), 'utf8');
const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const policy = z
  .strictObject({
    Version: z.literal('2012-10-17'),
    Statement: z.array(
      z.strictObject({
        Sid: z.string().regex(/^[A-Za-z0-9]+$/),
        Effect: z.literal('Deny'),
        Action: list,
        Resource: list,
        Condition: z.strictObject({ ArnNotLike: z.strictObject({ 'aws:PrincipalArn': list }) }).optional(),
      }),
    ),
  })
  .parse(JSON.parse(text));

const roleOf = (name: string) => `arn:aws:iam::111122223333:role/ModelRelease-${name}`;
const ADMIN = 'arn:aws:iam::111122223333:user/admin';
const DEPLOY = 'arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1';

function denies(action: string, resource: string, principal: string): boolean {
  return policy.Statement.some(
    ({ Action, Resource, Condition }) =>
      Action.includes(action) &&
      Resource.some((pattern) => matchesGlob(pattern, resource)) &&
      !(Condition?.ArnNotLike['aws:PrincipalArn'] ?? []).some((pattern) => matchesGlob(pattern, principal)),
  );
}

const VOUCH = 'arn:aws:lambda:eu-west-1:111122223333:function:ModelRelease-vouch';
const ROLE = roleOf('roll-back');
const LEDGER = 'arn:aws:dynamodb:eu-west-1:111122223333:table/ModelRelease-TablesLedger0A1B-XYZ';

describe('The service control policy', () => {
  it('fits into what Organizations takes', () => {
    expect(JSON.stringify(JSON.parse(text)).length).toBeLessThanOrEqual(5120);
  });

  it.each([
    ['appconfig:StopDeployment', '*'],
    ['appconfig:StartDeployment', '*'],
    ['appconfig:DeleteExtensionAssociation', '*'],
    ['appconfig:UpdateExtension', '*'],
    ['appconfig:UpdateDeploymentStrategy', '*'],
    ['appconfig:DeleteHostedConfigurationVersion', '*'],
    ['appconfig:StartExperimentRun', '*'],
    ['lambda:UpdateFunctionCode', VOUCH],
    ['lambda:PutFunctionConcurrency', VOUCH],
    ['iam:PutRolePolicy', ROLE],
    ['iam:UpdateAssumeRolePolicy', ROLE],
    ['dynamodb:DeleteItem', LEDGER],
    ['dynamodb:DeleteTable', LEDGER],
  ])('takes %s from an administrator', (action, resource) => {
    expect(denies(action, resource, ADMIN)).toBe(true);
  });

  it('leaves to the functions what they need', () => {
    for (const { name, access } of FUNCTIONS) {
      const may = (word: string) => access.some((one) => one === word);
      if (may('pointer:stop')) expect(denies('appconfig:StopDeployment', '*', roleOf(name)), name).toBe(false);
      if (may('pointer:deploy')) expect(denies('appconfig:StartDeployment', '*', roleOf(name)), name).toBe(false);
      if (may('pointer:version')) {
        expect(denies('appconfig:CreateHostedConfigurationVersion', '*', roleOf(name)), name).toBe(false);
      }
      if (may('ledger:append')) expect(denies('dynamodb:PutItem', LEDGER, roleOf(name)), name).toBe(false);
    }
  });

  it('leaves StopDeployment to the rollback alone', () => {
    const holders = FUNCTIONS.filter(({ access }) => access.some((one) => one === 'pointer:stop')).map(
      ({ name }) => name,
    );
    const left = FUNCTIONS.filter(({ name }) => !denies('appconfig:StopDeployment', '*', roleOf(name))).map(
      ({ name }) => name,
    );
    expect(left).toEqual(holders);
  });

  it('leaves changing the stack to a deploy, and ledger rows and ways back to nobody', () => {
    expect(denies('lambda:UpdateFunctionCode', VOUCH, DEPLOY)).toBe(false);
    expect(denies('iam:PutRolePolicy', ROLE, DEPLOY)).toBe(false);
    expect(denies('dynamodb:DeleteItem', LEDGER, DEPLOY)).toBe(true);
    expect(denies('appconfig:DeleteHostedConfigurationVersion', '*', DEPLOY)).toBe(true);
    expect(denies('lambda:UpdateFunctionCode', VOUCH.replace('ModelRelease-vouch', 'Other'), ADMIN)).toBe(false);
  });
});
