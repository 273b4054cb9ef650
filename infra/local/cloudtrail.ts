import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { AnsweredCall } from './gateway/gateway.ts';
import { jsonService, operation } from './gateway/json-service.ts';
import type { Principal } from './iam/iam.ts';
import { ACCOUNT, AwsError, type Now, REGION, type Service } from './service.ts';

export interface CloudTrailOptions {
  readonly now: Now;
  /** Keeps the events in a file of this directory; without it, they live in memory. */
  readonly dataDir?: string;
}

/** The event history of the account: management events that change something. Reads and data events are not kept. */
export interface CloudTrail {
  readonly service: Service;
  /** Keeps a call to another service if it is a management event. */
  record(call: AnsweredCall): void;
}

/** One event as LookupEvents answers it. */
interface TrailEvent {
  readonly EventId: string;
  readonly EventName: string;
  readonly EventSource: string;
  /** Seconds since 1970. */
  readonly EventTime: number;
  readonly ReadOnly: 'false';
  readonly Username: string;
  readonly AccessKeyId: string;
  readonly Resources: readonly { readonly ResourceName: string }[];
  readonly CloudTrailEvent: string;
}

const ATTRIBUTES = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
] as const;

const lookupSchema = z.object({
  LookupAttributes: z
    .array(z.object({ AttributeKey: z.enum(ATTRIBUTES), AttributeValue: z.string().min(1) }))
    .default([]),
  StartTime: z.number().optional(),
  EndTime: z.number().optional(),
  MaxResults: z.int().default(50),
  NextToken: z.string().optional(),
});

/** CloudTrail writes Lambda's older operations with the version of their API. */
const EVENT_NAMES: Readonly<Record<string, string>> = {
  UpdateFunctionCode: 'UpdateFunctionCode20150331v2',
  UpdateFunctionConfiguration: 'UpdateFunctionConfiguration20150331v2',
};
const EVENT_SOURCES: Readonly<Record<string, string>> = { states: 'states.amazonaws.com' };
/** Operations that change no item, object or execution in passing, but what the account consists of. */
const MANAGEMENT: Readonly<Record<string, RegExp>> = {
  appconfig: /^(Start|Stop|Create|Update|Delete)/,
  lambda: /^(Create|Update|Delete|Put|Add|Remove)/,
  states: /^(StartExecution|StopExecution|Create|Update|Delete)/,
  dynamodb: /^(CreateTable|UpdateTable|DeleteTable|PutResourcePolicy|DeleteResourcePolicy)$/,
};

