import { Logger } from '@aws-lambda-powertools/logger';

/** Structured logs. Never log a task token, an approval secret, a link or a typed justification. */
export const logger = new Logger({ serviceName: 'model-release' });
