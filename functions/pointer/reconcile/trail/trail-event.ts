import * as z from 'zod';

/** One management event of the account, as far as it tells who changed what. */
export interface TrailEvent {
  readonly id: string;
  /** As the API names the operation: the version that some services add is left off. */
  readonly name: string;
  /** For example `appconfig.amazonaws.com`. */
  readonly source: string;
  /** UTC. */
  readonly at: string;
  /** ARN of who did it; of a service that acts for itself, its name. */
  readonly principalArn: string;
  /** Name of the role whose session it was; empty for anybody else. */
  readonly roleName: string;
  /** The service through which it was done, such as `cloudformation.amazonaws.com`; empty: directly. */
  readonly via: string;
  /** AWS refused it or it failed: nothing was changed. */
  readonly failed: boolean;
  /** Request and response, member by member. Names start in lower case here, whichever way the service writes them. */
  readonly request: Members;
  readonly response: Members;
}

export type Members = Readonly<Record<string, unknown>>;

const members = z.record(z.string(), z.unknown()).nullish();
const recorded = z.object({
  eventID: z.string(),
  eventName: z.string(),
  eventSource: z.string(),
  eventTime: z.iso.datetime(),
  errorCode: z.string().optional(),
  userIdentity: z.object({
    arn: z.string().optional(),
    invokedBy: z.string().optional(),
    sessionContext: z.object({ sessionIssuer: z.object({ userName: z.string().optional() }).optional() }).optional(),
  }),
  requestParameters: members,
  responseElements: members,
});

/** An event of LookupEvents, from the record in its `CloudTrailEvent`; null for text that is no such record. */
export function parseTrailEvent(text: string): TrailEvent | null {
  const parsed = recorded.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const { eventID, eventName, eventSource, eventTime, errorCode, userIdentity, ...of } = parsed.data;
  const { arn, invokedBy = '', sessionContext } = userIdentity;
  const principalArn = arn ?? invokedBy;
  // Nobody is named: such an event says nothing that could be recorded.
  if (principalArn === '') return null;
  return {
    id: eventID,
    name: eventName.replace(/20\d{6}(v\d+)?$/, ''),
    source: eventSource,
    at: new Date(eventTime).toISOString(),
    principalArn,
    roleName: sessionContext?.sessionIssuer?.userName ?? '',
    via: arn === undefined ? '' : invokedBy,
    failed: errorCode !== undefined,
    request: lowered(of.requestParameters),
    response: lowered(of.responseElements),
  };
}

/** A member as text; empty when there is none. */
export function textOf(given: Members, name: string): string {
  const value = given[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function lowered(given: z.infer<typeof members>): Members {
  const entries = Object.entries(given ?? {}).map(([name, value]) => [
    `${name.charAt(0).toLowerCase()}${name.slice(1)}`,
    value,
  ]);
  return Object.fromEntries(entries);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
