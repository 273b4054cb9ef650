import { join } from 'node:path';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { Alarms } from './constructs/alarms.ts';
import { ApprovalApi, DECIDING, SHOWING } from './constructs/approval-api.ts';
import { Buckets } from './constructs/buckets.ts';
import { ConsoleDashboard } from './constructs/console-dashboard.ts';
import { FlowMachine } from './constructs/flow-machine.ts';
import { Keys } from './constructs/keys.ts';
import {
  arn,
  executionArns,
  functionArn,
  functionName,
  LIVE,
  pascalCase,
  STATE_MACHINES,
  type StateMachineName,
  stateMachineArn,
  WAITING_MACHINES,
} from './constructs/names.ts';
import { Notifications } from './constructs/notifications.ts';
import { PointerApplication } from './constructs/pointer-application.ts';
import { PredictionTable } from './constructs/prediction-table.ts';
import { ReleaseFunctions, type ReleaseFunctionsProps } from './constructs/release-functions.ts';
import { Tables } from './constructs/tables.ts';
import { Triggers } from './constructs/triggers.ts';
import type { Access, FunctionSpec } from './function-spec.ts';
import { FUNCTIONS } from './functions.ts';
import type { Settings } from './settings.ts';

export interface ModelReleaseStackProps extends StackProps {
  readonly settings: Settings;
  /** The bundle of a function. */
  readonly code: (spec: FunctionSpec) => Code;
}

function holding(word: Access): string {
  const holders = FUNCTIONS.filter(({ access }) => access.some((one) => one === word));
  return holders.map(({ name }) => name).join(',');
}

/** Whose deployments, and whose stops of one, are the flow's own. */
const POINTER_FUNCTIONS = {
  DEPLOYING_FUNCTIONS: holding('pointer:deploy'),
  STOPPING_FUNCTIONS: holding('pointer:stop'),
} as const;

const DEFINITIONS = join(import.meta.dirname, '..', 'state-machines');

/** Everything of the product on AWS; each part's promises stand in `infra/constructs/`. */
export class ModelReleaseStack extends Stack {
  readonly #keys = new Keys(this, 'Keys');
  readonly #tables: Tables;
  readonly #buckets = new Buckets(this, 'Buckets');
  readonly #predictionTable = new PredictionTable(this, 'PredictionTable', { bucket: this.#buckets.predictions });
  readonly #pointer = new PointerApplication(this, 'Pointer');
  readonly #approval = new ApprovalApi(this, 'Approval');
  readonly #notifications: Notifications;
  readonly #functions: ReleaseFunctions;
  readonly #machines: Readonly<Record<StateMachineName, FlowMachine>>;

