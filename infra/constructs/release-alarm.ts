import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface ReleaseAlarmProps {
  /** The signal's name: of the alarm, and of its page `infra/runbooks/<signal>.md`. */
  readonly signal: string;
  /** What it means for the business while it rings, in one sentence. */
  readonly impact: string;
  /** Rings when it is at least `threshold` in one period. */
  readonly metric: IMetric;
  /** @default 1 */
  readonly threshold?: number;
  /** So many periods in a row. @default 1 */
  readonly evaluationPeriods?: number;
  readonly topic: ITopic;
}

/** An alarm says what it costs to ignore it and where to read what to do; there is none without. */
export class ReleaseAlarm extends Construct {
  constructor(scope: Construct, id: string, props: ReleaseAlarmProps) {
    super(scope, id);
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `${Stack.of(this).stackName}-${props.signal}`,
      alarmDescription: `${props.impact} Runbook: infra/runbooks/${props.signal}.md`,
      metric: props.metric,
      threshold: props.threshold ?? 1,
      evaluationPeriods: props.evaluationPeriods ?? 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Nothing ran, so nothing failed.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(props.topic));
    alarm.addOkAction(new SnsAction(props.topic));
  }
}
