import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { mailEvent, troubleOf } from '../../functions/approval/mail-trouble.ts';
import type { BusEvent } from '../../infra/local/events.ts';
import { ACCOUNT, REGION } from '../../infra/local/service.ts';
import { createSes, type Ses } from '../../infra/local/ses.ts';
import { createSns, type Sns } from '../../infra/local/sns.ts';
import { aws, hasAwsCli } from './fixtures/aws-cli.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const store = z.object({
  emails: z.array(
    z.object({
      messageId: z.string(),
      from: z.string(),
      destination: z.object({ to: z.array(z.string()) }),
      subject: z.string(),
      body: z.object({ text: z.string().optional(), html: z.string().optional() }),
    }),
  ),
});
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:notices`;

describe('Email and notices on this machine', () => {
  let ses: Ses;
  const events: BusEvent[] = [];
  let sns: Sns;
  let mail: Served;
  let topics: Served;
  let sesClient: SESv2Client;
  let snsClient: SNSClient;
  const inbox = async () => store.parse(await (await fetch(`${ses.inboxUrl}/store`)).json()).emails;
  const email = (from: string, subject: string) =>
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: ['ada@example.com'] },
      Content: {
        Simple: { Subject: { Data: subject }, Body: { Text: { Data: 'text' }, Html: { Data: '<p>html</p>' } } },
      },
    });

  beforeAll(async () => {
    ses = await createSes({
      now: () => new Date('2026-03-02T09:00:00Z'),
      putEvent: (event) => void events.push(event),
    });
    sns = createSns(ses.deliver);
    sns.createTopic('notices');
    sns.subscribe({ TopicArn: TOPIC, Protocol: 'email', Endpoint: 'ops@example.com' });
    mail = await serveOne('ses', ses);
    topics = await serveOne('sns', sns);
    sesClient = new SESv2Client(mail.client);
    snsClient = new SNSClient(topics.client);
  });
  afterAll(async () => {
    sesClient.destroy();
    snsClient.destroy();
    await Promise.all([mail.stop(), topics.stop()]);
  });

  it('hands a message to subscribers by email in the words meant for them, if their filter lets it through', async () => {
    const filtered = 'filtered@example.com';
    sns.subscribe({ TopicArn: TOPIC, Protocol: 'email', Endpoint: filtered, FilterPolicy: { severity: ['critical'] } });
    const publish = (severity: string) =>
      snsClient.send(
        new PublishCommand({
          ...{ TopicArn: TOPIC, MessageStructure: 'json', Subject: severity },
          Message: JSON.stringify({ default: '{"json":true}', email: `In words: ${severity}` }),
          MessageAttributes: {
            model: { DataType: 'String', StringValue: 'demand' },
            severity: { DataType: 'String', StringValue: severity },
          },
        }),
      );
    await publish('info');
    await publish('critical');
    const read = (await inbox()).filter(({ destination }) => destination.to.includes(filtered));
    expect(read.map(({ subject, body }) => [subject, body.text])).toEqual([['critical', 'In words: critical']]);
    const noDefault = new PublishCommand({ TopicArn: TOPIC, MessageStructure: 'json', Message: '{"email":"x"}' });
    await expect(snsClient.send(noDefault)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('puts a sent email into the inbox', async () => {
    const { MessageId } = await sesClient.send(email('Release <release@example.com>', 'Please decide'));
    expect(await inbox()).toContainEqual({
      messageId: MessageId,
      from: 'Release <release@example.com>',
      destination: { to: ['ada@example.com'] },
      subject: 'Please decide',
      body: { text: 'text', html: '<p>html</p>' },
    });
  });

  it('asks IAM for the identity of the bare sender address', async () => {
    mail.asked();
    await sesClient.send(email('Release <release@example.com>', 'Asked'));
    expect(mail.asked()).toEqual([`ses:SendEmail arn:aws:ses:${REGION}:${ACCOUNT}:identity/release@example.com`]);
    mail.deny('ses:SendEmail');
    await expect(sesClient.send(email('x@example.com', 'Denied'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    mail.deny();
    expect((await inbox()).map(({ subject }) => subject)).not.toContain('Denied');
  });

  it('reports what the mailbox simulator of SES does to mail of an identity with a configuration set, and no other', async () => {
    const from = 'watched@example.com';
    const identity = { EmailIdentity: from, ConfigurationSetAttributes: { ConfigurationSetName: 'mail' } };
    ses.createConfigurationSet('mail');
    ses.createIdentity(identity);
    ses.addEventDestination({
      ConfigurationSetName: 'mail',
      EventDestination: {
        MatchingEventTypes: ['bounce', 'complaint'],
        EventBridgeDestination: { EventBusArn: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/default` },
      },
    });
    const { input } = email(from, 'Watched');
    const to = (address: string, over: object = {}) =>
      sesClient.send(new SendEmailCommand({ ...input, Destination: { ToAddresses: [address] }, ...over }));
    mail.asked();
    await to('ada@example.com');
    const arn = (name: string) => `arn:aws:ses:${REGION}:${ACCOUNT}:${name}`;
    expect(mail.asked()).toEqual([
      `ses:SendEmail ${arn('identity/watched@example.com')}`,
      `ses:SendEmail ${arn('configuration-set/mail')}`,
    ]);
    await to('bounce@simulator.amazonses.com', { FromEmailAddress: 'other@example.com' });
    expect(events).toEqual([]);
    await to('bounce+ana@simulator.amazonses.com', { EmailTags: [{ Name: 'approvalRequest', Value: 'abc' }] });
    await to('complaint@simulator.amazonses.com');
    expect(events.map(({ source, detailType }) => [source, detailType])).toEqual([
      ['aws.ses', 'Email Bounced'],
      ['aws.ses', 'Email Complaint Received'],
    ]);
    // In the form that the function reads.
    const [bounce, complaint] = events.map(({ detail }) => troubleOf(mailEvent.parse({ detail })));
    expect(bounce).toMatchObject({
      kind: 'bounced',
      requestId: 'abc',
      detail: expect.stringContaining('user unknown'),
    });
    expect(complaint).toMatchObject({ kind: 'complained of', requestId: null });
    await expect(to('ada@example.com', { ConfigurationSetName: 'none' })).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  it('shares no inbox with another platform of this process', async () => {
    const other = await createSes({ now: () => new Date(), putEvent: () => undefined });
    const sent = { from: 'a@example.com', to: 'b@example.com', text: 'x' };
    await Promise.all([ses.deliver({ ...sent, subject: 'ours' }), other.deliver({ ...sent, subject: 'theirs' })]);
    const theirs = store.parse(await (await fetch(`${other.inboxUrl}/store`)).json()).emails;
    await other.stop?.();

    expect(theirs.map(({ subject }) => subject)).toEqual(['theirs']);
    expect((await inbox()).at(-1)?.subject).toBe('ours');
  });

  it('refuses an email without a subject', async () => {
    await expect(sesClient.send(email('x@example.com', ''))).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('brings a published notice to the inbox of who subscribed', async () => {
    const notice = { Subject: 'Über & <done>', Message: '{"end":"promoted"}' };
    expect(await snsClient.send(new PublishCommand({ TopicArn: TOPIC, ...notice }))).toHaveProperty('MessageId');
    const received = (await inbox()).find(({ subject }) => subject === notice.Subject);
    expect(received).toMatchObject({ destination: { to: ['ops@example.com'] }, body: { text: notice.Message } });
  });

  it.each([
    [{ TopicArn: `${TOPIC}-none`, Message: 'x' }, 'NotFoundException'],
    [{ TopicArn: TOPIC, Message: 'x', Subject: 'a\nb' }, 'InvalidParameterException'],
    [{ TopicArn: TOPIC, Message: 'x', Subject: 'a'.repeat(101) }, 'InvalidParameterException'],
    [{ TopicArn: TOPIC, Message: '' }, 'InvalidParameterException'],
  ] as const)('refuses to publish %o', async (input, name) => {
    await expect(snsClient.send(new PublishCommand(input))).rejects.toMatchObject({ name });
  });

  it('asks IAM for the topic', async () => {
    topics.asked();
    topics.deny('sns:Publish');
    const publish = new PublishCommand({ TopicArn: TOPIC, Message: 'x' });
    await expect(snsClient.send(publish)).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
    expect(topics.asked()).toEqual([`sns:Publish ${TOPIC}`]);
    topics.deny();
  });

  it('refuses a subscription of a protocol that would go nowhere', () => {
    expect(() => sns.subscribe({ TopicArn: TOPIC, Protocol: 'sqs', Endpoint: 'x' })).toThrow(/Protocol/);
  });

  if (hasAwsCli) {
    it('answers the aws command', async () => {
      const publish = ['sns', 'publish', '--topic-arn', TOPIC, '--message', 'from the command'];
      expect(await aws(topics.endpoint, ...publish)).toHaveProperty('MessageId');
      expect((await inbox()).at(-1)?.body.text).toBe('from the command');
    });
  } else {
    it('is not tried with the aws command, which is not installed here', () => expect(hasAwsCli).toBe(false));
  }
});
