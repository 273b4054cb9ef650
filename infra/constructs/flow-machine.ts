import { readFileSync } from 'node:fs';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  CfnStateMachine,
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionName } from '../functions.ts';
import { acknowledge } from './findings.ts';
import { LIVE, pascalCase, type StateMachineName, stateMachineName } from './names.ts';

export interface FlowMachineProps {
  readonly machine: StateMachineName;
  /** Path of the `.asl.json` file. */
  readonly definitionFile: string;
  /** The function of a name; asked for those that the definition names. */
  readonly functionNamed: (name: FunctionName) => IFunction;
}

/** A state machine from its ASL file, with a published version, the alias `live`, logs, traces and a role of its own. */
export class FlowMachine extends Construct {
  readonly machine: StateMachine;
  /** What callers start. */
  readonly aliasArn: string;

  constructor(scope: Construct, id: string, props: FlowMachineProps) {
    super(scope, id);
    const definition = readFileSync(props.definitionFile, 'utf8');
    const functions = functionsNamedIn(definition, props.definitionFile);
    const arns = functions.map((name) => props.functionNamed(name).functionArn);
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: stateMachineName(this, props.machine),
      stateMachineType: StateMachineType.STANDARD,
      // A string and not a file: the definition then stands in the template, where it can be read and asserted on.
      definitionBody: DefinitionBody.fromString(definition),
      definitionSubstitutions: Object.fromEntries(
        functions.map((name) => [`${pascalCase(name)}Arn`, props.functionNamed(name).functionArn]),
      ),
      role: this.#role(props.machine, arns),
      tracingEnabled: true,
      logs: {
        // Execution data would carry task tokens into the log.
        includeExecutionData: false,
        level: LogLevel.ALL,
        destination: new LogGroup(this, 'Log', {
          // The prefix keeps the log service's resource policy of the account from growing with each group.
          logGroupName: `/aws/vendedlogs/states/${stateMachineName(this, props.machine)}`,
          retention: RetentionDays.ONE_YEAR,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.aliasArn = this.#publish();
  }

  #role(machine: StateMachineName, functionArns: string[]): Role {
    const role = new Role(this, 'Role', {
      roleName: `${stateMachineName(this, machine)}-flow`,
      description: `What the state machine ${machine} may do: invoke the functions that its definition names.`,
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Steps: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: functionArns })],
        }),
      },
    });
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'The log delivery actions of Step Functions, and X-Ray, take no resource.',
    );
    return role;
  }

  /** A version for each revision; older ones are kept, so that an old execution's definition can be read. */
  #publish(): string {
    const machine = this.machine.node.defaultChild;
    if (!(machine instanceof CfnStateMachine)) throw new Error('The state machine has no resource of its own.');
    const version = new CfnStateMachineVersion(this, 'Version', {
      stateMachineArn: this.machine.stateMachineArn,
      stateMachineRevisionId: machine.attrStateMachineRevisionId,
    });
    version.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const alias = new CfnStateMachineAlias(this, 'Live', {
      name: LIVE,
      deploymentPreference: { type: 'ALL_AT_ONCE', stateMachineVersionArn: version.ref },
    });
    return alias.ref;
  }
}

/**
 * The functions that a definition names by `${<PascalName>Arn}`.
 * @throws Error for a substitution that is no function's, which CloudFormation would only notice at deploy
 */
function functionsNamedIn(definition: string, file: string): readonly FunctionName[] {
  const named = new Set(Array.from(definition.matchAll(/\$\{([^}]*)\}/g), ([, name = '']) => name));
  const known = FUNCTIONS.filter(({ name }) => named.delete(`${pascalCase(name)}Arn`)).map(({ name }) => name);
  if (named.size === 0) return known;
  throw new Error(`${file} names ${[...named].join(', ')}, which is no function of infra/functions.ts.`);
}
