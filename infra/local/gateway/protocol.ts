import { AwsError, type ServiceResponse } from '../service.ts';

/** How a service writes its errors. */
export type Protocol = 'json' | 'rest-json' | 'query' | 'rest-xml';

/** Services by the name that requests are signed with; appconfigdata signs as appconfig and is told apart by its path. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  appconfig: 'rest-json',
  appconfigdata: 'rest-json',
  cloudtrail: 'json',
  dynamodb: 'json',
  events: 'json',
  kms: 'json',
  lambda: 'rest-json',
  monitoring: 'json',
  s3: 'rest-xml',
  ses: 'rest-json',
  sns: 'query',
  states: 'json',
};

/** What an error response is written from. */
export interface ErrorContext {
  readonly protocol: Protocol;
  readonly requestId: string;
  /** The request's own, for JSON services: they answer in the version that they were asked in. */
  readonly contentType: string;
}

/** An AWS error document in the service's protocol, with the headers that SDKs read the code from. */
export function errorResponse(error: AwsError, context: ErrorContext): ServiceResponse {
  const { protocol, requestId } = context;
  if (protocol === 'json') {
    const body = JSON.stringify({ __type: error.code, message: error.message, ...error.members });
    const type = context.contentType.includes('x-amz-json') ? context.contentType : 'application/x-amz-json-1.0';
    return { status: error.status, headers: { 'content-type': type, 'x-amzn-errortype': error.code }, body };
  }
  if (protocol === 'rest-json') {
    // Some services of this family call the member `message`, some `Message`; the readers of both take both.
    const body = JSON.stringify({ Message: error.message, message: error.message, ...error.members });
    const headers = { 'content-type': 'application/json', 'x-amzn-errortype': error.code };
    return { status: error.status, headers, body };
  }
  const members = Object.entries({ Code: error.code, Message: error.message, ...error.members })
    .map(([name, value]) => `<${name}>${xml(String(value))}</${name}>`)
    .join('');
  const id = `<RequestId>${requestId}</RequestId>`;
  const body =
    protocol === 'query'
      ? `<ErrorResponse><Error><Type>Sender</Type>${members}</Error>${id}</ErrorResponse>`
      : `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${members}${id}</Error>`;
  return { status: error.status, headers: { 'content-type': 'application/xml' }, body };
}

/** The error of a caller that its policies do not let through, by the name and status that the service has for it. */
export function accessDenied(service: string, message: string): AwsError {
  if (service === 's3') return new AwsError('AccessDenied', message, 403);
  if (service === 'sns') return new AwsError('AuthorizationError', message, 403);
  return new AwsError('AccessDeniedException', message, PROTOCOLS[service] === 'json' ? 400 : 403);
}

/** Text made safe for an element or attribute of an XML document. */
export function xml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
