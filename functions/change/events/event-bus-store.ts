import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReleaseError } from '../../platform/errors.ts';
import { EVENT_SOURCE } from './event-message.ts';
import type { PublishEvent } from './release-event.ts';

/**
 * Puts events on the bus: the name of the event is the detail type, the event itself the detail.
 * @throws ReleaseError DEPENDENCY_UNAVAILABLE when the bus did not take it, which it answers and does not throw
 */
export function busPublisher(client: EventBridgeClient, busName: string): PublishEvent {
  return async (event) => {
    const { Entries = [] } = await client.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: busName,
            Source: EVENT_SOURCE,
            DetailType: event.event,
            Time: new Date(event.at),
            Detail: JSON.stringify(event),
          },
        ],
      }),
    );
    const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
    if (refused === undefined) return;
    const message = `The bus did not take ${event.id}: ${refused.ErrorCode}: ${refused.ErrorMessage ?? ''}`;
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message);
  };
}
