import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Signal } from '../../functions/inference/serving/signals.ts';
import { INFERENCE_METRICS, SLOW_ANSWER_MS, VERSION_METRICS } from '../../functions/platform/metric-names.ts';
import type { FunctionName } from '../functions.ts';
import { LOG_ALARMS, SIGN_IN_LOG_ALARMS } from './log-alarms.ts';
import { pascalCase, type StateMachineName } from './names.ts';
import { ReleaseAlarm } from './release-alarm.ts';
import type { ReleaseFunction } from './release-function.ts';

export interface AlarmsProps {
  readonly functionNamed: (name: FunctionName) => ReleaseFunction;
  readonly machineNamed: (name: StateMachineName) => StateMachine;
  readonly topic: ITopic;
  /** Whether people sign in. */
  readonly signIn: boolean;
}

/** Functions whose failure no state machine reports, or whose failure matters before the machine gives up. */
const FUNCTION_ALARMS = [
  ['vouch', 'No promotion can move a pointer while the vouching function fails; a rollback may be refused as well.'],
  ['roll-back', 'A rollback does not reach AppConfig; the version to be withdrawn keeps serving.'],
  ['kill-switch', 'Nobody can stop a canary, a candidate or a model by one call; a rollback still can.'],
  [
    'remind-kill-switch',
    'Nobody is reminded of kill switches: a safe forecast may serve for longer than anybody meant.',
  ],
  ['anchor-ledger', 'Ledger entries are not anchored, and changed or removed rows would go unseen.'],
  ['decide-approval', 'Approvers cannot decide: promotions wait until their gates expire.'],
  ['show-approval', 'Approvers cannot see what they are asked to approve.'],
  ['show-rollback', 'Whoever was told of an alert cannot see how it stands, nor roll back from there.'],
  ['request-rollback', 'Owner and approvers cannot roll back from the link of an alert.'],
  [
    'attend-gates',
    'Approvers are neither reminded nor told how it ended; gates expire for want of decisions that were forgotten.',
  ],
  [
    'mail-bounced',
    'Nobody is told of emails that come back; an approver who was never reached is waited for until the gate expires.',
  ],
  ['repeat-callbacks', 'A promotion whose callback was lost stays waiting although its gate is closed.'],
  [
    'close-dead-promotion',
    'A model whose execution died stays blocked for new promotions, and its candidate exposed until its time bound.',
  ],
  ['publish-events', 'Other systems are not told of what happens to models; what waits is told once it works again.'],
  ['release-note', 'Release notes or change logs are not written: teams and auditors read what was true before.'],
  [
    'send-notice',
    'Owners and teams downstream are not told of canaries, ends, rollbacks or changes that concern them.',
  ],
  ['attend-notices', 'Teams do not hear of critical changes ahead, whose canaries wait for that.'],
  ['guard', 'Nobody watches the versions that serve: one that does harm keeps serving until people notice.'],
  ['check-readiness', 'Nobody knows whether models can be gone back from; approved canaries are held.'],
  ['start-drills', 'Rollbacks are not rehearsed any more; in time, approved canaries are held for want of a drill.'],
  [
    'recall',
    'Forecasts of a version that was withdrawn are not recalled, or teams are not told: they go on acting by them.',
  ],
  [
    'reconcile',
    'Nobody looks for what runs and was not decided; a pointer that an administrator moved would go unseen.',
  ],
  [
    'watch-trail',
    'Who changed the account, and who started which execution, is not read: those who start may approve meanwhile.',
  ],
  [
    'answer-alarm',
    'Alarms on what happens in minutes reach nobody: a version that fails keeps serving until people notice.',
  ],
  ['forecast', 'Callers get no forecast at all: the function that answers them fails or is throttled.'],
  ['end-exposure', 'A candidate that should be out of the pointer may stay exposed until its time bound.'],
  [
    'complete-log',
    'Forecasts that were handed over behind an answer are not in the log: nobody can judge or recall them.',
  ],
] as const satisfies readonly (readonly [FunctionName, string])[];

/** The same, where people sign in. */
const SIGN_IN_ALARMS = [
  ['sign-in', 'Approvers cannot sign in: whoever is not signed in yet decides nothing.'],
] as const satisfies readonly (readonly [FunctionName, string])[];

const MACHINE_ALARMS = [
  ['promotion', 'A promotion ended by a defect and not by a decision; its candidate may not be deployed.'],
  ['onboarding', 'An onboarding or change ended by a defect and not by a decision; it may be half applied.'],
  ['rollback', 'A rollback did not finish; the version to be withdrawn may still serve.'],
  ['drill', 'A rehearsed rollback could not be recorded; whether the model can be gone back from is not known.'],
] as const satisfies readonly (readonly [StateMachineName, string])[];

