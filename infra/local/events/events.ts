import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';
import { ACCOUNT, type Now, REGION } from '../service.ts';
import { checkPattern, matchesPattern } from './event-pattern.ts';
import { type Due, parseSchedule } from './schedule.ts';

/** An event as AWS services put it on the default bus. */
export interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
}

/** What a rule sends its event to. */
export interface Target {
  readonly arn: string;
  /** The rule or schedule that calls, for the target's permission. */
  readonly sourceArn: string;
  /** Role that the call is made under; Lambda targets of rules have none and need a permission instead. */
  readonly roleArn: string | undefined;
  readonly event: unknown;
}

export interface EventsOptions {
  readonly now: Now;
  /** Delivers in the background. @throws AwsError when the target does not let the rule in */
  readonly deliver: (target: Target) => Promise<void>;
  readonly log: (line: string) => void;
}

/** EventBridge's default bus and its schedules (AWS::Events::Rule, AWS::Scheduler::Schedule). */
export interface Events {
  addRule(name: string, properties: Readonly<Record<string, unknown>>): string;
  addSchedule(name: string, properties: Readonly<Record<string, unknown>>): string;
  putEvent(event: BusEvent): void;
  /** Fires a scheduled rule at once and resolves when its targets have taken the event. Also found by a part of its name. */
  tick(ruleName: string): Promise<void>;
  /** Scheduled rules by name. */
  scheduled(): readonly string[];
  stop(): void;
}

const targetSchema = z.strictObject({
  Arn: z.string(),
  Id: z.string().optional(),
  Input: z.string().optional(),
  RoleArn: z.string().optional(),
  RetryPolicy: z.unknown().optional(),
  DeadLetterConfig: z.unknown().optional(),
});
const ruleSchema = z.object({
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  ScheduleExpression: z.string().optional(),
  EventPattern: z.record(z.string(), z.unknown()).optional(),
  Targets: z.array(targetSchema).default([]),
});
const scheduleSchema = z.object({
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  ScheduleExpression: z.string(),
  Target: targetSchema,
});

interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly enabled: boolean;
  readonly pattern: Readonly<Record<string, unknown>> | undefined;
  readonly due: Due | undefined;
  readonly targets: readonly z.infer<typeof targetSchema>[];
}

export function createEvents(options: EventsOptions): Events {
  const rules: Rule[] = [];
  let minutes = 0;
  const send = (rule: Rule, event: object): Promise<void> => sendTo(rule, event, options);
  const timer = setInterval(() => {
    minutes += 1;
    const due = rules.filter((rule) => rule.enabled && rule.due?.(options.now(), minutes));
    for (const rule of due) void send(rule, scheduledEvent(rule, options.now()));
  }, 60_000).unref();
  const add = (rule: Rule): string => {
    rules.push(rule);
    return rule.arn;
  };
  return {
    addRule: (name, properties) => add(ruleOf(name, parse(ruleSchema, properties, name))),
    addSchedule: (name, properties) => {
      const { State, ScheduleExpression, Target } = parse(scheduleSchema, properties, name);
      const rule = ruleOf(name, { State, ScheduleExpression, EventPattern: undefined, Targets: [Target] });
      return add({ ...rule, arn: `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule/default/${name}` });
    },
    putEvent: (event) => {
      const envelope = envelopeOf(event, options.now());
      for (const rule of rules.filter((one) => one.enabled && one.pattern !== undefined)) {
        if (matchesPattern(rule.pattern, envelope)) void send(rule, envelope);
      }
    },
    tick: async (ruleName) => {
      const found = rules.filter((rule) => rule.due !== undefined && rule.name.includes(ruleName));
      const [rule] = found;
      if (rule === undefined || found.length > 1) {
        throw new Error(`${found.length} scheduled rules match ${ruleName}; there are ${namesOf(rules).join(', ')}.`);
      }
      await send(rule, scheduledEvent(rule, options.now()));
    },
    scheduled: () => namesOf(rules),
    stop: () => clearInterval(timer),
  };
}

function ruleOf(name: string, properties: z.infer<typeof ruleSchema>): Rule {
  const { State, ScheduleExpression, EventPattern, Targets } = properties;
  checkPattern(EventPattern, name);
  return {
    name,
    arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}`,
    enabled: State === 'ENABLED',
    pattern: EventPattern,
    due: ScheduleExpression === undefined ? undefined : parseSchedule(ScheduleExpression, name),
    targets: Targets,
  };
}

async function sendTo(rule: Rule, event: object, options: EventsOptions): Promise<void> {
  for (const { Arn, Input, RoleArn } of rule.targets) {
    const input: unknown = Input === undefined ? event : JSON.parse(Input);
    try {
      await options.deliver({ arn: Arn, sourceArn: rule.arn, roleArn: RoleArn, event: input });
    } catch (error) {
      options.log(`rule ${rule.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function scheduledEvent(rule: Rule, at: Date): object {
  return envelopeOf({ source: 'aws.events', detailType: 'Scheduled Event', detail: {}, resources: [rule.arn] }, at);
}

function envelopeOf(event: BusEvent, at: Date): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': event.detailType,
    source: event.source,
    account: ACCOUNT,
    time: at.toISOString().replace(/\.\d+Z$/, 'Z'),
    region: REGION,
    resources: event.resources ?? [],
    detail: event.detail,
  };
}

function namesOf(rules: readonly Rule[]): readonly string[] {
  return rules.filter(({ due }) => due !== undefined).map(({ name }) => name);
}

function parse<T>(schema: z.ZodType<T>, properties: unknown, name: string): T {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  throw new PlatformFault(
    `The rule ${name} is not one that the local platform runs: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}.`,
    'Use Lambda or state machine targets with a plain Input, or teach infra/local/events/events.ts.',
  );
}
