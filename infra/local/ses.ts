import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type inbox from 'aws-ses-v2-local';
import * as z from 'zod';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceResponse } from './service.ts';

export interface Email {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Ses extends Service {
  /** Web page of the inbox; `GET <inboxUrl>/store` answers `{emails: [{messageId, from, destination, subject, body, at}]}`. */
  readonly inboxUrl: string;
  /** Puts an email of another service into the inbox. */
  deliver(email: Email): Promise<void>;
}

const SEND = '/v2/email/outbound-emails';
const sendRequest = z.looseObject({ FromEmailAddress: z.string().optional() });
const refusal = z.object({ message: z.string(), detail: z.string().default('') });

/** SES version 2: emails end in an inbox on this machine, whoever sends them to whom. */
export async function createSes(): Promise<Ses> {
  const server = await loadInbox()({ host: '127.0.0.1', port: 0 });
  const address = server.address();
  const inboxUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
  const forward = (body: string): Promise<ServiceResponse> => send(inboxUrl, body);
  return {
    inboxUrl,
    handle: async (request) => {
      if (request.method !== 'POST' || request.path !== SEND) {
        throw new AwsError('NotFoundException', 'The local platform has no operation of SES but SendEmail.', 404);
      }
      const text = request.body.toString('utf8');
      const { FromEmailAddress: from = '' } = sendRequest.parse(JSON.parse(text));
      const sender = /<([^>]+)>/.exec(from)?.[1] ?? from;
      request.authorize('ses:SendEmail', [`arn:aws:ses:${REGION}:${ACCOUNT}:identity/${sender}`]);
      return forward(text);
    },
    deliver: async ({ from, to, subject, text }) => {
      const Simple = { Subject: { Data: subject }, Body: { Text: { Data: text } } };
      const Destination = { ToAddresses: [to] };
      await forward(JSON.stringify({ FromEmailAddress: from, Destination, Content: { Simple } }));
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A copy of the inbox's code of its own: it keeps emails in a module variable, and platforms share nothing. */
function loadInbox(): typeof inbox.default {
  const load = createRequire(import.meta.url);
  const folder = dirname(load.resolve('aws-ses-v2-local'));
  for (const file of Object.keys(load.cache)) {
    if (file.startsWith(folder)) delete load.cache[file];
  }
  const loaded: typeof inbox = load('aws-ses-v2-local');
  return loaded.default;
}

async function send(inboxUrl: string, body: string): Promise<ServiceResponse> {
  const response = await fetch(`${inboxUrl}${SEND}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'AWS' },
    body,
  });
  if (response.ok) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: await response.text() };
  }
  const { message, detail } = refusal.parse(await response.json());
  throw new AwsError('BadRequestException', `${message} ${detail.replace('aws-ses-v2-local: ', '')}`.trim());
}
