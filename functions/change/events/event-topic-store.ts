import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { eventText, subjectOf } from './event-message.ts';
import type { PublishEvent } from './release-event.ts';

/** Publishes on the topic of events: as JSON, and in words for subscribers by email. The attributes are for filters. */
export function topicPublisher(client: SNSClient, topicArn: string): PublishEvent {
  return async (event) => {
    const text = (value: string) => ({ DataType: 'String', StringValue: value });
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: subjectOf(event),
        MessageStructure: 'json',
        Message: JSON.stringify({ default: JSON.stringify(event), email: eventText(event) }),
        MessageAttributes: {
          model: text(event.model),
          event: text(event.event),
          severity: text(event.severity),
          schema: { DataType: 'Number', StringValue: String(event.schema) },
        },
      }),
    );
  };
}
