import { AwsError, type ServiceRequest } from '../../infra/local/service.ts';

export const SERVICE_NAMES = [
  'dynamodb',
  'appconfig',
  'appconfigdata',
  's3',
  'kms',
  'states',
  'ses',
  'sns',
  'events',
  'lambda',
] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

const throttling = () => new AwsError('ThrottlingException', 'Rate exceeded', 400);

/** A transaction that meets a hot partition is cancelled, with a reason for each of its writes. */
function throttledTransaction({ headers, body }: Pick<ServiceRequest, 'headers' | 'body'>): AwsError {
  if (!headers['x-amz-target']?.endsWith('.TransactWriteItems')) return throttling();
  const { TransactItems } = JSON.parse(body.toString('utf8'));
  const CancellationReasons = [...TransactItems].map((_, index) =>
    index === 0 ? { Code: 'ThrottlingError', Message: 'Throughput exceeds the current capacity.' } : { Code: 'None' },
  );
  const message = 'Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError]';
  return new AwsError('TransactionCanceledException', message, 400, { Message: message, CancellationReasons });
}

/** How each service says that it was asked too much. */
export const THROTTLES: Readonly<Record<ServiceName, (request: Omit<ServiceRequest, 'authorize'>) => AwsError>> = {
  dynamodb: throttledTransaction,
  appconfig: () => new AwsError('ThrottlingException', 'Rate exceeded', 429),
  appconfigdata: () => new AwsError('ThrottlingException', 'Rate exceeded', 429),
  s3: () => new AwsError('SlowDown', 'Please reduce your request rate.', 503),
  kms: throttling,
  states: throttling,
  ses: () => new AwsError('TooManyRequestsException', 'Too many requests.', 429),
  sns: () => new AwsError('Throttled', 'Rate exceeded', 429),
  events: throttling,
  lambda: () => new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429),
};

/** How each service says that it is at fault itself. */
export const SERVICE_FAULTS: Readonly<Record<ServiceName, AwsError>> = {
  dynamodb: new AwsError('InternalServerError', 'The request could not be served.', 500),
  appconfig: new AwsError('InternalServerException', 'There was an internal failure.', 500),
  appconfigdata: new AwsError('InternalServerException', 'There was an internal failure.', 500),
  s3: new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500),
  kms: new AwsError('KMSInternalException', 'An internal error occurred.', 500),
  states: new AwsError('ServiceUnavailable', 'The service is unavailable.', 503),
  ses: new AwsError('InternalServiceErrorException', 'An internal error occurred.', 500),
  sns: new AwsError('InternalError', 'An internal error occurred.', 500),
  events: new AwsError('InternalException', 'An internal error occurred.', 500),
  lambda: new AwsError('ServiceException', 'An error occurred and the request cannot be processed.', 500),
};
