import { Duration, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function as LambdaFn, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../../functions/change/events/event-message.ts';
import { MAILED_EVENTS } from '../../functions/change/events/event-notice.ts';
import { LOGGED_EVENTS } from '../../functions/change/release-note/change-log.ts';
import { ANSWERED_ALARMS } from '../../functions/platform/metric-names.ts';
import { stateMachineArn, WAITING_MACHINES } from './names.ts';

export interface TriggersProps {
  readonly repeatCallbacks: LambdaFn;
  readonly attendGates: LambdaFn;
  readonly mailBounced: LambdaFn;
  readonly anchorLedger: LambdaFn;
  readonly closeDeadPromotion: LambdaFn;
  readonly guard: LambdaFn;
  readonly answerAlarm: LambdaFn;
  readonly remindKillSwitch: LambdaFn;
  readonly reconcile: LambdaFn;
  readonly watchTrail: LambdaFn;
  readonly recall: LambdaFn;
  readonly attendNotices: LambdaFn;
  readonly checkReadiness: LambdaFn;
  readonly startDrills: LambdaFn;
  readonly publishEvents: LambdaFn;
  readonly releaseNote: LambdaFn;
  readonly sendNotice: LambdaFn;
  readonly ledger: TableV2;
  readonly bus: EventBus;
  /** Told of ledger changes that could not be looked at. */
  readonly topic: ITopic;
}

/** What runs without being asked: schedules, dead executions, and the ledger's stream. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    this.#every('RepeatCallbacks', Duration.minutes(1), props.repeatCallbacks);
    this.#every('AttendGates', Duration.minutes(5), props.attendGates);
    this.#every('AnchorLedger', Duration.hours(1), props.anchorLedger);
    // The status event is best effort; the schedule finds what it missed.
    this.#every('CloseDeadPromotions', Duration.minutes(5), props.closeDeadPromotion);
    // One for all models: where nothing is new, each costs a few listings.
    this.#every('GuardPromoted', Duration.minutes(5), props.guard);
    this.#every('RemindKillSwitch', Duration.hours(1), props.remindKillSwitch);
    this.#every('CheckReadiness', Duration.hours(1), props.checkReadiness);
    this.#every('StartDrills', Duration.days(1), props.startDrills);
    // A rollback does so at once; the schedule mends that, finds what reaches the log later, and reminds.
    this.#every('WorkOffRecalls', Duration.minutes(5), props.recall);
    this.#every('AttendNotices', Duration.minutes(5), props.attendNotices);
    // Who did it is known before it is looked for, as far as CloudTrail has it by then.
    this.#every('WatchTrail', Duration.minutes(5), props.watchTrail);
    this.#every('Reconcile', Duration.minutes(5), props.reconcile);
    // An alarm rings once, mostly before enough was asked to decide by; what goes on is found by the schedule.
    this.#every('AnswerAlarms', Duration.minutes(5), props.answerAlarm);
    new Rule(this, 'AlarmRang', {
      description: 'Finds the version at fault when an alarm on what happens in minutes rings.',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        detail: {
          alarmName: ANSWERED_ALARMS.map((signal) => `${Stack.of(this).stackName}-${signal}`),
          state: { value: ['ALARM'] },
        },
      },
      targets: [new LambdaFunction(props.answerAlarm, RETRY)],
    });
    new Rule(this, 'MailCameBack', {
      description: 'Tells owners of approval requests that did not arrive.',
      eventPattern: { source: ['aws.ses'], detailType: MAIL_TROUBLE },
      targets: [new LambdaFunction(props.mailBounced, RETRY)],
    });
    new Rule(this, 'ExecutionDied', {
      description: 'Closes the promotion or change whose execution ended without closing it.',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: WAITING_MACHINES.map((machine) => stateMachineArn(this, machine)),
        },
      },
      targets: [new LambdaFunction(props.closeDeadPromotion, RETRY)],
    });
    this.#follow('LedgerChanged', props.anchorLedger, props, 100);
    // One by one: what fails is sent again alone, so that a consumer sees as few events twice as can be.
    this.#follow('LedgerTold', props.publishEvents, props, 1);
    this.#onEvents('NotesDue', props.bus, { detailType: LOGGED_EVENTS, target: props.releaseNote });
    this.#onEvents('TeamsConcerned', props.bus, { detailType: MAILED_EVENTS, target: props.sendNotice });
  }

  /** Every change of the ledger is looked at within seconds; one that cannot be is handed to people. */
  #follow(id: string, target: LambdaFn, { ledger, topic }: TriggersProps, batchSize: number): void {
    const { tableStreamArn } = ledger;
    if (tableStreamArn === undefined) throw new Error('The ledger has no stream.');
    target.addToRolePolicy(
      new PolicyStatement({
        actions: [
          'dynamodb:DescribeStream',
          'dynamodb:GetRecords',
          'dynamodb:GetShardIterator',
          'dynamodb:ListStreams',
        ],
        resources: [tableStreamArn],
      }),
    );
    new EventSourceMapping(this, id, {
      target,
      eventSourceArn: tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize,
      ...(batchSize > 1 ? { bisectBatchOnError: true } : {}),
      retryAttempts: 10,
      maxRecordAge: Duration.hours(12),
      onFailure: { bind: () => ({ destination: topic.topicArn }) },
    });
  }

  /** What of our own is done about events of the bus. */
  #onEvents(
    id: string,
    eventBus: EventBus,
    { detailType, target }: { readonly detailType: readonly string[]; readonly target: LambdaFn },
  ): void {
    new Rule(this, id, {
      description: `Runs ${id} when the bus tells of what it is about.`,
      eventBus,
      eventPattern: { source: [EVENT_SOURCE], detailType: [...detailType] },
      targets: [new LambdaFunction(target, { retryAttempts: 185, maxEventAge: Duration.hours(24) })],
    });
  }

  #every(id: string, period: Duration, target: LambdaFn): void {
    new Rule(this, id, {
      description: `Runs ${id} every ${period.toHumanString()}.`,
      schedule: Schedule.rate(period),
      targets: [new LambdaFunction(target, RETRY)],
    });
  }
}

/** As SES names on the bus what its configuration set reports (infra/constructs/notifications.ts). */
const MAIL_TROUBLE = ['Email Bounced', 'Email Complaint Received', 'Email Rejected'];

/** The next run of a schedule does what a lost one left, so that old events need not be kept. */
const RETRY = { retryAttempts: 2, maxEventAge: Duration.minutes(10) } as const;
