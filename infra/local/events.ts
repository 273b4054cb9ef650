import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { jsonService, operation } from './gateway/json-service.ts';
import { PlatformFault } from './platform-fault.ts';
import { ACCOUNT, AwsError, type Now, REGION, type Service } from './service.ts';

/** An event as AWS services put it on the default bus, and everybody else on buses of their own. */
export interface BusEvent {
  /** @default the default bus */
  readonly bus?: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources: readonly string[];
  /** @default now */
  readonly at?: Date;
}

/** A function that a rule sends its event to. */
export interface Target {
  readonly arn: string;
  /** The rule that calls, for the function's permission. */
  readonly sourceArn: string;
  readonly event: unknown;
}

export interface EventsOptions {
  readonly now: Now;
  /** @throws AwsError when the target does not let the rule in */
  readonly deliver: (target: Target) => Promise<void>;
  readonly log: (line: string) => void;
}

/** EventBridge: the default bus and others, with rules (AWS::Events::Rule): schedules at a rate, and patterns of plain values. */
export interface Events {
  /** PutEvents. */
  readonly service: Service;
  /** Adds a bus; answers its ARN. */
  addBus(name: string): string;
  /** Answers the rule's ARN. @throws PlatformFault for a rule that does not run here */
  addRule(name: string, properties: Readonly<Record<string, unknown>>): string;
  putEvent(event: BusEvent): void;
  /** Fires a scheduled rule at once and resolves when its targets have taken the event. Also found by a part of its name. */
  tick(ruleName: string): Promise<void>;
  stop(): void;
}

const DEFAULT_BUS = 'default';
const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };

interface Pattern {
  readonly [name: string]: Pattern | readonly string[];
}
const patternSchema: z.ZodType<Pattern> = z.lazy(() =>
  z.record(z.string(), z.union([z.array(z.string()), patternSchema])),
);
const ruleSchema = z.object({
  State: z.literal('ENABLED').default('ENABLED'),
  EventBusName: z.string().default(DEFAULT_BUS),
  ScheduleExpression: z
    .string()
    .regex(/^rate\(\d+ (minute|hour|day)s?\)$/, 'only rate(N minutes|hours|days) runs on this machine')
    .optional(),
  EventPattern: patternSchema.optional(),
  Targets: z.array(
    z.strictObject({
      ...{ Arn: z.string().includes(':lambda:'), Id: z.string(), Input: z.string().optional() },
      ...{ RetryPolicy: z.unknown().optional(), DeadLetterConfig: z.unknown().optional() },
    }),
  ),
});
const putSchema = z.object({
  Entries: z
    .array(
      z.object({
        ...{ Source: z.string().min(1), DetailType: z.string().min(1), Detail: z.string() },
        ...{ EventBusName: z.string().default(DEFAULT_BUS), Resources: z.array(z.string()).default([]) },
        Time: z.number().optional(),
      }),
    )
    .min(1)
    .max(10),
});
type PutEntry = z.infer<typeof putSchema>['Entries'][number];
const MAX_ENTRY_BYTES = 262_144;

interface Rule extends z.infer<typeof ruleSchema> {
  readonly name: string;
  readonly arn: string;
}

