import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ConfigurationSet, EmailIdentity, EmailSendingEvent, EventDestination, Identity } from 'aws-cdk-lib/aws-ses';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../../functions/change/events/event-message.ts';
import { rolesWith } from './keys.ts';
import { arn } from './names.ts';

export interface NotificationsProps {
  readonly senderEmail: string;
  readonly alertEmail: string;
  readonly key: IKey;
}

/**
 * How the product reaches people and other systems: mail from one verified address, a topic for alarms, and, for whatever
 * the ledger records, a topic and a bus of events.
 */
export class Notifications extends Construct {
  /** Alarms. */
  readonly topic: Topic;
  readonly eventTopic: Topic;
  /** One of its own: other accounts and systems are let at it without being let at what AWS services tell. */
  readonly bus: EventBus;
  readonly senderIdentityArn: string;
  readonly mailConfigurationArn: string;

  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    // Of all that the address sends: what comes back is reported, and nothing is tracked, since that would lead each link
    // through a third party; SES tracks what a set reports opens or clicks of.
    const name = `${Stack.of(this).stackName}-mail`;
    const configurationSet = new ConfigurationSet(this, 'Mail', { configurationSetName: name });
    configurationSet.addEventDestination('CameBack', {
      destination: EventDestination.eventBus(EventBus.fromEventBusName(this, 'DefaultBus', 'default')),
      events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT, EmailSendingEvent.REJECT],
    });
    this.mailConfigurationArn = arn(this, 'ses', `configuration-set/${name}`);
    const identity = new EmailIdentity(this, 'Sender', {
      identity: Identity.email(props.senderEmail),
      configurationSet,
    });
    identity.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.senderIdentityArn = arn(this, 'ses', `identity/${props.senderEmail}`);
    this.topic = new Topic(this, 'Topic', {
      displayName: 'Model release',
      masterKey: props.key,
      enforceSSL: true,
    });
    // A topic with a policy of its own no longer has the one that lets the alarms of the account publish.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    this.topic.addSubscription(new EmailSubscription(props.alertEmail));
    this.eventTopic = new Topic(this, 'Events', {
      displayName: 'Model release events',
      masterKey: props.key,
      enforceSSL: true,
    });
    const severity = SubscriptionFilter.stringFilter({ allowlist: ['warning', 'critical'] });
    this.eventTopic.addSubscription(new EmailSubscription(props.alertEmail, { filterPolicy: { severity } }));
    this.bus = new EventBus(this, 'Bus', { eventBusName: `${Stack.of(this).stackName}-events` });
    this.bus.addToResourcePolicy(this.#onlyOurs(this.bus));
  }

  /**
   * Nobody but the functions that publish events speaks in our name, whatever else a role of the account allows: teams are
   * written to, and other systems act, by what stands there. A deny, since the account's own roles need no permission of the
   * bus; of an event EventBridge tells the source, not whether it is true.
   */
  #onlyOurs(bus: EventBus): PolicyStatement {
    return new PolicyStatement({
      sid: 'OnlyOurFunctionsUnderOurSource',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['events:PutEvents'],
      resources: [bus.eventBusArn],
      conditions: {
        'ForAnyValue:StringEquals': { 'events:source': EVENT_SOURCE },
        ArnNotEquals: { 'aws:PrincipalArn': rolesWith(this, 'events:publish') },
      },
    });
  }
}
