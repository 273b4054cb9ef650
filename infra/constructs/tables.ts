import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  CfnGlobalTable,
  StreamViewType,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Access } from '../function-spec.ts';
import { rolesWith } from './keys.ts';

export interface TablesProps {
  /** Encrypts the approvals table; registry and ledger use the account's DynamoDB key. */
  readonly approvalsKey: IKey;
  /** Whether people sign in: then a function puts sessions into the approvals table. */
  readonly signIn: boolean;
}

const PROTECTED = {
  billing: Billing.onDemand(),
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  deletionProtection: true,
  dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
  removalPolicy: RemovalPolicy.RETAIN,
  encryption: TableEncryptionV2.awsManagedKey(),
} as const satisfies Partial<TablePropsV2>;

const ITEMS = {
  partitionKey: { name: 'pk', type: AttributeType.STRING },
  sortKey: { name: 'sk', type: AttributeType.STRING },
} as const;

/** Registry, ledger and approvals: on demand, recoverable to any second of 35 days, protected from deletion. */
export class Tables extends Construct {
  readonly registry: TableV2;
  readonly ledger: TableV2;
  readonly approvals: TableV2;

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    this.registry = new TableV2(this, 'Registry', { ...PROTECTED, ...ITEMS });
    this.ledger = new TableV2(this, 'Ledger', {
      ...PROTECTED,
      partitionKey: { name: 'model', type: AttributeType.STRING },
      sortKey: { name: 'seq', type: AttributeType.NUMBER },
      resourcePolicy: this.#putOnly(),
    });
    this.approvals = new TableV2(this, 'Approvals', {
      ...PROTECTED,
      ...ITEMS,
      resourcePolicy: this.#secret(props.signIn ? ['sessions:write'] : []),
      // Sessions alone have it. It stands without them as well: DynamoDB takes no second change of it within an hour, and a
      // deploy that takes away a sign-in by which nobody gets in must not fail for that.
      timeToLiveAttribute: 'expiresAtSeconds',
    });
    encryptWith(this.approvals, props.approvalsKey);
  }

  /**
   * No row of the ledger is changed or removed, and only functions that append may put. IAM cannot demand a condition
   * on a put, so that an overwrite by one of these functions stays possible; the stream shows it.
   */
  #putOnly(): PolicyDocument {
    return new PolicyDocument({
      statements: [
        deny('NothingIsChangedOrRemoved', [
          'dynamodb:UpdateItem',
          'dynamodb:DeleteItem',
          'dynamodb:BatchWriteItem',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PartiQLDelete',
          'dynamodb:DeleteTable',
        ]),
        deny('NobodyElseAppends', ['dynamodb:PutItem'], rolesWith(this, 'ledger:append')),
      ],
    });
  }

  /** Task tokens lie in the approvals table: only the functions that work with approvals may read or write it. */
  #secret(alsoWrite: readonly Access[]): PolicyDocument {
    const reads = [
      'dynamodb:GetItem',
      'dynamodb:BatchGetItem',
      'dynamodb:Query',
      'dynamodb:Scan',
      'dynamodb:PartiQLSelect',
    ];
    const writes = [
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:BatchWriteItem',
      'dynamodb:PartiQLInsert',
      'dynamodb:PartiQLUpdate',
      'dynamodb:PartiQLDelete',
    ];
    return new PolicyDocument({
      statements: [
        deny('NobodyElseReads', reads, rolesWith(this, 'approvals:read', 'approvals:write', 'gates:read')),
        deny('NobodyElseDecides', writes, rolesWith(this, 'approvals:write', ...alsoWrite)),
      ],
    });
  }
}

/** Denies to everyone, or to everyone but the named roles. The resource is `*`: a table cannot name itself here. */
function deny(sid: string, actions: string[], except?: string[]): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions,
    resources: ['*'],
    ...(except === undefined ? {} : { conditions: { ArnNotLike: { 'aws:PrincipalArn': except } } }),
  });
}

/** TableEncryptionV2.customerManagedKey wants to know the region, which a stack for any account does not. */
function encryptWith(table: TableV2, key: IKey): void {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnGlobalTable)) throw new Error('The table has no resource of its own.');
  resource.addPropertyOverride('Replicas.0.SSESpecification.KMSMasterKeyId', key.keyArn);
}
