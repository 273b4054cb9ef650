import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { PlatformFault } from './platform-fault.ts';
import { ACCOUNT, type Now, REGION } from './service.ts';

/** An event as AWS services put it on the default bus. */
export interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources: readonly string[];
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

/** EventBridge's default bus (AWS::Events::Rule): schedules at a rate, and patterns of plain values. */
export interface Events {
  /** Answers the rule's ARN. @throws PlatformFault for a rule that does not run here */
  addRule(name: string, properties: Readonly<Record<string, unknown>>): string;
  putEvent(event: BusEvent): void;
  /** Fires a scheduled rule at once and resolves when its targets have taken the event. Also found by a part of its name. */
  tick(ruleName: string): Promise<void>;
  stop(): void;
}

const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };

interface Pattern {
  readonly [name: string]: Pattern | readonly string[];
}
const patternSchema: z.ZodType<Pattern> = z.lazy(() =>
  z.record(z.string(), z.union([z.array(z.string()), patternSchema])),
);
const ruleSchema = z.object({
  State: z.literal('ENABLED').default('ENABLED'),
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
interface Rule extends z.infer<typeof ruleSchema> {
  readonly name: string;
  readonly arn: string;
}

export function createEvents({ now, deliver, log }: EventsOptions): Events {
  const rules: Rule[] = [];
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
  return {
    addRule: (name, properties) => {
      const rule = { ...parse(properties, name), name, arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}` };
      rules.push(rule);
      const minutes = minutesOf(rule.ScheduleExpression);
      if (minutes > 0) timers.add(setInterval(() => void fire(rule), minutes * 60_000).unref());
      return rule.arn;
    },
    putEvent: (event) => {
      const envelope = envelopeOf(event, now());
      for (const rule of rules) {
        if (rule.EventPattern !== undefined && matches(rule.EventPattern, envelope)) void send(rule, envelope);
      }
    },
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

function envelopeOf(event: BusEvent, at: Date): object {
  const { source, detailType, detail, resources } = event;
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const envelope = { version: '0', id: randomUUID(), account: ACCOUNT, time, region: REGION };
  return { ...envelope, 'detail-type': detailType, source, resources, detail };
}

function parse(properties: unknown, name: string): z.infer<typeof ruleSchema> {
  const parsed = ruleSchema.safeParse(properties);
  if (parsed.success) return parsed.data;
  throw new PlatformFault(
    `The rule ${name} is not one that the local platform runs: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}.`,
    'Use functions as targets, rates, and patterns of plain values, or teach infra/local/events.ts.',
  );
}
