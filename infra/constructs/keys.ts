import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Access } from '../function-spec.ts';
import { FUNCTIONS } from '../functions.ts';
import { functionRoleArn } from './names.ts';

/** The keys of the stack. All are kept when the stack is deleted: without them nothing signed can be added to. */
export class Keys extends Construct {
  /** Signs manifests, pointer documents and deployment statements. */
  readonly signing: IKey;
  /** Signs ledger entries and anchors. */
  readonly ledger: IKey;
  /** Encrypts approvals and task tokens. */
  readonly approvals: IKey;
  /** Encrypts notices and alarms on their way. */
  readonly notifications: IKey;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.signing = this.#signingKey('Signing', 'sign:pointer', 'manifests and pointer documents');
    this.ledger = this.#signingKey('Ledger', 'ledger:append', 'ledger entries');
    this.approvals = new Key(this, 'Approvals', {
      description: 'Encrypts approvals and task tokens of the model release.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.notifications = new Key(this, 'Notifications', {
      description: 'Encrypts notices and alarms of the model release.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // CloudWatch publishes alarms with its own identity, and an encrypted topic answers it only when the key does too.
    this.notifications.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  /** A key that only the functions with `access` can sign with, whatever other roles of the account may be granted. */
  #signingKey(id: string, access: Access, what: string): Key {
    const key = new Key(this, id, {
      description: `Signs ${what} of the model release.`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NobodyElseSigns',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions: { ArnNotLike: { 'aws:PrincipalArn': rolesWith(this, access) } },
      }),
    );
    return key;
  }
}

/** ARNs of the roles of all functions that hold `access`. */
export function rolesWith(scope: Construct, ...access: readonly Access[]): string[] {
  const holders = FUNCTIONS.filter((spec) => spec.access.some((word) => access.includes(word)));
  return holders.map(({ name }) => functionRoleArn(scope, name));
}
