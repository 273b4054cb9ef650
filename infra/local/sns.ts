import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceRequest, type ServiceResponse } from './service.ts';
import type { Email } from './ses.ts';

export interface Sns extends Service {
  createTopic(name: string): { readonly name: string; readonly arn: string };
  /** Subscribes as the resolved properties of an AWS::SNS::Subscription say: by email, to what a filter lets through. */
  subscribe(resolved: unknown): void;
  /** Publishes for a service of the account (an alarm, a failed event source mapping). @throws AwsError NotFound */
  publish(topicArn: string, message: string, subject?: string): Promise<string>;
}

const subscriptionSchema = z.strictObject({
  Protocol: z.literal('email'),
  Endpoint: z.string(),
  TopicArn: z.string(),
  FilterPolicy: z.record(z.string(), z.array(z.string())).default({}),
});
/** Attributes of a message by name. */
type Attributes = ReadonlyMap<string, string>;
interface Message {
  readonly text: string;
  readonly subject?: string | undefined;
  readonly attributes: Attributes;
}
const MAX_MESSAGE_BYTES = 262_144;
const MAX_SUBJECT_CHARACTERS = 100;
const SENDER = 'no-reply@sns.amazonaws.com';

/** SNS topics: what is published reaches the subscribers in the local inbox. */
export function createSns(deliver: (email: Email) => Promise<void>): Sns {
  const topics = new Map<string, z.infer<typeof subscriptionSchema>[]>();
  const subscribersOf = (topicArn: string) => {
    const subscribers = topics.get(topicArn);
    if (subscribers !== undefined) return subscribers;
    throw new AwsError('NotFound', 'Topic does not exist', 404);
  };
  const send = async (topicArn: string, { text, subject, attributes }: Message): Promise<string> => {
    const subscribers = subscribersOf(topicArn).filter(({ FilterPolicy }) => isLetThrough(FilterPolicy, attributes));
    const email = { from: SENDER, subject: subject ?? 'AWS Notification Message', text };
    await Promise.allSettled(subscribers.map(({ Endpoint: to }) => deliver({ ...email, to })));
    return randomUUID();
  };
  const publish: Sns['publish'] = async (topicArn, message, subject) => {
    demandSendable(message, subject);
    return send(topicArn, { text: message, subject, attributes: new Map() });
  };
  return {
    createTopic: (name) => {
      const arn = `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
      topics.set(arn, []);
      return { name, arn };
    },
    subscribe: (resolved) => {
      const subscription = subscriptionSchema.parse(resolved);
      subscribersOf(subscription.TopicArn).push(subscription);
    },
    publish,
    handle: (request) => publishForm(request, send),
  };
}

async function publishForm(
  request: ServiceRequest,
  send: (topicArn: string, message: Message) => Promise<string>,
): Promise<ServiceResponse> {
  const form = new URLSearchParams(request.body.toString('utf8'));
  const operation = form.get('Action') ?? '';
  if (operation !== 'Publish') {
    throw new AwsError('InvalidAction', `The local platform has no operation of SNS but Publish, got ${operation}.`);
  }
  const topicArn = form.get('TopicArn') ?? '';
  request.authorize('sns:Publish', [topicArn]);
  const [message, subject] = [form.get('Message') ?? '', form.get('Subject') ?? undefined];
  demandSendable(message, subject);
  const text = form.get('MessageStructure') === 'json' ? forEmail(message) : message;
  const id = await send(topicArn, { text, subject, attributes: attributesOf(form) });
  const body = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></PublishResponse>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

/** Whether each attribute that the filter names has one of its values; all local subscribers read their mail. */
function isLetThrough(filter: Readonly<Record<string, readonly string[]>>, attributes: Attributes): boolean {
  return Object.entries(filter).every(([name, wanted]) => wanted.includes(attributes.get(name) ?? ''));
}

function attributesOf(form: URLSearchParams): Attributes {
  const names = [...form].filter(([key]) => /^MessageAttributes\.entry\.\d+\.Name$/.test(key));
  return new Map(names.map(([key, name]) => [name, form.get(key.replace(/Name$/, 'Value.StringValue')) ?? '']));
}

const perProtocol = z.object({ default: z.string(), email: z.string().optional() });

/** What a message that says one thing per protocol says to readers of mail. */
function forEmail(message: string): string {
  const { data } = perProtocol.safeParse(parsed(message));
  if (data !== undefined) return data.email ?? data.default;
  throw new AwsError(
    'InvalidParameter',
    'Invalid parameter: Message Structure - No default entry in JSON message body',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function demandSendable(message: string, subject = '-'): void {
  const bytes = Buffer.byteLength(message);
  if (bytes === 0) throw new AwsError('InvalidParameter', 'Invalid parameter: Empty message');
  if (bytes > MAX_MESSAGE_BYTES) throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
  if (subject.length > MAX_SUBJECT_CHARACTERS || subject === '' || /\p{Cc}/u.test(subject)) {
    throw new AwsError('InvalidParameter', 'Invalid parameter: Subject');
  }
}
