import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Resource, statementsOf, synthesized } from './synthesized.ts';

const stack = synthesized();
const tables = stack.ofType('AWS::DynamoDB::GlobalTable');

/** The settings of the one replica of a table. */
function replicaOf(table: Resource): Readonly<Record<string, unknown>> {
  const [replica = {}, ...others] = z.array(z.record(z.string(), z.unknown())).parse(table.properties['Replicas']);
  expect(others).toEqual([]);
  return replica;
}

function tableNamed(name: string): Resource {
  const table = tables.find(({ logicalId }) => logicalId.startsWith(`Tables${name}`));
  if (table === undefined) throw new Error(`No table ${name}.`);
  return table;
}

function tablePolicy(name: string) {
  const policy = z.object({ PolicyDocument: z.unknown() }).parse(replicaOf(tableNamed(name))['ResourcePolicy']);
  return statementsOf(policy.PolicyDocument);
}

describe('tables', () => {
  it('are the registry, the ledger and the approvals', () => {
    expect(tables).toHaveLength(3);
  });

  it.each(tables.map((table) => [table.logicalId, table] as const))(
    '%s can be recovered to any second, is protected from deletion, streams and is encrypted',
    (_name, table) => {
      expect(table.properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      });
      expect(replicaOf(table)).toMatchObject({
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
      });
      expect(table.deletionPolicy).toBe('Retain');
    },
  );

  it.each([
    ['Registry', ['pk', 'sk'], ['S', 'S']],
    ['Ledger', ['model', 'seq'], ['S', 'N']],
    ['Approvals', ['pk', 'sk'], ['S', 'S']],
  ])('%s is keyed by %j', (name, keys, types) => {
    expect(tableNamed(name).properties).toMatchObject({
      KeySchema: [{ AttributeName: keys[0] }, { AttributeName: keys[1] }],
      AttributeDefinitions: [{ AttributeType: types[0] }, { AttributeType: types[1] }],
    });
  });

  it('denies everyone to change or remove a row of the ledger', () => {
    const denial = tablePolicy('Ledger').find(({ Sid }) => Sid === 'NothingIsChangedOrRemoved');
    expect(denial).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(denial?.Condition).toBeUndefined();
    expect(denial?.Action.toSorted()).toEqual([
      'dynamodb:BatchWriteItem',
      'dynamodb:DeleteItem',
      'dynamodb:DeleteTable',
      'dynamodb:PartiQLDelete',
      'dynamodb:PartiQLInsert',
      'dynamodb:PartiQLUpdate',
      'dynamodb:UpdateItem',
    ]);
  });

  it('lets no role but those that append put a row into the ledger', () => {
    const denial = tablePolicy('Ledger').find(({ Action }) => Action.includes('dynamodb:PutItem'));
    const except = JSON.stringify(denial?.Condition?.['ArnNotLike']);
    expect(denial?.Effect).toBe('Deny');
    expect(except).toContain('role/ModelRelease-move-pointer"');
    expect(except).not.toContain('role/ModelRelease-vouch"');
    expect(except).not.toContain('*');
  });

  it('encrypts approvals with a key of their own, and lets nobody but their functions read them', () => {
    const key = replicaOf(tableNamed('Approvals'))['SSESpecification'];
    expect(JSON.stringify(key)).toContain('KeysApprovals');
    const denial = tablePolicy('Approvals').find(({ Action }) => Action.includes('dynamodb:GetItem'));
    const except = JSON.stringify(denial?.Condition?.['ArnNotLike']);
    expect(denial).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(denial?.Action).toEqual(expect.arrayContaining(['dynamodb:Scan', 'dynamodb:PartiQLSelect']));
    expect(except).toContain('role/ModelRelease-decide-approval"');
    expect(except).not.toContain('role/ModelRelease-judge"');
  });
});

