import { describe, expect, it } from 'vitest';
import { parseSettings, SettingsError } from '../../infra/settings.ts';

const ANA = { id: 'ana', name: 'Ana Ruiz', email: 'ana@shop.example' };

function faultsOf(input: unknown): readonly (string | undefined)[] {
  try {
    parseSettings(input);
  } catch (error) {
    if (error instanceof SettingsError) return error.reasons.map(({ path }) => path);
    throw error;
  }
  return [];
}

const PEAK = { from: '2026-11-20T00:00:00Z', until: '2026-12-27T00:00:00Z', reason: 'Peak trading' };

describe('settings', () => {
  it('need nothing: every one has a default at example.com', () => {
    expect(parseSettings({})).toEqual({
      firstApprovers: [{ id: 'first-approver', name: 'First Approver', email: 'first-approver@example.com' }],
      senderEmail: 'model-release@example.com',
      alertEmail: 'model-release-alerts@example.com',
      pointerPollSeconds: 15,
      candidateWaitMs: 500,
      incomingPrefixes: [],
      predictorArns: [],
      freezes: [],
      splitAboveMb: 1500,
      retentionDays: 365,
      retentionMode: 'GOVERNANCE',
    });
  });

  it('take texts, as the command line passes them', () => {
    const settings = parseSettings({
      firstApprovers: JSON.stringify([ANA]),
      pointerPollSeconds: '0',
      candidateWaitMs: '5000',
      incomingPrefixes: 's3://models-eu/out/, s3://lake/',
      freezes: JSON.stringify([PEAK]),
      splitAboveMb: '0',
      retentionDays: '30',
      retentionMode: 'COMPLIANCE',
    });
    expect(settings).toMatchObject({
      firstApprovers: [ANA],
      pointerPollSeconds: 0,
      candidateWaitMs: 5000,
      incomingPrefixes: ['s3://models-eu/out/', 's3://lake/'],
      freezes: [PEAK],
      splitAboveMb: 0,
      retentionDays: 30,
      retentionMode: 'COMPLIANCE',
    });
  });

  it('take values, as code passes them', () => {
    expect(parseSettings({ firstApprovers: [ANA], incomingPrefixes: ['s3://lake/'] })).toMatchObject({
      firstApprovers: [ANA],
      incomingPrefixes: ['s3://lake/'],
    });
  });

  it.each([
    'arn:aws:lambda:eu-west-1:123456789012:function:demand',
    'arn:aws:sagemaker:eu-west-1:123456789012:endpoint/demand-v7',
  ])('let versions run at %s', (arn) => {
    expect(parseSettings({ predictorArns: ` ${arn} ` }).predictorArns).toEqual([arn]);
  });

  it.each([
    'arn:aws:lambda:eu-west-1:123456789012:function:demand:7',
    'arn:aws:lambda:eu-west-1:123456789012:function:*',
    'arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/demand',
    '*',
  ])('let no version run at %s: it is no function or endpoint as a whole', (arn) => {
    expect(() => parseSettings({ predictorArns: [arn] })).toThrow(/predictorArns\.0/);
  });

  it.each([
    'https://login.shop.example',
    'https://shop.example/realms/one/',
    'http://127.0.0.1:9000',
    'http://localhost:1',
  ])('let people sign in at %s', (oidcIssuer) => {
    expect(parseSettings({ oidcIssuer, oidcClientId: 'release' })).toMatchObject({
      oidcIssuer,
      oidcClientId: 'release',
    });
  });

  it.each([
    'http://login.shop.example',
    'http://127.0.0.1.shop.example',
    'https://ana:secret@login.shop.example',
    'https://login.shop.example/?tenant=one',
    'https://login.shop.example/#one',
    'login.shop.example',
    'ftp://127.0.0.1',
  ])('let nobody sign in at %s: anybody on the way could say who it is, or it is no issuer', (oidcIssuer) => {
    expect(faultsOf({ oidcIssuer, oidcClientId: 'release' })).toEqual(['oidcIssuer']);
  });

  it('want issuer and client of a sign-in both or neither, beside every other fault', () => {
    expect(faultsOf({ oidcIssuer: 'https://login.shop.example' })).toEqual(['oidcClientId']);
    expect(faultsOf({ oidcClientId: 'release' })).toEqual(['oidcIssuer']);
    expect(faultsOf({ oidcClientId: 'release', retentionDays: 0 })).toEqual(['retentionDays', 'oidcIssuer']);
    expect(faultsOf({ oidcIssuer: 'https://login.shop.example', oidcClientId: 'two words' })).toEqual(['oidcClientId']);
  });

  it('name every fault at once, with what was got', () => {
    const wrong = {
      firstApprovers: 'nobody',
      senderEmail: 'not an address',
      alertEmail: '',
      pointerPollSeconds: '3601',
      incomingPrefixes: 'https://lake',
      freezes: [{ ...PEAK, until: PEAK.from }],
      splitAboveMb: '-1',
      retentionDays: 'soon',
      retentionMode: 'FOREVER',
    };
    expect(faultsOf(wrong)).toEqual([
      'firstApprovers',
      'senderEmail',
      'alertEmail',
      'pointerPollSeconds',
      'incomingPrefixes.0',
      'freezes.0.until',
      'splitAboveMb',
      'retentionDays',
      'retentionMode',
    ]);
    expect(() => parseSettings(wrong)).toThrow(/pointerPollSeconds: .*Got: 3601/);
    expect(() => parseSettings(wrong)).toThrow(/retentionMode: .*Got: FOREVER/);
  });

  it('refuse one that there is not, beside every other fault, and name those that there are', () => {
    expect(faultsOf({ stages: 'offline,production', retentionDays: 0 })).toEqual(['retentionDays', 'stages']);
    expect(() => parseSettings({ stages: 'offline' })).toThrow(/stages: .*firstApprovers, senderEmail/);
  });

  it.each([-1, 1.5, 3601, 'often'])('refuse %s seconds as the age of a pointer', (pointerPollSeconds) => {
    expect(faultsOf({ pointerPollSeconds })).toEqual(['pointerPollSeconds']);
  });

  it.each([
    ['an empty list', []],
    ['text that is no JSON', '[{'],
    ['an approver without an address', [{ id: 'ana', name: 'Ana' }]],
    ['one person under two ids', [ANA, { ...ANA, id: 'ana2', email: 'ANA@shop.example ' }]],
    ['two people under one id', [ANA, { id: 'ana', name: 'Ben', email: 'ben@shop.example' }]],
  ])('refuse %s as first approvers', (_what, firstApprovers) => {
    expect(faultsOf({ firstApprovers })[0]).toMatch(/^firstApprovers/);
  });

  it('refuse more approvers than fit into the environment of a function', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      id: `approver-${index}`,
      name: `Approver number ${index} of the department`,
      email: `approver-${index}@shop.example`,
    }));
    expect(faultsOf({ firstApprovers: many })).toEqual(['firstApprovers']);
  });

  it.each([0, -1, 1.5, 40_000])('refuse %d days of retention', (retentionDays) => {
    expect(faultsOf({ retentionDays })).toEqual(['retentionDays']);
  });

  it.each(['s3://lake', 's3://lake/prefix', 's3://Lake/', 's3://lake/*', 'lake/'])(
    'refuse %s as a place that candidates come from: without the closing slash it would match its neighbours',
    (prefix) => {
      expect(faultsOf({ incomingPrefixes: [prefix] })).toEqual(['incomingPrefixes.0']);
    },
  );
});
