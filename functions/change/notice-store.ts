import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notice } from './notice.ts';

/** Publishes a notice on the topic that machines and mailing lists subscribe to. At least once. */
export function topicPublisher(client: SNSClient, topicArn: string): (notice: Notice) => Promise<void> {
  return async (notice) => {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        // SNS takes at most 100 ASCII characters here.
        Subject: notice.subject.replace(/[^\x20-\x7e]/g, '?').slice(0, 100),
        Message: JSON.stringify(notice.message),
      }),
    );
  };
}
