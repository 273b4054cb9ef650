import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  CustomWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  PeriodOverride,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { INFERENCE_METRICS, REQUESTS_FAILED, VERSION_METRICS } from '../../functions/platform/metric-names.ts';
import { STATE_MACHINES, type StateMachineName } from './names.ts';

export interface ConsoleDashboardProps {
  /** Answers the custom widgets; whoever looks needs lambda:InvokeFunction on it, and nothing else of ours. */
  readonly console: IFunction;
  readonly inference: IFunction;
  readonly machineNamed: (name: StateMachineName) => StateMachine;
}

const WIDTH = 24;
const PERIOD = Duration.minutes(5);

/**
 * The dashboard of the stack, behind the sign-in of AWS: how every model stands, then the alarms and the metrics. Models are
 * onboarded at run time, so that graphs search for theirs. It comes last: it shows every alarm that exists by then.
 */
export class ConsoleDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ConsoleDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: Stack.of(this).stackName,
      periodOverride: PeriodOverride.AUTO,
      defaultInterval: Duration.days(1),
    });
    this.dashboard.addWidgets(
      new CustomWidget({
        title: 'Model releases',
        functionArn: props.console.functionArn,
        ...{ width: WIDTH, height: 18 },
        ...{ updateOnRefresh: true, updateOnResize: false, updateOnTimeRangeChange: false },
      }),
    );
    const alarms = Stack.of(this)
      .node.findAll()
      .filter((one) => one instanceof Alarm);
    this.dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms, width: WIDTH, height: 6 }));
    this.dashboard.addWidgets(...versionGraphs());
    this.dashboard.addWidgets(...platformGraphs(props));
  }
}

/** What inference counts of each version, wherever it is served. */
function versionGraphs(): IWidget[] {
  const { asked, missing, invalid, answerMs } = VERSION_METRICS;
  const graph = (title: string, metricName: string, statistic: string) =>
    new GraphWidget({ title, width: 6, height: 6, left: [ofEachVersion(metricName, statistic)] });
  return [
    graph('Forecasts asked for, by model and version', asked, 'Sum'),
    graph('Forecasts missing, by model and version', missing, 'Sum'),
    graph('Forecasts invalid, by model and version', invalid, 'Sum'),
    graph('Milliseconds of an answer, 99th percentile', answerMs, 'p99'),
  ];
}

function platformGraphs({ inference, machineNamed }: ConsoleDashboardProps): IWidget[] {
  const { namespace, serviceName } = INFERENCE_METRICS;
  const failed = search(`{${namespace},service,model} service="${serviceName}" MetricName="${REQUESTS_FAILED}"`, 'Sum');
  const runs = STATE_MACHINES.map((name) => machineNamed(name).metricFailed({ label: name, period: PERIOD }));
  return [
    new GraphWidget({ title: 'Requests that failed, by model', width: 8, height: 6, left: [failed] }),
    new GraphWidget({
      ...{ title: 'Inference function', width: 8, height: 6 },
      left: [
        inference.metricInvocations({ period: PERIOD }),
        inference.metricErrors({ period: PERIOD }),
        inference.metricThrottles({ period: PERIOD }),
      ],
      right: [inference.metricDuration({ statistic: 'p99', period: PERIOD })],
    }),
    new GraphWidget({ title: 'Runs that ended by a defect', width: 8, height: 6, left: runs }),
  ];
}

function ofEachVersion(metricName: string, statistic: string): IMetric {
  const { namespace, serviceName } = INFERENCE_METRICS;
  return search(`{${namespace},service,model,version} service="${serviceName}" MetricName="${metricName}"`, statistic);
}

/** Every metric that fits, each a line of its own. */
function search(terms: string, statistic: string): IMetric {
  return new MathExpression({
    expression: `SEARCH('${terms}', '${statistic}', ${PERIOD.toSeconds()})`,
    label: '',
    period: PERIOD,
  });
}
