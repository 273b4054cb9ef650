import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './findings.ts';

/** Requests per second, and at once, to each route: far above what people do, far below what guessing would need. */
export const THROTTLE = { rateLimit: 10, burstLimit: 20 } as const;

/** The approval page. GET and HEAD show and never change anything; POST decides. */
export class ApprovalApi extends Construct {
  readonly api: HttpApi;
  /** Without a slash at the end; links append `/approvals/{id}`. */
  readonly baseUrl: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      description: 'Approval links of the model release.',
      createDefaultStage: false,
    });
    this.baseUrl = this.api.apiEndpoint;
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'Log', { retention: RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.RETAIN }),
        ),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
  }

  /** Puts the two functions behind the routes. */
  answeredBy(functions: { readonly show: IFunction; readonly decide: IFunction }): void {
    const show = new HttpLambdaIntegration('Show', functions.show);
    const decide = new HttpLambdaIntegration('Decide', functions.decide);
    const routes = [
      ...this.api.addRoutes({ path: PATH, methods: [HttpMethod.GET, HttpMethod.HEAD], integration: show }),
      ...this.api.addRoutes({ path: REPORT_PATH, methods: [HttpMethod.GET, HttpMethod.HEAD], integration: show }),
      ...this.api.addRoutes({ path: PATH, methods: [HttpMethod.POST], integration: decide }),
    ];
    for (const route of routes) {
      acknowledge(
        route,
        'AwsSolutions-APIG4',
        'The link in the email is the credential: 256 random bits, of which only the hash is stored, for one approver, one gate and one round; the handler compares it.',
      );
    }
  }
}

const PATH = '/approvals/{id}';
/** A report that the gates left, for approvers without access to the bucket. */
const REPORT_PATH = `${PATH}/reports/{name}`;

/** The path without its query: the query holds the secret of the link. */
const ACCESS_LOG = {
  at: '$context.requestTime',
  requestId: '$context.requestId',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  responseLength: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  error: '$context.integrationErrorMessage',
} as const;