/** What inference counts at every occurrence: an alarm rings for as long as it goes on, though the log tells it once. */
const COUNT_ALARMS = [
  {
    signal: 'predictions-not-logged',
    message: 'PREDICTIONS_NOT_LOGGED',
    impact: 'Forecasts were served without a record: nobody can judge or recall what is not in the log.',
  },
  {
    signal: 'pointer-unavailable',
    message: 'POINTER_UNAVAILABLE',
    impact: 'Callers get the safe forecast, because inference has no pointer: the released version does not serve.',
  },
  {
    signal: 'pointer-refused',
    message: 'POINTER_REFUSED',
    impact:
      'AppConfig serves a pointer that nobody of ours signed; inference keeps the last good one and moves no more.',
  },
  {
    signal: 'pointer-stale',
    message: 'POINTER_STALE',
    impact: 'Inference has not seen its pointer for minutes: a rollback would not reach it.',
  },
  {
    signal: 'production-failing',
    message: 'PRODUCTION_FAILED',
    impact: 'The production version throws, is late or forecasts nothing usable; callers get the safe forecast.',
  },
  {
    signal: 'model-not-loaded',
    message: 'MODEL_NOT_LOADED',
    impact:
      'A version that the pointer names could not be loaded or did not verify; another forecast serves in its place.',
  },
  {
    signal: 'candidate-failing',
    message: 'SHADOW_FAILED',
    impact:
      'A candidate throws, is late or forecasts nothing usable; callers get production, and its gate will see it.',
  },
  {
    signal: 'shadow-dropped',
    message: 'SHADOW_DROPPED',
    impact:
      "A shadow's forecasts are missing from the log: its gate sees less than was asked, and may end without a verdict.",
  },
  {
    signal: 'safe-forecast-unknown',
    message: 'SAFE_FORECAST_UNKNOWN',
    impact: 'The pointer names a safe forecast that inference does not have; callers get another one than was decided.',
  },
] as const satisfies readonly { signal: string; message: Signal; impact: string }[];

const PERIOD = Duration.minutes(1);
/** Minutes in a row: a process that starts is slow once. */
const SLOW_MINUTES = 3;

/** One alarm per signal over all models, each with its page in `infra/runbooks/`. */
export class Alarms extends Construct {
  readonly #topic: ITopic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#topic = props.topic;
    for (const [name, impact] of [...FUNCTION_ALARMS, ...(props.signIn ? SIGN_IN_ALARMS : [])]) {
      this.#alarm(`${name}-failing`, impact, failuresOf(props.functionNamed(name)));
    }
    for (const [machine, impact] of MACHINE_ALARMS) {
      this.#alarm(`${machine}-failed`, impact, unfinished(props.machineNamed(machine)));
    }
    for (const { signal, message, logOf, impact } of [...LOG_ALARMS, ...(props.signIn ? SIGN_IN_LOG_ALARMS : [])]) {
      const logs: readonly FunctionName[] = typeof logOf === 'string' ? [logOf] : logOf;
      const filters = logs.map((name, index) => {
        const id = `${pascalCase(signal)}Filter${index === 0 ? '' : pascalCase(name)}`;
        return new MetricFilter(this, id, {
          logGroup: props.functionNamed(name).logGroup,
          filterPattern: FilterPattern.stringValue('$.message', '=', message),
          metricNamespace: 'ModelRelease',
          metricName: message,
        });
      });
      // All of them count the same metric.
      const [filter] = filters;
      if (filter !== undefined) this.#alarm(signal, impact, filter.metric({ statistic: 'Sum', period: PERIOD }));
    }
    const { namespace, serviceName: service } = INFERENCE_METRICS;
    for (const { signal, message: metricName, impact } of COUNT_ALARMS) {
      const metric = new Metric({
        namespace,
        metricName,
        dimensionsMap: { service },
        statistic: 'Sum',
        period: PERIOD,
      });
      this.#alarm(signal, impact, metric);
    }
    this.#slowAlarm(namespace, service);
  }

  /** Batches take minutes and are not among these answers. */
  #slowAlarm(namespace: string, service: string): void {
    new ReleaseAlarm(this, 'ForecastSlow', {
      signal: 'forecast-slow',
      impact: 'Callers wait for seconds for a few forecasts; those who give up earlier have none.',
      metric: new Metric({
        ...{ namespace, metricName: VERSION_METRICS.answerMs, dimensionsMap: { service } },
        ...{ statistic: 'p99', period: PERIOD },
      }),
      threshold: SLOW_ANSWER_MS,
      evaluationPeriods: SLOW_MINUTES,
      topic: this.#topic,
    });
  }

  #alarm(signal: string, impact: string, metric: IMetric): void {
    new ReleaseAlarm(this, pascalCase(signal), { signal, impact, metric, topic: this.#topic });
  }
}

/** Failed and refused runs: a throttled function has not failed, it has not even started. */
function failuresOf({ fn }: ReleaseFunction): IMetric {
  return sumOf({
    errors: fn.metricErrors({ period: PERIOD, statistic: 'Sum' }),
    throttles: fn.metricThrottles({ period: PERIOD, statistic: 'Sum' }),
  });
}

/** An aborted execution is a decision (a rollback stops promotions in flight); a failed or timed-out one is a defect. */
function unfinished(machine: StateMachine): IMetric {
  return sumOf({
    failed: machine.metricFailed({ period: PERIOD, statistic: 'Sum' }),
    timedOut: machine.metricTimedOut({ period: PERIOD, statistic: 'Sum' }),
  });
}

function sumOf(metrics: Record<string, IMetric>): IMetric {
  const expression = Object.keys(metrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics: metrics, period: PERIOD });
}
