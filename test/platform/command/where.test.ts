import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOutputs } from '../../../functions/platform/command/outputs-store.ts';
import { clientOptions, findPlace, type Given, type Wanted } from '../../../functions/platform/command/where.ts';

const MACHINE = 'arn:aws:states:eu-west-1:1:stateMachine:ModelRelease-rollback:live';
const LOCAL = {
  RollbackStateMachineArn: MACHINE,
  RegistryTableName: 'registry',
  ApprovalBaseUrl: 'http://127.0.0.1:1/x',
};
const AWS = { ...LOCAL, ApprovalBaseUrl: 'https://abc.execute-api.eu-west-1.amazonaws.com' };
const TABLE: Wanted = {
  ...{ what: 'The registry table', option: '--table', typed: undefined },
  output: 'RegistryTableName',
};

const outputs = (of: object) => JSON.stringify({ ModelRelease: of });

function find(given: Partial<Given>, wanted: Partial<Wanted> = {}) {
  const all = { text: {}, outputsText: outputs(AWS), environment: {}, ...given };
  return findPlace({ ...TABLE, ...wanted }, all);
}

function faults(given: Partial<Given>, wanted: Partial<Wanted> = {}) {
  const found = find(given, wanted);
  return found.ok ? [] : found.faults.map(({ path }) => path);
}

function regionOf(given: Partial<Given>, wanted: Partial<Wanted> = {}) {
  const found = find(given, wanted);
  return found.ok ? found.where.region : 'not found';
}

describe('What a command calls', () => {
  it('is what was typed, else what the outputs have', () => {
    expect(find({})).toMatchObject({ ok: true, name: 'registry' });
    expect(find({}, { typed: 'other' })).toMatchObject({ ok: true, name: 'other' });
  });

  it.each([
    ['no outputs', null, ['--table']],
    ['outputs of another stack', '{"Other": {}}', ['.local/outputs.json', '--table']],
    ['a file that cannot be read', '', ['.local/outputs.json', '--table']],
    ['a name of another type', outputs({ RegistryTableName: 7 }), ['.local/outputs.json', '--table']],
    ['an empty name', outputs({ RegistryTableName: '' }), ['--table']],
  ])('is not guessed: %s', (_, outputsText, paths) => {
    expect(faults({ outputsText })).toEqual(paths);
  });

  it('needs no outputs once it was typed, but those that were named have to be outputs', () => {
    expect(faults({ outputsText: '' }, { typed: 'registry' })).toEqual([]);
    expect(faults({ outputsText: '', text: { outputs: 'o.json' } }, { typed: 'registry' })).toEqual(['o.json']);
  });

  it('looks like what it is', () => {
    expect(faults({}, { typed: 'registry', pattern: /^arn:/ })).toEqual(['--table']);
  });
});

describe('Where AWS is asked', () => {
  it('is where it was typed, else where the environment says, else on this machine when the stack is', () => {
    const environment = { AWS_ENDPOINT_URL: 'http://localhost:2' };
    const text = { endpoint: 'https://aws.example:3' };
    const local = outputs(LOCAL);
    expect(find({ text, environment, outputsText: local })).toMatchObject({
      where: { endpoint: 'https://aws.example:3', isLocal: false },
    });
    expect(find({ environment, outputsText: local })).toMatchObject({
      where: { endpoint: 'http://localhost:2', isLocal: true },
    });
    expect(find({ outputsText: local, environment: { AWS_ENDPOINT_URL: '' } })).toMatchObject({
      where: { endpoint: 'http://127.0.0.1:1', isLocal: true },
    });
    expect(find({})).toMatchObject({ where: { endpoint: undefined, isLocal: false } });
    expect(find({ outputsText: outputs({ ...AWS, ApprovalBaseUrl: 'nowhere' }) })).toMatchObject({
      where: { endpoint: undefined, isLocal: false },
    });
  });

  it.each(['http://127.0.0.1', 'http://127.9.9.9:1', 'https://localhost:1', 'http://[::1]:1'])(
    'is on this machine at %s',
    (endpoint) => {
      expect(find({ text: { endpoint } })).toMatchObject({ where: { isLocal: true } });
    },
  );

  it.each(['http://127.0.0.1.example:1', 'http://localhost.example', 'http://128.0.0.1', 'http://a@b:1/127.0.0.1'])(
    'is elsewhere at %s',
    (endpoint) => {
      expect(find({ text: { endpoint } })).toMatchObject({ where: { isLocal: false } });
    },
  );

  it.each(['nowhere', 'localhost:4566', '127.0.0.1:4566', 'ftp://localhost'])('is never at %s', (endpoint) => {
    expect(faults({ text: { endpoint } })).toEqual(['--endpoint']);
    expect(faults({ environment: { AWS_ENDPOINT_URL: endpoint } })).toEqual(['AWS_ENDPOINT_URL']);
  });

  it('is said together with everything else that is wrong', () => {
    expect(faults({ text: { outputs: 'o.json', endpoint: 'nowhere' }, outputsText: '' })).toEqual([
      ...['o.json', '--table', '--endpoint'],
    ]);
  });

  it('has the region that was typed, that of what is called, or that of the environment', () => {
    const environment = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-west-2' };
    const table = 'arn:aws:dynamodb:eu-central-1:1:table/registry';
    expect(regionOf({ text: { region: 'eu-north-1' }, environment })).toBe('eu-north-1');
    expect(regionOf({ environment })).toBe('eu-west-1');
    expect(regionOf({ environment }, { typed: table })).toBe('eu-central-1');
    expect(regionOf({ environment }, { typed: 'registry' })).toBe('us-east-1');
    expect(regionOf({ environment }, { typed: 'registry', beside: MACHINE })).toBe('eu-west-1');
    expect(regionOf({ environment: { AWS_DEFAULT_REGION: 'us-west-2' } }, { typed: 'registry' })).toBe('us-west-2');
    expect(regionOf({}, { typed: 'registry' })).toBe('eu-west-1');
    expect(regionOf({ outputsText: null }, { typed: 'registry' })).toBeUndefined();
    const local = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    expect(regionOf({ outputsText: null, environment: local }, { typed: 'registry' })).toBe('eu-west-1');
  });

  it('needs no credentials on this machine, and never makes any up elsewhere', () => {
    const local = { region: 'eu-west-1', endpoint: 'http://127.0.0.1:1', isLocal: true };
    expect(clientOptions(local, {}, 'drill')).toEqual({
      ...{ region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' },
      credentials: { accessKeyId: 'operator-drill', secretAccessKey: 'operator-drill' },
    });
    for (const environment of [{ AWS_PROFILE: 'me' }, { AWS_ACCESS_KEY_ID: 'me' }]) {
      expect(clientOptions(local, environment, 'drill')).not.toHaveProperty('credentials');
    }
    expect(clientOptions({ region: undefined, endpoint: undefined, isLocal: false }, {}, 'drill')).toEqual({});
  });
});

describe('The outputs of the stack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are the text of the file that was named; one that cannot be read is refused as no outputs', () => {
    const file = join(folder, 'outputs.json');
    writeFileSync(file, outputs(AWS));
    expect(readOutputs({ outputs: file })).toBe(outputs(AWS));
    expect(readOutputs({ outputs: join(folder, 'none.json') })).toBe('');
    expect(readOutputs({ outputs: folder })).toBe('');
  });
});
