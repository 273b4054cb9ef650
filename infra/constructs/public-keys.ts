import { CustomResource, Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface PublicKeysProps {
  /** Answers `Custom::PublicKey` with the attribute `PublicKey`, a PEM. */
  readonly reader: IFunction;
  readonly signing: IKey;
  readonly ledger: IKey;
}

/** The public halves of the signing keys, read at deploy, so that functions verify without asking KMS. */
export class PublicKeys extends Construct {
  readonly pointerPem: string;
  readonly ledgerPem: string;

  constructor(scope: Construct, id: string, props: PublicKeysProps) {
    super(scope, id);
    const read = (name: string, key: IKey) =>
      new CustomResource(this, name, {
        resourceType: 'Custom::PublicKey',
        serviceToken: props.reader.functionArn,
        serviceTimeout: Duration.minutes(2),
        properties: { KeyId: key.keyId },
      }).getAttString('PublicKey');
    this.pointerPem = read('Pointer', props.signing);
    this.ledgerPem = read('Ledger', props.ledger);
  }
}
