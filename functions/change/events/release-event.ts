import * as z from 'zod';

/** Version of the shape of events. Members may be added within one; a member that goes or changes its meaning is a new one. */
export const EVENT_SCHEMA = 1;

/** `critical`: somebody should look now. `warning`: somebody should look today. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

const reasons = z
  .array(
    z.object({ code: z.string(), message: z.string(), got: z.string().optional(), allowed: z.string().optional() }),
  )
  .describe('Why, at most 20; all of them are in the ledger.');
const segments = z.array(z.string()).describe('Empty: everything.');
const version = z.string().describe('Empty: the safe forecast.');
const stored = z.object({ bucket: z.string(), key: z.string(), versionId: z.string(), sha256: z.string() });
const stage = z.enum(['offline', 'shadow', 'canary', 'production']);
const heldStage = z.enum([...stage.options, 'change']).describe('A stage, or `change` for what is no promotion.');

/** What each event tells besides what all of them do. */
export const EVENT_DETAILS = {
  // a promotion
  'stage-entered': z.object({
    stage,
    percentage: z.number().describe('Share of the units that the version serves, 0 to 100.'),
    until: z.string().describe('UTC; the bound of the stage. Empty: it has none.'),
  }),
  'gate-judged': z.object({ stage, verdict: z.string(), reasons }),
  'approval-requested': z.object({
    stage: z.string().describe('A stage, or `change` for what is no promotion.'),
    quorum: z.number(),
    expiresAt: z.string(),
  }),
  'approval-decided': z.object({ stage: z.string(), decision: z.string(), gateStatus: z.string() }),
  'stage-held': z.object({ stage: heldStage, reasons }),
  'stage-released': z.object({ stage: heldStage }),
  'hold-excepted': z.object({ stage: heldStage, holds: z.array(z.string()), reason: z.string() }),
  'canary-step': z.object({
    step: z.number().describe('From 0.'),
    percentage: z.number().describe('Share of the units that the version serves, 0 to 100.'),
    until: z.string(),
  }),
  'exposure-ended': z.object({ stage: z.string() }),
  promoted: z.object({ reasons }),
  rejected: z.object({ reasons }),
  expired: z.object({ reasons }),
  withdrawn: z.object({ reasons }),
  'ended-by-rollback': z.object({ reasons }),
  // a critical change, before it acts
  'change-announced': z.object({
    teams: z.array(z.string()),
    leadTime: z.string().describe('ISO 8601 duration.'),
    earliestAt: z.string().describe('UTC; before that nobody is served by it, and no setting changes.'),
  }),
  'notice-acknowledged': z.object({ team: z.string() }),
  'notice-recalled': z.object({ end: z.string() }),
  // changes without a version
  'change-requested': z.object({ kind: z.string() }),
  'change-ended': z.object({ end: z.string(), reasons }),
  'model-onboarded': z.object({ policyVersion: z.number(), policyDigest: z.string() }),
  'settings-changed': z.object({ policyVersion: z.number(), policyDigest: z.string() }),
  // going back
  'rolled-back': z.object({
    ...{ from: version, to: version, cause: z.string(), requestedBy: z.string() },
    seconds: z.number().describe('From the request to the confirmed switch.'),
  }),
  'recall-opened': z.object({
    ...{ executionName: z.string(), part: z.number(), to: version, cause: z.string() },
    forecasts: z.number(),
    toCome: z.number().describe('Of them, those for days that were still to come.'),
    list: stored.optional(),
    summary: stored.optional(),
  }),
  'recall-acknowledged': z.object({
    executionName: z.string(),
    part: z.number(),
    team: z.string(),
    outcome: z.string(),
  }),
  'recall-closed': z.object({ executionName: z.string(), part: z.number(), team: z.string(), outcome: z.string() }),
  'kill-switch-thrown': z.object({
    ...{ level: z.string(), reason: z.string(), requestedBy: z.string(), expiresAt: z.string() },
    ...{ fallback: z.string(), fallbackSegments: segments },
  }),
  'kill-switch-left': z.object({ productionVersion: version }),
  'rollback-not-ready': z.object({ reasons }),
  'rollback-ready': z.object({}),
  'drill-failed': z.object({ executionName: z.string(), reasons }),
  'drill-passed': z.object({ executionName: z.string(), seconds: z.number().nullable() }),
  'alert-raised': z.object({
    ...{ alertId: z.string(), cause: z.string(), trigger: z.string(), detail: z.string() },
    rolledBack: z.boolean().describe('A rollback was started already.'),
    serves: version.nullable().describe('Null: not known.'),
    goesTo: version.nullable().describe('Where a rollback would go. Null: not known.'),
  }),
  // no silent change
  'change-noticed': z.object({
    ...{ code: z.string(), message: z.string(), got: z.string(), allowed: z.string() },
    serving: z.boolean().describe('What serves was changed.'),
  }),
  'change-over': z.object({ code: z.string(), noticed: z.number().describe('Ledger position of its notice.') }),
  'change-undone': z.object({ productionVersion: version }),
  // what is written about it
  'release-noted': z.object({
    about: z.string().describe('Name of the event that it is about.'),
    note: stored.describe('Markdown.'),
    page: stored.optional().describe('HTML.'),
  }),
} as const;
export type EventName = keyof typeof EVENT_DETAILS;
export type EventDetail<Name extends EventName> = z.infer<(typeof EVENT_DETAILS)[Name]>;

