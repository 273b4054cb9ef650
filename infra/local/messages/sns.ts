import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import {
  ACCOUNT,
  AwsError,
  type Invoke,
  type Now,
  REGION,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from '../service.ts';
import type { Email } from './ses.ts';

export interface Notice {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  readonly at: string;
}

export interface SnsOptions {
  /** Delivers to subscriptions of the protocol `email`. */
  readonly deliver: (email: Email) => Promise<void>;
  /** Delivers to subscriptions of the protocol `lambda`. */
  readonly invoke: Invoke;
  readonly now?: Now;
}

export interface Sns extends Service {
  /** Everything published since the start, oldest first. */
  readonly messages: readonly Notice[];
  /** Creates a topic from the resolved properties of an AWS::SNS::Topic. */
  createTopic(name: string, resolved: unknown): { readonly name: string; readonly arn: string };
  /** Subscribes as the resolved properties of an AWS::SNS::Subscription say. */
  subscribe(resolved: unknown): void;
  /** Publishes for a service of the account (an alarm, a failed event source mapping). @throws AwsError NotFound */
  publish(topicArn: string, message: string, subject?: string): Promise<string>;
}

const subscriptionSchema = z.looseObject({
  Protocol: z.enum(['email', 'lambda']),
  Endpoint: z.string(),
  FilterPolicy: z.undefined().optional(),
});
const topicSchema = z.looseObject({ Subscription: z.array(subscriptionSchema).default([]) });
const standaloneSchema = subscriptionSchema.extend({ TopicArn: z.string() });
type Subscription = z.infer<typeof subscriptionSchema>;

const MAX_MESSAGE_BYTES = 262_144;
const MAX_SUBJECT_CHARACTERS = 100;
const SENDER = 'no-reply@sns.amazonaws.com';

/** SNS topics: what is published is kept, and reaches email subscribers in the local inbox and functions at once. */
export function createSns(options: SnsOptions): Sns {
  const topics = new Map<string, Subscription[]>();
  const messages: Notice[] = [];
  const now = options.now ?? (() => new Date());
  const subscriptionsOf = (topicArn: string): Subscription[] => {
    const subscriptions = topics.get(topicArn);
    if (subscriptions !== undefined) return subscriptions;
    throw new AwsError('NotFound', 'Topic does not exist', 404);
  };
  const publish = async (topicArn: string, message: string, subject?: string): Promise<string> => {
    const subscriptions = subscriptionsOf(topicArn);
    demandSendable(message, subject);
    const notice = { messageId: randomUUID(), topicArn, subject, message, at: now().toISOString() };
    messages.push(notice);
    await Promise.allSettled(subscriptions.map((subscription) => send(notice, subscription, options)));
    return notice.messageId;
  };
  return {
    messages,
    createTopic: (name, resolved) => {
      const arn = `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
      topics.set(arn, topicSchema.parse(resolved).Subscription);
      return { name, arn };
    },
    subscribe: (resolved) => {
      const { TopicArn, ...subscription } = standaloneSchema.parse(resolved);
      subscriptionsOf(TopicArn).push(subscription);
    },
    publish,
    handle: (request) => publishForm(request, publish),
  };
}

async function publishForm(request: ServiceRequest, publish: Sns['publish']): Promise<ServiceResponse> {
  const form = new URLSearchParams(request.body.toString('utf8'));
  const operation = form.get('Action') ?? '';
  if (operation !== 'Publish') {
    throw new AwsError('InvalidAction', `The local platform has no operation of SNS but Publish, got ${operation}.`);
  }
  const topicArn = form.get('TopicArn') ?? form.get('TargetArn') ?? '';
  request.authorize('sns:Publish', [topicArn]);
  const id = await publish(topicArn, form.get('Message') ?? '', form.get('Subject') ?? undefined);
  const body = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></PublishResponse>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function demandSendable(message: string, subject: string | undefined): void {
  const bytes = Buffer.byteLength(message);
  if (bytes === 0) throw new AwsError('InvalidParameter', 'Invalid parameter: Empty message');
  if (bytes > MAX_MESSAGE_BYTES) throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
  if (subject === undefined) return;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: line breaks and control characters are what is refused
  if (subject.length > MAX_SUBJECT_CHARACTERS || subject === '' || /[\u0000-\u001f\u007f]/.test(subject)) {
    throw new AwsError('InvalidParameter', 'Invalid parameter: Subject');
  }
}

async function send(notice: Notice, { Protocol, Endpoint }: Subscription, options: SnsOptions): Promise<void> {
  const { messageId, topicArn, subject, message, at } = notice;
  if (Protocol === 'email') {
    const title = subject ?? 'AWS Notification Message';
    return options.deliver({ from: SENDER, to: Endpoint, subject: title, text: message });
  }
  const Sns = { Type: 'Notification', MessageId: messageId, TopicArn: topicArn, Subject: subject ?? null };
  const record = { EventSource: 'aws:sns', EventVersion: '1.0', Sns: { ...Sns, Message: message, Timestamp: at } };
  await options.invoke(Endpoint, { Records: [record] });
}
