import { Lazy, RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnApplication,
  CfnDeploymentStrategy,
  CfnExtension,
  CfnExtensionAssociation,
} from 'aws-cdk-lib/aws-appconfig';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { arn } from './names.ts';

/**
 * The AppConfig application that holds the production pointers. Environments, profiles, documents and deployments belong
 * to the functions: none of them may ever stand in the template, or an update of the stack would move a pointer.
 */
export class PointerApplication extends Construct {
  readonly applicationId: string;
  readonly applicationArn: string;
  readonly strategyId: string;
  readonly strategyArn: string;
  /** Ids of the vouching extension and of its association, known once `vouchedBy` was called. */
  readonly vouchingIds: readonly string[] = [
    Lazy.string({ produce: () => this.#vouching?.extension.attrId }),
    Lazy.string({ produce: () => this.#vouching?.association.attrId }),
  ];
  #vouching: { readonly extension: CfnExtension; readonly association: CfnExtensionAssociation } | undefined;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const application = new CfnApplication(this, 'Application', {
      name: 'model-release',
      description: 'Production pointers of the demand-forecast models. Documents are deployed by functions only.',
    });
    application.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const strategy = new CfnDeploymentStrategy(this, 'Instant', {
      name: 'instant',
      description: 'Everything at once and no bake: the environment is free for a rollback at any moment.',
      deploymentDurationInMinutes: 0,
      finalBakeTimeInMinutes: 0,
      growthFactor: 100,
      growthType: 'LINEAR',
      replicateTo: 'NONE',
    });
    strategy.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.applicationId = application.ref;
    this.applicationArn = arn(this, 'appconfig', `application/${application.ref}`);
    this.strategyId = strategy.ref;
    this.strategyArn = arn(this, 'appconfig', `deploymentstrategy/${strategy.ref}`);
  }

  /** Lets `vouch` refuse documents, in every environment of the application, those of later models included. */
  vouchedBy(vouch: IFunction): void {
    const role = new Role(this, 'VouchingRole', {
      description: 'Lets AppConfig ask the vouching function.',
      assumedBy: new ServicePrincipal('appconfig.amazonaws.com'),
      inlinePolicies: {
        Ask: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [vouch.functionArn] })],
        }),
      },
    });
    const extension = new CfnExtension(this, 'Vouching', {
      name: 'model-release-vouching',
      description: 'Refuses a pointer document that no recorded decision stands behind.',
      actions: { PRE_START_DEPLOYMENT: [{ Name: 'vouch', Uri: vouch.functionArn, RoleArn: role.roleArn }] },
    });
    const association = new CfnExtensionAssociation(this, 'VouchingEverywhere', {
      extensionIdentifier: extension.ref,
      extensionVersionNumber: extension.attrVersionNumber,
      resourceIdentifier: this.applicationArn,
    });
    this.#vouching = { extension, association };
  }
}
