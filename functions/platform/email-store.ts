import { type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import type { SendEmail } from './email.ts';

/** Emails through SES. Tracking is off: it would lead every link through a third party. */
export function sesSender(client: SESv2Client, from: string): SendEmail {
  return async (to, { subject, text, html, tags = {} }) => {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: from,
        Destination: { ToAddresses: [to] },
        Content: {
          Simple: {
            Subject: { Data: subject, Charset: 'UTF-8' },
            Body: { Text: { Data: text, Charset: 'UTF-8' }, Html: { Data: html, Charset: 'UTF-8' } },
          },
        },
        EmailTags: Object.entries(tags).map(([Name, Value]) => ({ Name, Value })),
        ConfigurationOverrides: {
          Tracking: { ClickTrackingEnabled: 'DISABLED', OpenTrackingEnabled: 'DISABLED' },
        },
      }),
    );
  };
}
