import { type CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { parseTrailEvent, type TrailEvent } from './trail-event.ts';

/** What to look for: LookupEvents takes one attribute at a time. */
export interface Lookup {
  readonly key: 'EventName' | 'EventSource';
  readonly value: string;
}

/**
 * CloudTrail's event history of one region. It answers two lookups a second and has an event up to fifteen minutes late;
 * the client is expected to slow down by itself when it is told to.
 */
export class TrailStore {
  readonly #client: CloudTrailClient;

  constructor(client: CloudTrailClient) {
    this.#client = client;
  }

  /** Events of a time (UTC, both ends included), newest first, page by page. Records that cannot be read are left out. */
  async *events(lookup: Lookup, from: string, to: string): AsyncIterable<TrailEvent> {
    let NextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new LookupEventsCommand({
          LookupAttributes: [{ AttributeKey: lookup.key, AttributeValue: lookup.value }],
          StartTime: new Date(from),
          EndTime: new Date(to),
          MaxResults: 50,
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      for (const { CloudTrailEvent = '' } of page.Events ?? []) {
        const event = parseTrailEvent(CloudTrailEvent);
        if (event !== null) yield event;
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
  }
}
