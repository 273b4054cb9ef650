import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionSpec } from '../function-spec.ts';
import { statementsFor } from './access.ts';
import type { AccessTargets } from './access-targets.ts';
import { acknowledge, acknowledgePattern } from './findings.ts';
import { functionName } from './names.ts';

export interface ReleaseFunctionProps {
  readonly spec: FunctionSpec;
  readonly code: Code;
  /** What the function reads from its environment, and nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  readonly targets: AccessTargets;
}

const DEFAULT_MEMORY_MB = 512;
const DEFAULT_TIMEOUT_SECONDS = 30;

/** One function with a role and a log group of its own. */
export class ReleaseFunction extends Construct {
  readonly fn: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: ReleaseFunctionProps) {
    super(scope, id);
    const { spec, code, environment, targets } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = this.#role(spec.name);
    this.fn = new LambdaFunction(this, 'Function', {
      functionName: functionName(this, spec.name),
      description: spec.description,
      runtime: Runtime.NODEJS_24_X,
      // The bundle of a function with a native engine holds the binaries of the machine that made it.
      architecture: process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      handler: 'index.handler',
      code,
      environment: { ...environment },
      memorySize: spec.memoryMb ?? DEFAULT_MEMORY_MB,
      ...(spec.temporaryMb === undefined ? {} : { ephemeralStorageSize: Size.mebibytes(spec.temporaryMb) }),
      timeout: Duration.seconds(spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS),
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      logGroup: this.logGroup,
      role,
    });
    for (const { statement, pattern } of statementsFor(spec.access, targets)) {
      role.addToPolicy(statement);
      for (const resource of statement.resources.filter((name) => name.includes('*'))) {
        if (pattern !== undefined) acknowledgePattern(role, resource, pattern);
      }
    }
  }

  #role(name: string): Role {
    const role = new Role(this, 'Role', {
      roleName: functionName(this, name),
      description: `What the function ${name} of the model release may do.`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
    acknowledge(role, 'AwsSolutions-IAM5[Resource::*]', 'X-Ray takes segments without naming a resource.');
    return role;
  }
}
