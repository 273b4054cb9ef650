import { describe, expect, it } from 'vitest';
import { isLoopback, parseArguments, resolveSettings, USAGE } from '../../../functions/ledger/verifier/settings.ts';

const outputs = (members: object = {}) =>
  JSON.stringify({
    ModelRelease: {
      LedgerTableName: 'ledger-table',
      EvidenceBucketName: 'evidence',
      LedgerKeyArn: 'arn:aws:kms:eu-central-1:000000000000:key/abc',
      ApprovalBaseUrl: 'http://127.0.0.1:4711/approvals',
      ...members,
    },
  });

const resolve = (argv: readonly string[], outputsText: string | null = null, environment = {}) =>
  resolveSettings(parseArguments(argv), outputsText, environment);

describe('the arguments', () => {
  it('names every fault at once', () => {
    const { faults } = parseArguments(['stray', '--tabel', 'x', '--endpoint', 'nowhere', '--key']);
    expect(faults.map(({ path, message }) => `${path} ${message}`)).toEqual([
      'stray This is not an option.',
      '--tabel This option does not exist.',
      'x This is not an option.',
      '--key Its value is missing.',
      '--model The model is missing.',
      '--endpoint This is no URL.',
    ]);
  });

  it('takes values after a blank or an equals sign, and flags', () => {
    const { text, flags, faults } = parseArguments(['--model=demand', '--table', 't', '--json', '--no-anchors']);
    expect({ text, flags: [...flags], faults }).toEqual({
      text: { model: 'demand', table: 't' },
      flags: ['json', 'no-anchors'],
      faults: [],
    });
  });

  it('demands no model of somebody who asks for help', () => {
    expect(parseArguments(['--help']).faults).toEqual([]);
  });

  it('documents each option and exit code', () => {
    const options = [
      'model',
      'public-key',
      'key',
      'table',
      'bucket',
      'no-anchors',
      'outputs',
      'endpoint',
      'region',
      'json',
    ];
    for (const option of options) expect(USAGE).toContain(`--${option}`);
    expect(USAGE).toMatch(/0: .*1: .*2: /);
  });
});

describe('the settings', () => {
  it('come from the outputs of the stack, at the address of the local platform', () => {
    expect(resolve(['--model', 'demand'], outputs())).toEqual({
      settings: {
        model: 'demand',
        table: 'ledger-table',
        bucket: 'evidence',
        key: { kmsKeyId: 'arn:aws:kms:eu-central-1:000000000000:key/abc' },
        endpoint: 'http://127.0.0.1:4711',
        region: 'eu-central-1',
      },
    });
  });

  it('leave the endpoint to the SDK for a stack in AWS', () => {
    const deployed = outputs({ ApprovalBaseUrl: 'https://abc.execute-api.eu-central-1.amazonaws.com/approvals' });
    expect(resolve(['--model', 'demand'], deployed)).not.toHaveProperty('settings.endpoint');
  });

  it('prefer options over the outputs and the environment', () => {
    const argv = ['--model', 'm', '--table', 't', '--bucket', 'b', '--public-key', 'k.pem', '--region', 'r'];
    const resolved = resolve([...argv, '--endpoint', 'http://127.0.0.1:1'], outputs(), {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:2',
      AWS_REGION: 'elsewhere',
    });
    expect(resolved).toEqual({
      settings: {
        model: 'm',
        table: 't',
        bucket: 'b',
        key: { file: 'k.pem' },
        endpoint: 'http://127.0.0.1:1',
        region: 'r',
      },
    });
  });

  it('take endpoint and region from the environment when nothing else names them', () => {
    const argv = ['--model', 'm', '--table', 't', '--no-anchors', '--public-key', 'k.pem'];
    expect(resolve(argv, null, { AWS_ENDPOINT_URL: 'http://127.0.0.1:2', AWS_DEFAULT_REGION: 'r' })).toEqual({
      settings: {
        model: 'm',
        table: 't',
        bucket: null,
        key: { file: 'k.pem' },
        endpoint: 'http://127.0.0.1:2',
        region: 'r',
      },
    });
  });

  it('name everything that is not known, and what to pass', () => {
    expect(resolve(['--model', 'm'])).toMatchObject({
      faults: [{ path: '--table' }, { path: '--bucket' }, { path: '--public-key' }],
    });
    expect(resolve(['--model', 'm'])).toHaveProperty('faults.0.next', expect.stringContaining('npm start'));
  });

  it.each(['', '{', '[]', '{"Other":{}}', '{"ModelRelease":{"LedgerTableName":1}}'])(
    'refuse the file %j as outputs',
    (text) => {
      expect(resolve(['--model', 'm', '--outputs', 'o.json'], text)).toMatchObject({ faults: [{ path: 'o.json' }] });
    },
  );

  it('know this machine by its addresses', () => {
    const addresses = ['http://127.0.0.1:4566', 'http://localhost', 'http://[::1]:80', 'https://s3.amazonaws.com'];
    expect(addresses.map(isLoopback)).toEqual([true, true, true, false]);
  });
});