describe('buckets', () => {
  const buckets = stack.ofType('AWS::S3::Bucket');
  const policyOf = (name: string) => {
    const policy = stack
      .ofType('AWS::S3::BucketPolicy')
      .find(({ logicalId }) => logicalId.startsWith(`Buckets${name}`));
    return statementsOf(policy?.properties['PolicyDocument']);
  };

  it.each(buckets.map((bucket) => [bucket.logicalId, bucket] as const))(
    '%s is versioned, encrypted, never public, and kept',
    (_name, bucket) => {
      expect(bucket.properties).toMatchObject({
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{}] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      });
      expect(bucket.deletionPolicy).toBe('Retain');
    },
  );

  it.each(['AccessLogs', 'Evidence', 'Predictions'])('%s takes no request without TLS', (name) => {
    expect(policyOf(name)).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Action: ['s3:*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  it.each(['Evidence', 'Predictions'])('%s logs every access', (name) => {
    const bucket = buckets.find(({ logicalId }) => logicalId.startsWith(`Buckets${name}`));
    expect(bucket?.properties['LoggingConfiguration']).toMatchObject({ LogFilePrefix: `${name.toLowerCase()}/` });
  });

  it('make old predictions cheaper and delete none; only access logs, requests and what is handed on expire', () => {
    const rulesOf = (name: string) => {
      const bucket = buckets.find(({ logicalId }) => logicalId.startsWith(`Buckets${name}`));
      return bucket?.properties['LifecycleConfiguration'];
    };
    expect(rulesOf('Predictions')).toEqual({
      Rules: [
        {
          Prefix: 'predictions/',
          Status: 'Enabled',
          Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 180 }],
        },
        {
          ...{ Prefix: 'requests/', Status: 'Enabled', ExpirationInDays: 90 },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        {
          ...{ Prefix: 'handed-over/', Status: 'Enabled', ExpirationInDays: 7 },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
      ],
    });
    expect(rulesOf('Evidence')).toEqual({
      Rules: [
        expect.objectContaining({
          ...{ Prefix: 'work/', Status: 'Enabled', ExpirationInDays: 7 },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        }),
        // Made anew from the ledger: what it said before can be made again.
        { Prefix: 'change-logs/', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
      ],
    });
    expect(rulesOf('AccessLogs')).toMatchObject({ Rules: [{ ExpirationInDays: 365 }] });
  });

  it('lock evidence without a default retention, so that incoming/ stays free', () => {
    stack.template.hasResourceProperties('AWS::S3::Bucket', {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: Match.absent(),
    });
  });

  it('deny evidence that is not locked, not written once, or deleted', () => {
    const statements = policyOf('Evidence');
    const of = (sid: string) => statements.find(({ Sid }) => Sid === sid);
    const resources = (sid: string) => JSON.stringify(of(sid)?.Resource);
    expect(of('EvidenceIsLocked')).toMatchObject({
      Effect: 'Deny',
      Action: ['s3:PutObject'],
      Condition: { Null: { 's3:object-lock-mode': 'true' } },
    });
    expect(of('EvidenceIsWrittenOnce')?.Condition).toMatchObject({ Null: { 's3:if-none-match': 'true' } });
    expect(of('EvidenceIsKept')).toMatchObject({ Effect: 'Deny', Action: ['s3:DeleteObject'] });
    for (const prefix of ['evidence/', 'manifests/', 'release-notes/', 'anchors/']) {
      for (const sid of ['EvidenceIsLocked', 'EvidenceIsWrittenOnce', 'EvidenceIsKept']) {
        expect(resources(sid)).toContain(`"/${prefix}*"`);
      }
    }
    expect(resources('EvidenceIsLocked')).toContain('"/candidates/*"');
    for (const free of ['incoming/', 'work/']) {
      expect(statements.filter(({ Resource }) => JSON.stringify(Resource).includes(free))).toEqual([]);
    }
  });

  it('deny predictions and recalls that overwrite, and every delete of one', () => {
    const statements = policyOf('Predictions');
    expect(statements).toContainEqual(
      expect.objectContaining({
        Sid: 'PredictionsAreWrittenOnce',
        Effect: 'Deny',
        Action: ['s3:PutObject'],
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      }),
    );
    expect(statements).toContainEqual(
      expect.objectContaining({
        Sid: 'PredictionsAreKept',
        Effect: 'Deny',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
      }),
    );
    const kept = ['/predictions/*', '/recalls/*'].map((path) => ({ 'Fn::Join': ['', [expect.anything(), path]] }));
    expect(statements.filter(({ Sid }) => Sid?.startsWith('Predictions')).map(({ Resource }) => Resource)).toEqual([
      kept,
      kept,
    ]);
  });
});

describe('keys', () => {
  const keys = stack.ofType('AWS::KMS::Key');

  it('are kept when the stack is deleted', () => {
    expect(keys.map(({ deletionPolicy }) => deletionPolicy)).toEqual(['Retain', 'Retain', 'Retain', 'Retain']);
  });

  it.each([
    ['Signing', ['move-pointer', 'prepare-return', 'sign-manifest']],
    ['Ledger', ['decide-approval', 'roll-back']],
  ])('%s signs with P-256, and only for the functions that may', (name, functions) => {
    const key = keys.find(({ logicalId }) => logicalId.startsWith(`Keys${name}`));
    expect(key?.properties).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const denial = statementsOf(key?.properties['KeyPolicy']).find(({ Effect }) => Effect === 'Deny');
    const except = JSON.stringify(denial?.Condition?.['ArnNotLike']);
    expect(denial?.Action).toEqual(['kms:Sign']);
    for (const one of functions) expect(except).toContain(`role/ModelRelease-${one}"`);
    expect(except).not.toContain('role/ModelRelease-public-key"');
    expect(except).not.toContain('*');
  });

  it.each(['Approvals', 'Notifications'])('%s rotates', (name) => {
    const key = keys.find(({ logicalId }) => logicalId.startsWith(`Keys${name}`));
    expect(key?.properties['EnableKeyRotation']).toBe(true);
  });
});