  constructor(scope: Construct, id: string, { settings, code, ...props }: ModelReleaseStackProps) {
    super(scope, id, {
      description: 'Release management of demand-forecast models: gates, approvals, pointer, ledger, rollback.',
      ...props,
    });
    const signIn = settings.oidcIssuer !== undefined;
    this.#tables = new Tables(this, 'Tables', { approvalsKey: this.#keys.approvals, signIn });
    this.#notifications = new Notifications(this, 'Notifications', { ...settings, key: this.#keys.notifications });
    this.#functions = new ReleaseFunctions(this, 'Functions', {
      code,
      targets: this.#targets(settings),
      environment: this.#environment(settings),
      signingKey: this.#keys.signing,
      ledgerKey: this.#keys.ledger,
      signIn,
    });
    this.#machines = {
      onboarding: this.#machine('onboarding'),
      promotion: this.#machine('promotion'),
      rollback: this.#machine('rollback'),
      drill: this.#machine('drill'),
    };
    this.#connect(signIn);
    this.#addOutputs();
  }

  #machine(machine: StateMachineName): FlowMachine {
    return new FlowMachine(this, pascalCase(machine), {
      machine,
      definitionFile: join(DEFINITIONS, `${machine}.asl.json`),
      functionNamed: (name) => this.#functions.named(name).fn,
    });
  }

  #connect(signIn: boolean): void {
    const { fn: show } = this.#functions.named('show-approval');
    const { fn: decide } = this.#functions.named('decide-approval');
    this.#approval.answeredBy([
      { path: '/approvals/{id}', methods: SHOWING, name: 'Show', fn: show },
      // A report that the gates left, for approvers without access to the bucket.
      { path: '/approvals/{id}/reports/{name}', methods: SHOWING, name: 'Show', fn: show },
      { path: '/approvals/{id}', methods: DECIDING, name: 'Decide', fn: decide },
      { path: '/recalls/{id}', methods: SHOWING, name: 'ShowRecall', fn: this.#functions.named('show-recall').fn },
      {
        ...{ path: '/recalls/{id}', methods: DECIDING, name: 'AcknowledgeRecall' },
        fn: this.#functions.named('acknowledge-recall').fn,
      },
      { path: '/notices/{id}', methods: SHOWING, name: 'ShowNotice', fn: this.#functions.named('show-notice').fn },
      { path: '/notices/{id}', methods: DECIDING, name: 'AnswerNotice', fn: this.#functions.named('answer-notice').fn },
      {
        path: '/rollbacks/{id}',
        methods: SHOWING,
        name: 'ShowRollback',
        fn: this.#functions.named('show-rollback').fn,
      },
      {
        path: '/rollbacks/{id}',
        methods: DECIDING,
        name: 'RequestRollback',
        fn: this.#functions.named('request-rollback').fn,
      },
    ]);
    if (signIn) this.#approval.signedInBy(this.#functions.named('sign-in').fn);
    this.#pointer.vouchedBy(this.#functions.named('vouch').fn);
    new Triggers(this, 'Triggers', {
      repeatCallbacks: this.#functions.named('repeat-callbacks').fn,
      attendGates: this.#functions.named('attend-gates').fn,
      mailBounced: this.#functions.named('mail-bounced').fn,
      anchorLedger: this.#functions.named('anchor-ledger').fn,
      closeDeadPromotion: this.#functions.named('close-dead-promotion').fn,
      guard: this.#functions.named('guard').fn,
      answerAlarm: this.#functions.named('answer-alarm').fn,
      remindKillSwitch: this.#functions.named('remind-kill-switch').fn,
      reconcile: this.#functions.named('reconcile').fn,
      watchTrail: this.#functions.named('watch-trail').fn,
      recall: this.#functions.named('recall').fn,
      attendNotices: this.#functions.named('attend-notices').fn,
      checkReadiness: this.#functions.named('check-readiness').fn,
      startDrills: this.#functions.named('start-drills').fn,
      publishEvents: this.#functions.named('publish-events').fn,
      releaseNote: this.#functions.named('release-note').fn,
      sendNotice: this.#functions.named('send-notice').fn,
      bus: this.#notifications.bus,
      ledger: this.#tables.ledger,
      topic: this.#notifications.topic,
    });
    new Alarms(this, 'Alarms', {
      functionNamed: (name) => this.#functions.named(name),
      machineNamed: (name) => this.#machines[name].machine,
      topic: this.#notifications.topic,
      signIn,
    });
    new ConsoleDashboard(this, 'Console', {
      console: this.#functions.named('console').fn,
      inference: this.#functions.named('forecast').fn,
      machineNamed: (name) => this.#machines[name].machine,
    });
  }

  #targets(settings: Settings): ReleaseFunctionsProps['targets'] {
    const incoming = settings.incomingPrefixes.map((uri) => uri.slice('s3://'.length));
    return {
      registryTable: this.#tables.registry.tableArn,
      ledgerTable: this.#tables.ledger.tableArn,
      approvalsTable: this.#tables.approvals.tableArn,
      approvalsKey: this.#keys.approvals.keyArn,
      signingKey: this.#keys.signing.keyArn,
      ledgerKey: this.#keys.ledger.keyArn,
      evidenceBucket: this.#buckets.evidence.bucketArn,
      predictionBucket: this.#buckets.predictions.bucketArn,
      incomingBuckets: incoming.map((prefix) => `arn:${this.partition}:s3:::${prefix.split('/', 1)[0]}`),
      incomingObjects: incoming.map((prefix) => `arn:${this.partition}:s3:::${prefix}*`),
      predictorArns: settings.predictorArns,
      application: this.#pointer.applicationArn,
      instantStrategy: this.#pointer.strategyArn,
      extensions: arn(this, 'appconfig', 'extension/*'),
      waitingMachines: WAITING_MACHINES.map((machine) => stateMachineArn(this, machine)),
      waitingExecutions: WAITING_MACHINES.map((machine) => executionArns(this, machine)),
      rollbackMachine: stateMachineArn(this, 'rollback'),
      allExecutions: STATE_MACHINES.map((machine) => executionArns(this, machine)),
      rollbackExecutions: executionArns(this, 'rollback'),
      drillMachine: stateMachineArn(this, 'drill'),
      rollBackFunction: functionArn(this, 'roll-back'),
      checkReadinessFunction: functionArn(this, 'check-readiness'),
      killSwitchFunction: functionArn(this, 'kill-switch'),
      completeLogFunction: functionArn(this, 'complete-log'),
      senderIdentity: this.#notifications.senderIdentityArn,
      mailConfiguration: this.#notifications.mailConfigurationArn,
      eventTopic: this.#notifications.eventTopic.topicArn,
      eventBus: this.#notifications.bus.eventBusArn,
      topic: this.#notifications.topic.topicArn,
      topicKey: this.#keys.notifications.keyArn,
    };
  }

  #environment(settings: Settings): ReleaseFunctionsProps['environment'] {
    const { bucketName } = this.#buckets.evidence;
    return {
      REGISTRY_TABLE: this.#tables.registry.tableName,
      LEDGER_TABLE: this.#tables.ledger.tableName,
      APPROVALS_TABLE: this.#tables.approvals.tableName,
      EVIDENCE_BUCKET: bucketName,
      PREDICTION_BUCKET: this.#buckets.predictions.bucketName,
      SIGNING_KEY_ID: this.#keys.signing.keyArn,
      LEDGER_KEY_ID: this.#keys.ledger.keyArn,
      APPCONFIG_APPLICATION_ID: this.#pointer.applicationId,
      INSTANT_STRATEGY_ID: this.#pointer.strategyId,
      APPCONFIG_APPLICATION_ARN: this.#pointer.applicationArn,
      VOUCH_FUNCTION_ARN: functionArn(this, 'vouch'),
      STACK_NAME: this.stackName,
      OWN_NAMES: this.#ownNames().join(','),
      ...POINTER_FUNCTIONS,
      APPROVAL_BASE_URL: this.#approval.baseUrl,
      OIDC_ISSUER: settings.oidcIssuer ?? '',
      OIDC_CLIENT_ID: settings.oidcClientId ?? '',
      SENDER_EMAIL: settings.senderEmail,
      EVENT_TOPIC_ARN: this.#notifications.eventTopic.topicArn,
      EVENT_BUS_NAME: this.#notifications.bus.eventBusName,
      COMPLETE_LOG_FUNCTION: functionName(this, 'complete-log'),
      FREEZES: JSON.stringify(settings.freezes),
      FIRST_APPROVERS: JSON.stringify(settings.firstApprovers),
      POINTER_POLL_SECONDS: String(settings.pointerPollSeconds),
      CANDIDATE_WAIT_MS: String(settings.candidateWaitMs),
      SPLIT_ABOVE_MB: String(settings.splitAboveMb),
      INCOMING_PREFIXES: [`s3://${bucketName}/incoming/`, ...settings.incomingPrefixes].join(','),
      DRILL_STATE_MACHINE_ARN: `${stateMachineArn(this, 'drill')}:${LIVE}`,
      ROLL_BACK_FUNCTION: functionName(this, 'roll-back'),
      CHECK_READINESS_FUNCTION: functionName(this, 'check-readiness'),
      KILL_SWITCH_FUNCTION: functionName(this, 'kill-switch'),
      ROLLBACK_STATE_MACHINE_ARN: `${stateMachineArn(this, 'rollback')}:${LIVE}`,
      RETENTION_DAYS: String(settings.retentionDays),
      RETENTION_MODE: settings.retentionMode,
    };
  }

  /** What events of CloudTrail call ours, besides what carries the stack's name. */
  #ownNames(): readonly string[] {
    const { registry, ledger, approvals } = this.#tables;
    const keys = [this.#keys.signing, this.#keys.ledger, this.#keys.approvals, this.#keys.notifications];
    return [
      this.#pointer.applicationId,
      this.#pointer.strategyId,
      ...this.#pointer.vouchingIds,
      ...[registry, ledger, approvals].map(({ tableName }) => tableName),
      ...[this.#buckets.evidence, this.#buckets.predictions].map(({ bucketName }) => bucketName),
      ...keys.map(({ keyId }) => keyId),
    ];
  }

  #addOutputs(): void {
    const outputs = {
      RegistryTableName: this.#tables.registry.tableName,
      LedgerTableName: this.#tables.ledger.tableName,
      EvidenceBucketName: this.#buckets.evidence.bucketName,
      PredictionBucketName: this.#buckets.predictions.bucketName,
      PredictionDatabaseName: this.#predictionTable.databaseName,
      PredictionTableName: this.#predictionTable.tableName,
      AlarmTopicArn: this.#notifications.topic.topicArn,
      NotificationTopicArn: this.#notifications.eventTopic.topicArn,
      EventBusName: this.#notifications.bus.eventBusName,
      EventBusArn: this.#notifications.bus.eventBusArn,
      SigningKeyArn: this.#keys.signing.keyArn,
      LedgerKeyArn: this.#keys.ledger.keyArn,
      AppConfigApplicationId: this.#pointer.applicationId,
      ApprovalBaseUrl: this.#approval.baseUrl,
      InferenceFunctionName: this.#functions.named('forecast').fn.functionName,
      DescribeReleaseFunctionName: this.#functions.named('describe-release').fn.functionName,
      ConsoleFunctionName: this.#functions.named('console').fn.functionName,
      KillSwitchFunctionName: this.#functions.named('kill-switch').fn.functionName,
      AskAgainFunctionName: this.#functions.named('ask-again').fn.functionName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    for (const machine of STATE_MACHINES) {
      new CfnOutput(this, `${pascalCase(machine)}StateMachineArn`, { value: this.#machines[machine].aliasArn });
    }
  }
}
