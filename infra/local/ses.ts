import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type inbox from 'aws-ses-v2-local';
import * as z from 'zod';
import type { Events } from './events.ts';
import { ACCOUNT, AwsError, type Now, REGION, type Service, type ServiceResponse } from './service.ts';

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
  /** Answers what Ref of a resource is. */
  createIdentity(properties: Readonly<Record<string, unknown>>): string;
  createConfigurationSet(name: string): string;
  addEventDestination(properties: Readonly<Record<string, unknown>>): void;
}

export interface SesOptions {
  readonly now: Now;
  readonly putEvent: Events['putEvent'];
}

const SEND = '/v2/email/outbound-emails';
const sendRequest = z.looseObject({
  FromEmailAddress: z.string().default(''),
  ConfigurationSetName: z.string().optional(),
  Destination: z.looseObject({ ToAddresses: z.array(z.string()).default([]) }).default({ ToAddresses: [] }),
  EmailTags: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
});
type SendRequest = z.infer<typeof sendRequest>;
const identitySchema = z.object({
  EmailIdentity: z.string(),
  ConfigurationSetAttributes: z.object({ ConfigurationSetName: z.string() }).optional(),
});
const destinationSchema = z.object({
  ConfigurationSetName: z.string(),
  EventDestination: z.object({
    Enabled: z.literal(true).default(true),
    MatchingEventTypes: z.array(z.string()),
    EventBridgeDestination: z.object({ EventBusArn: z.string().endsWith('event-bus/default') }),
  }),
});
const sent = z.object({ MessageId: z.string() });
const refusal = z.object({ message: z.string(), detail: z.string().default('') });

/** SES version 2: emails end in an inbox on this machine, whoever sends them to whom. */
export async function createSes({ now, putEvent }: SesOptions): Promise<Ses> {
  /** Which set an identity sends by, and what each set reports on the default bus. */
  const setOf = new Map<string, string>();
  const reports = new Map<string, readonly string[]>();
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
      const asked = sendRequest.parse(JSON.parse(text));
      const sender = /<([^>]+)>/.exec(asked.FromEmailAddress)?.[1] ?? asked.FromEmailAddress;
      const set = asked.ConfigurationSetName ?? setOf.get(sender);
      const names = [`identity/${sender}`, ...(set === undefined ? [] : [`configuration-set/${set}`])];
      request.authorize(
        'ses:SendEmail',
        names.map((name) => `arn:aws:ses:${REGION}:${ACCOUNT}:${name}`),
      );
      if (set !== undefined && !reports.has(set)) {
        throw new AwsError('NotFoundException', `Configuration set <${set}> does not exist.`, 404);
      }
      const answer = await forward(text);
      const trouble = simulated(asked, sent.parse(JSON.parse(String(answer.body))).MessageId, now());
      if (trouble !== null && set !== undefined && reports.get(set)?.includes(trouble.type)) putEvent(trouble.event);
      return answer;
    },
    createIdentity: (properties) => {
      const { EmailIdentity, ConfigurationSetAttributes } = identitySchema.parse(properties);
      if (ConfigurationSetAttributes) setOf.set(EmailIdentity, ConfigurationSetAttributes.ConfigurationSetName);
      return EmailIdentity;
    },
    createConfigurationSet: (name) => {
      reports.set(name, []);
      return name;
    },
    addEventDestination: (properties) => {
      const { ConfigurationSetName: set, EventDestination } = destinationSchema.parse(properties);
      reports.set(set, [...(reports.get(set) ?? []), ...EventDestination.MatchingEventTypes]);
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

/**
 * What SES reports of a mail to its own mailbox simulator, whose addresses may carry a label
 * (`bounce+ana@simulator.amazonses.com`), in the form in which it puts events on the bus; null for all other mail.
 */
function simulated({ Destination, EmailTags, FromEmailAddress }: SendRequest, messageId: string, at: Date) {
  const [to = ''] = Destination.ToAddresses;
  const kind = /^(bounce|complaint)(\+[^@]*)?@simulator\.amazonses\.com$/.exec(to)?.[1];
  if (kind === undefined) return null;
  const timestamp = at.toISOString();
  const tags = Object.fromEntries(EmailTags.map(({ Name, Value }) => [Name, [Value]]));
  const mail = { timestamp, messageId, source: FromEmailAddress, destination: Destination.ToAddresses, tags };
  const common = { source: 'aws.ses', resources: [] };
  const [feedbackId, recipient] = [randomUUID(), { emailAddress: to }];
  if (kind === 'complaint') {
    const complaint = {
      ...{ complainedRecipients: [recipient], complaintFeedbackType: 'abuse' },
      ...{ complaintSubType: null, timestamp, feedbackId },
    };
    const detail = { eventType: 'Complaint', mail, complaint };
    return { type: 'complaint', event: { ...common, detailType: 'Email Complaint Received', detail } };
  }
  const diagnosticCode = 'smtp; 550 5.1.1 user unknown';
  const bounce = {
    ...{ bounceType: 'Permanent', bounceSubType: 'General' },
    ...{
      bouncedRecipients: [{ ...recipient, action: 'failed', status: '5.1.1', diagnosticCode }],
      timestamp,
      feedbackId,
    },
  };
  return {
    type: 'bounce',
    event: { ...common, detailType: 'Email Bounced', detail: { eventType: 'Bounce', mail, bounce } },
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