export function createEvents({ now, deliver, log }: EventsOptions): Events {
  const rules: Rule[] = [];
  const buses = new Set([DEFAULT_BUS]);
  const timers = new Set<NodeJS.Timeout>();
  const send = async (rule: Rule, event: object): Promise<void> => {
    for (const { Arn, Input } of rule.Targets) {
      const input: unknown = Input === undefined ? event : JSON.parse(Input);
      await deliver({ arn: Arn, sourceArn: rule.arn, event: input }).catch((error: unknown) =>
        log(`rule ${rule.name}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  };
  const fire = (rule: Rule): Promise<void> => {
    const scheduled = { source: 'aws.events', detailType: 'Scheduled Event', detail: {}, resources: [rule.arn] };
    return send(rule, envelopeOf(scheduled, now()));
  };
  const putEvent = (event: BusEvent): string => {
    const { bus = DEFAULT_BUS } = event;
    const envelope = envelopeOf(event, now());
    for (const rule of rules.filter(({ EventBusName }) => EventBusName === bus)) {
      if (rule.EventPattern !== undefined && matches(rule.EventPattern, envelope)) void send(rule, envelope);
    }
    return envelope.id;
  };
  const put = operation(putSchema, ({ Entries }, authorize) => {
    authorize('events:PutEvents', [...new Set(Entries.map(({ EventBusName }) => busArn(EventBusName)))]);
    const unknown = Entries.find(({ EventBusName }) => !buses.has(EventBusName));
    if (unknown !== undefined) {
      throw new AwsError('ResourceNotFoundException', `Event bus ${unknown.EventBusName} does not exist.`);
    }
    return { FailedEntryCount: 0, Entries: Entries.map((entry) => ({ EventId: putEvent(eventOf(entry)) })) };
  });
  return {
    service: { handle: jsonService({ PutEvents: put }) },
    addBus: (name) => {
      buses.add(name);
      return busArn(name);
    },
    addRule: (name, properties) => {
      const rule = { ...parse(properties, name), name, arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}` };
      rules.push(rule);
      const minutes = minutesOf(rule.ScheduleExpression);
      if (minutes > 0) timers.add(setInterval(() => void fire(rule), minutes * 60_000).unref());
      return rule.arn;
    },
    putEvent: (event) => void putEvent(event),
    tick: async (ruleName) => {
      const scheduled = rules.filter(({ ScheduleExpression }) => ScheduleExpression !== undefined);
      const found = scheduled.filter(({ name }) => name.includes(ruleName));
      const [rule] = found;
      if (rule !== undefined && found.length === 1) return fire(rule);
      const names = scheduled.map(({ name }) => name).join(', ');
      throw new Error(`${found.length} scheduled rules match ${ruleName}; there are ${names}.`);
    },
    stop: () => timers.forEach(clearInterval),
  };
}

function busArn(name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}`;
}

/** @throws AwsError for an entry that EventBridge would not take */
function eventOf(entry: PutEntry): BusEvent {
  const { EventBusName: bus, Source: source, DetailType: detailType, Detail, Resources: resources } = entry;
  if (Buffer.byteLength(Detail) > MAX_ENTRY_BYTES)
    throw new AwsError('ValidationException', 'Total size is too large.');
  const detail = parsed(Detail);
  if (typeof detail !== 'object' || detail === null) throw new AwsError('MalformedDetail', 'Detail is malformed.');
  const at = entry.Time === undefined ? {} : { at: new Date(entry.Time * 1_000) };
  return { bus, source, detailType, detail, resources, ...at };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function minutesOf(expression = ''): number {
  const [, count = 0, unit = ''] = /(\d+) (\w+?)s?\)/.exec(expression) ?? [];
  return Number(count) * (UNIT_MINUTES[unit] ?? 0);
}

/** Whether every field of the pattern holds one of its listed values. */
function matches(pattern: Pattern, event: object): boolean {
  const members = new Map<string, unknown>(Object.entries(event));
  return Object.entries(pattern).every(([name, wanted]) => {
    const value = members.get(name);
    if (isList(wanted)) return wanted.some((one) => one === value);
    return typeof value === 'object' && value !== null && matches(wanted, value);
  });
}

function isList(wanted: Pattern | readonly string[]): wanted is readonly string[] {
  return Array.isArray(wanted);
}

function envelopeOf(event: BusEvent, now: Date): { readonly id: string; readonly [member: string]: unknown } {
  const { source, detailType, detail, resources, at = now } = event;
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const envelope = { version: '0', id: randomUUID(), account: ACCOUNT, time, region: REGION };
  return { ...envelope, 'detail-type': detailType, source, resources, detail };
}

function parse(properties: unknown, name: string): z.infer<typeof ruleSchema> {
  const read = ruleSchema.safeParse(properties);
  if (read.success) return read.data;
  throw new PlatformFault(
    `The rule ${name} is not one that the local platform runs: ${z.prettifyError(read.error).replaceAll('\n', ' ')}.`,
    'Use functions as targets, rates, and patterns of plain values, or teach infra/local/events.ts.',
  );
}