const head = {
  schema: z.literal(EVENT_SCHEMA),
  id: z.string().describe('The same fact has the same id, however often it comes: drop what you have seen.'),
  severity: z.enum(SEVERITIES),
  model: z.string().describe('`stack`: what concerns no single model.'),
  at: z.iso.datetime().describe('UTC.'),
  summary: z.string().describe('One sentence for people. Text: it holds what people and pipelines wrote.'),
  actor: z.string().describe('Name of a person, or `system:<what>`.'),
  ledgerPosition: z.int().min(1).optional().describe('Of the entry that the event tells; absent for an alert.'),
  promotionId: z.string().optional(),
  version: z.string().optional().describe('The version that it is about.'),
};

function shape<Name extends EventName>(event: Name) {
  return z.object({ ...head, event: z.literal(event), detail: EVENT_DETAILS[event] });
}

/** One fact of the ledger, or an alert, as other systems are told it: on the topic and on the bus. */
export const releaseEvent = z.discriminatedUnion('event', [
  shape('stage-entered'),
  ...[shape('gate-judged'), shape('approval-requested'), shape('approval-decided')],
  ...[
    shape('stage-held'),
    shape('stage-released'),
    shape('hold-excepted'),
    shape('canary-step'),
    shape('exposure-ended'),
  ],
  ...[shape('promoted'), shape('rejected'), shape('expired'), shape('withdrawn'), shape('ended-by-rollback')],
  ...[shape('change-announced'), shape('notice-acknowledged'), shape('notice-recalled')],
  ...[shape('change-requested'), shape('change-ended'), shape('model-onboarded'), shape('settings-changed')],
  ...[shape('rolled-back'), shape('recall-opened'), shape('recall-acknowledged'), shape('recall-closed')],
  ...[shape('kill-switch-thrown'), shape('kill-switch-left'), shape('rollback-not-ready'), shape('rollback-ready')],
  ...[shape('drill-failed'), shape('drill-passed'), shape('alert-raised')],
  ...[shape('change-noticed'), shape('change-over'), shape('change-undone'), shape('release-noted')],
]);
export type ReleaseEvent = z.infer<typeof releaseEvent>;

/** Tells other systems of an event. At least once; the id of an event stays the same. */
export type PublishEvent = (event: ReleaseEvent) => Promise<void>;
