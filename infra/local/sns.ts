import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceRequest, type ServiceResponse } from './service.ts';
import type { Email } from './ses.ts';

export interface Sns extends Service {
  createTopic(name: string): { readonly name: string; readonly arn: string };
  /** Subscribes as the resolved properties of an AWS::SNS::Subscription say: by email only. */
  subscribe(resolved: unknown): void;
  /** Publishes for a service of the account (an alarm, a failed event source mapping). @throws AwsError NotFound */
  publish(topicArn: string, message: string, subject?: string): Promise<string>;
}

const subscriptionSchema = z.strictObject({
  Protocol: z.literal('email'),
  Endpoint: z.string(),
  TopicArn: z.string(),
});
const MAX_MESSAGE_BYTES = 262_144;
const MAX_SUBJECT_CHARACTERS = 100;
const SENDER = 'no-reply@sns.amazonaws.com';

/** SNS topics: what is published reaches the subscribers in the local inbox. */
export function createSns(deliver: (email: Email) => Promise<void>): Sns {
  const topics = new Map<string, string[]>();
  const subscribersOf = (topicArn: string): string[] => {
    const subscribers = topics.get(topicArn);
    if (subscribers !== undefined) return subscribers;
    throw new AwsError('NotFound', 'Topic does not exist', 404);
  };
  const publish: Sns['publish'] = async (topicArn, message, subject) => {
    const subscribers = subscribersOf(topicArn);
    demandSendable(message, subject);
    const email = { from: SENDER, subject: subject ?? 'AWS Notification Message', text: message };
    await Promise.allSettled(subscribers.map((to) => deliver({ ...email, to })));
    return randomUUID();
  };
  return {
    createTopic: (name) => {
      const arn = `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
      topics.set(arn, []);
      return { name, arn };
    },
    subscribe: (resolved) => {
      const { TopicArn, Endpoint } = subscriptionSchema.parse(resolved);
      subscribersOf(TopicArn).push(Endpoint);
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
  const topicArn = form.get('TopicArn') ?? '';
  request.authorize('sns:Publish', [topicArn]);
  const id = await publish(topicArn, form.get('Message') ?? '', form.get('Subject') ?? undefined);
  const body = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></PublishResponse>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function demandSendable(message: string, subject = '-'): void {
  const bytes = Buffer.byteLength(message);
  if (bytes === 0) throw new AwsError('InvalidParameter', 'Invalid parameter: Empty message');
  if (bytes > MAX_MESSAGE_BYTES) throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
  if (subject.length > MAX_SUBJECT_CHARACTERS || subject === '' || /\p{Cc}/u.test(subject)) {
    throw new AwsError('InvalidParameter', 'Invalid parameter: Subject');
  }
}
