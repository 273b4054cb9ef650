/** What one part of a rollback takes on AWS, in seconds: usually, and in 19 of 20 cases or at most, whichever is known. */
export interface Term {
  readonly what: string;
  readonly usual: number;
  readonly p95: number;
  /** `documented`, `bounded` by a limit of ours, or `assumed` where AWS publishes nothing: drills measure it. */
  readonly how: 'documented' | 'bounded' | 'assumed';
  readonly source: string;
}

const POLL_SECONDS = 15;
const LAMBDA = 'docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html';
const DYNAMODB = 'docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html';
const STRATEGY = 'docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-deployment-strategy.html';
const READING =
  'docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-how-it-works.html';

/**
 * From the request to the last warm reader, one after the other: what runs side by side is counted as if it did not. The
 * sum of the 95th percentiles is more than the 95th percentile of the sum.
 */
export const ON_AWS: readonly Term[] = [
  {
    ...{ what: 'StartExecution, and the one state is entered', usual: 0.1, p95: 0.5, how: 'assumed' },
    source: 'no figure is published; one Task state, no Choice before it',
  },
  {
    ...{ what: 'the function starts: always cold, for it runs seldom', usual: 0.6, p95: 1.5, how: 'documented' },
    source: `"under 100 ms to over 1 second": ${LAMBDA}`,
  },
  {
    ...{ what: 'call 1: the query of the registry, with its connection', usual: 0.05, p95: 0.3, how: 'documented' },
    source: `single-digit milliseconds: ${DYNAMODB}; past 2 s AppConfig alone is asked (find-model.ts)`,
  },
  {
    ...{ what: 'call 2: ListDeployments, with its connection', usual: 0.15, p95: 0.5, how: 'assumed' },
    source: 'no figure is published for the control plane',
  },
  {
    ...{ what: 'call 3: GetHostedConfigurationVersion of what serves', usual: 0.1, p95: 0.3, how: 'assumed' },
    source: 'no figure is published for the control plane',
  },
  {
    ...{ what: 'the intent in the ledger: three calls, not waited for longer', usual: 0.1, p95: 0.5, how: 'bounded' },
    source: '500 ms: functions/rollback/intend.ts',
  },
  {
    ...{ what: 'call 4: StartDeployment, with the vouching function', usual: 1.5, p95: 4.5, how: 'bounded' },
    source: 'its timeout is 4 s (infra/functions.ts), cold start included; 0.5 s for the call',
  },
  {
    ...{ what: 'the deployment: 100 % at once, 0 min, 0 min bake', usual: 1, p95: 5, how: 'assumed' },
    source: `nothing is waited for by the strategy: ${STRATEGY}; how long COMPLETE takes is not published`,
  },
  {
    ...{ what: 'every server of the data plane has it', usual: 1, p95: 5, how: 'assumed' },
    source: 'no figure is published; the rollback reads until two looks in a row agree',
  },
  {
    what: `the reader's next look, ${POLL_SECONDS} s apart`,
    ...{ usual: POLL_SECONDS / 2, p95: POLL_SECONDS, how: 'bounded' },
    source: `age is compared with the interval at each call (${READING}); POINTER_POLL_SECONDS`,
  },
  {
    ...{ what: 'that look, and the call after it where it is late', usual: 0.1, p95: 0.5, how: 'bounded' },
    source: 'a call waits 250 ms, serves what it has, and the next one has the answer (reader-options.ts)',
  },
];

export function sumOf(terms: readonly Term[], which: 'usual' | 'p95'): number {
  return terms.reduce((sum, term) => sum + term[which], 0);
}