export function createCloudTrail({ now, dataDir }: CloudTrailOptions): CloudTrail {
  const file = dataDir === undefined ? undefined : join(dataDir, 'cloudtrail.ndjson');
  const kept = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const events: TrailEvent[] = kept.filter((line) => line !== '').map((line) => JSON.parse(line));
  const lookUp = operation(lookupSchema, (given, authorize) => {
    authorize('cloudtrail:LookupEvents', ['*']);
    return lookedUp(events, given);
  });
  return {
    service: { handle: jsonService({ LookupEvents: lookUp }) },
    record: (call) => {
      if (MANAGEMENT[call.service]?.test(call.operation) !== true) return;
      const event = eventOf(call, now());
      events.push(event);
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(event)}\n`, { mode: 0o600 });
    },
  };
}

function lookedUp(events: readonly TrailEvent[], given: z.infer<typeof lookupSchema>): object {
  const { LookupAttributes: attributes, StartTime = 0, EndTime = Number.POSITIVE_INFINITY, MaxResults: max } = given;
  if (attributes.length > 1) throw new AwsError('InvalidLookupAttributesException', 'Only one attribute is allowed.');
  if (StartTime > EndTime) throw new AwsError('InvalidTimeRangeException', 'The start time is after the end time.');
  if (max < 1 || max > 50) throw new AwsError('InvalidMaxResultsException', 'MaxResults must be 1 to 50.');
  const start = Number(given.NextToken ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new AwsError('InvalidNextTokenException', 'Invalid token.');
  const found = events
    .filter(({ EventTime }) => EventTime >= StartTime && EventTime <= EndTime)
    .filter((event) => attributes.every(({ AttributeKey, AttributeValue }) => has(event, AttributeKey, AttributeValue)))
    .toReversed();
  const next = start + max < found.length ? { NextToken: String(start + max) } : {};
  return { Events: found.slice(start, start + max), ...next };
}

function has(event: TrailEvent, key: (typeof ATTRIBUTES)[number], value: string): boolean {
  if (key === 'ResourceName') return event.Resources.some(({ ResourceName }) => ResourceName === value);
  return key !== 'ResourceType' && event[key] === value;
}

function eventOf(call: AnsweredCall, at: Date): TrailEvent {
  const EventId = randomUUID();
  const EventName = EVENT_NAMES[call.operation] ?? call.operation;
  const EventSource = EVENT_SOURCES[call.service] ?? `${call.service}.amazonaws.com`;
  const userIdentity = identityOf(call.principal, call.caller);
  const record = {
    ...{
      eventVersion: '1.11',
      userIdentity,
      eventTime: at.toISOString().replace(/\.\d+/, ''),
      eventSource: EventSource,
    },
    ...{ eventName: EventName, awsRegion: REGION, sourceIPAddress: '127.0.0.1', readOnly: false, eventID: EventId },
    requestParameters: { ...named(call.path), ...membersOf(call.requestBody) },
    responseElements: call.errorCode === undefined ? membersOf(call.responseBody) : null,
    ...(call.errorCode === undefined ? {} : { errorCode: call.errorCode }),
    ...{ eventType: 'AwsApiCall', managementEvent: true, eventCategory: 'Management', recipientAccountId: ACCOUNT },
  };
  return {
    ...{ EventId, EventName, EventSource, EventTime: Math.floor(at.getTime() / 1000), ReadOnly: 'false' },
    ...{ Username: userIdentity.userName ?? call.caller, AccessKeyId: call.caller },
    Resources: call.resources.map((ResourceName) => ({ ResourceName })),
    CloudTrailEvent: JSON.stringify(record),
  };
}

/** An administrator is the user that the access key names, so that several can be told apart. */
function identityOf(principal: Principal, accessKey: string) {
  if (principal.kind !== 'role') {
    const arn = `arn:aws:iam::${ACCOUNT}:user/${accessKey}`;
    return { type: 'IAMUser', arn, accountId: ACCOUNT, accessKeyId: accessKey, userName: accessKey };
  }
  const { roleName, session } = principal;
  const issuer = { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/${roleName}`, userName: roleName };
  return {
    type: 'AssumedRole',
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${roleName}/${session}`,
    ...{ accountId: ACCOUNT, accessKeyId: accessKey, sessionContext: { sessionIssuer: issuer } },
    userName: undefined,
  };
}

/** What the parts of a path stand for, by the names that the services use. */
const PLACES: Readonly<Record<string, string>> = {
  applications: 'ApplicationId',
  environments: 'EnvironmentId',
  configurationprofiles: 'ConfigurationProfileId',
  hostedconfigurationversions: 'VersionNumber',
  deployments: 'DeploymentNumber',
  deploymentstrategies: 'DeploymentStrategyId',
  extensions: 'ExtensionIdentifier',
  extensionassociations: 'ExtensionAssociationId',
  functions: 'functionName',
};

function named(path: string): object {
  const parts = path.split('/').filter((part) => part !== '');
  const found = parts.flatMap((part, index) => {
    const [name, value] = [PLACES[part], parts[index + 1]];
    return name === undefined || value === undefined ? [] : [[name, decodeURIComponent(value)]];
  });
  return Object.fromEntries(found);
}

function membersOf(body: Buffer | string | Uint8Array | undefined): object {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body ?? '').toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
