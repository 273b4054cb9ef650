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

/** The pages that emailed links lead to. GET and HEAD show and never change anything; POST decides. */
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

  /** Lets people sign in: what begins it, and what the issuer leads back to. */
  signedInBy(fn: IFunction): void {
    const integration = new HttpLambdaIntegration('SignIn', fn);
    for (const path of ['/sign-in', '/sign-in/callback']) {
      for (const route of this.api.addRoutes({ path, methods: [HttpMethod.GET], integration })) {
        acknowledge(
          route,
          'AwsSolutions-APIG4',
          'It is how people sign in: it leads to the issuer, and takes back only what fits the cookie of the browser that began.',
        );
      }
    }
  }

  /** Puts a function behind each route. A function that answers several is integrated once. */
  answeredBy(routes: readonly PageRoute[]): void {
    const integrations = new Map<IFunction, HttpLambdaIntegration>();
    for (const { path, methods, name, fn } of routes) {
      const integration = integrations.get(fn) ?? new HttpLambdaIntegration(name, fn);
      integrations.set(fn, integration);
      for (const route of this.api.addRoutes({ path, methods: [...methods], integration })) {
        acknowledge(
          route,
          'AwsSolutions-APIG4',
          'The link in the email is the credential: 256 random bits, of which only the hash is stored, for one person and one question; the handler compares it.',
        );
      }
    }
  }
}

/** One path of the pages that links lead to, and the function that answers it. */
export interface PageRoute {
  readonly path: string;
  readonly methods: readonly HttpMethod[];
  /** Construct id of the integration; that of the function's first route counts. */
  readonly name: string;
  readonly fn: IFunction;
}

/** What shows a page: it changes nothing. */
export const SHOWING: readonly HttpMethod[] = [HttpMethod.GET, HttpMethod.HEAD];
/** What decides. */
export const DECIDING: readonly HttpMethod[] = [HttpMethod.POST];

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
