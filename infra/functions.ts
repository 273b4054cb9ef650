import { ADVANCE_NOTICE_FUNCTIONS } from './advance-notice-functions.ts';
import { APPROVAL_FUNCTIONS } from './approval-functions.ts';
import { CONSOLE_FUNCTIONS } from './console-functions.ts';
import { DRILL_FUNCTIONS } from './drill-functions.ts';
import type { FunctionSpec } from './function-spec.ts';
import { INFERENCE_FUNCTIONS } from './inference-functions.ts';
import { KILL_SWITCH_FUNCTIONS } from './kill-switch-functions.ts';
import { RECALL_FUNCTIONS } from './recall-functions.ts';
import { RECONCILE_FUNCTIONS } from './reconcile-functions.ts';
import { ROLLBACK_FUNCTIONS } from './rollback-functions.ts';
import { SIGN_IN_FUNCTIONS } from './sign-in-functions.ts';
import { WATCH_FUNCTIONS } from './watch-functions.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/** Every function of the stack. One role each; no function holds both pointer:deploy and callback:send. */
export const FUNCTIONS = [
  {
    name: 'register-change',
    entry: 'functions/registry/register-change.lambda.ts',
    description: 'Registers an onboarding or a change of owner, approvers, teams or policy.',
    config: [...LEDGER, 'FIRST_APPROVERS', 'EVIDENCE_BUCKET', 'INCOMING_PREFIXES', 'RETENTION_DAYS', 'RETENTION_MODE'],
    // An adopted version's artifact is copied into the locked area.
    access: ['registry:read', 'registry:write', 'ledger:append', 'incoming:read', 'evidence:read', 'evidence:write'],
  },
  {
    name: 'apply-change',
    entry: 'functions/registry/apply-change.lambda.ts',
    description: 'Carries out an approved onboarding or change.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'APPCONFIG_APPLICATION_ID'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'pointer:read', 'pointer:onboard'],
  },
  {
    name: 'register-candidate',
    entry: 'functions/promotion/register-candidate.lambda.ts',
    description: 'Registers a candidate: all faults at once, evidence copied and pinned by digest.',
    config: [...LEDGER, 'EVIDENCE_BUCKET', 'INCOMING_PREFIXES', 'RETENTION_DAYS', 'RETENTION_MODE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'incoming:read', 'evidence:read', 'evidence:write'],
    memoryMb: 1024,
    timeoutSeconds: 300,
  },
  {
    name: 'judge',
    entry: 'functions/evidence/judge.lambda.ts',
    description: 'Judges the evidence of a gate and writes its reports.',
    config: [
      ...LEDGER,
      'EVIDENCE_BUCKET',
      'PREDICTION_BUCKET',
      'RETENTION_DAYS',
      'RETENTION_MODE',
      'SPLIT_ABOVE_MB',
      'FREEZES',
    ],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'evidence:read',
      'evidence:write',
      'work:use',
      'predictions:read',
    ],
    memoryMb: 3008,
    timeoutSeconds: 900,
    // Ten million rows and their history are inflated there, and the engine spills there.
    temporaryMb: 10_240,
    duckdb: true,
  },
  ...WATCH_FUNCTIONS,
  {
    name: 'sign-manifest',
    entry: 'functions/promotion/sign-manifest.lambda.ts',
    description: 'Signs the manifest of a candidate that passed the offline gate.',
    config: [...LEDGER, 'EVIDENCE_BUCKET', 'SIGNING_KEY_ID', 'POINTER_PUBLIC_KEY', 'RETENTION_DAYS', 'RETENTION_MODE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'evidence:read', 'evidence:write', 'sign:pointer'],
  },
  {
    name: 'open-gate',
    entry: 'functions/approval/open-gate.lambda.ts',
    description: 'Opens the gate at which people let a promotion into its next stage.',
    config: [...LEDGER, 'APPROVALS_TABLE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'approvals:write'],
  },
  {
    name: 'request-approval',
    entry: 'functions/approval/request-approval.lambda.ts',
    description: 'Keeps the task token and emails one link to each approver.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'APPROVAL_BASE_URL', 'SENDER_EMAIL'],
    access: ['registry:read', 'approvals:read', 'approvals:write', 'evidence:read', 'email:send'],
  },
  {
    name: 'show-approval',
    entry: 'functions/approval/show-approval.lambda.ts',
    description: 'Shows the approval page. Changes nothing.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'FREEZES', 'OIDC_ISSUER'],
    access: ['registry:read', 'approvals:read', 'evidence:read'],
  },
  {
    name: 'decide-approval',
    entry: 'functions/approval/decide-approval.lambda.ts',
    description: 'Takes the decision that an approver posts.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'FREEZES', 'OIDC_ISSUER'],
    access: ['registry:read', 'ledger:append', 'approvals:read', 'approvals:write', 'evidence:read', 'callback:send'],
  },
  {
    name: 'read-gate',
    entry: 'functions/approval/read-gate.lambda.ts',
    description: 'Reads what the table says of a gate, whatever woke the execution.',
    config: [...LEDGER, 'APPROVALS_TABLE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'approvals:write'],
  },
  {
    name: 'repeat-callbacks',
    entry: 'functions/approval/repeat-callbacks.lambda.ts',
    description: 'Repeats the callback of gates that were closed while their execution still waits.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE'],
    access: ['registry:read', 'approvals:read', 'callback:send'],
  },
  ...APPROVAL_FUNCTIONS,
  ...SIGN_IN_FUNCTIONS,
  {
    name: 'prepare-return',
    entry: 'functions/pointer/prepare-return.lambda.ts',
    description: 'Builds, signs, stores and reads back the document to go back to.',
    config: [...LEDGER, 'EVIDENCE_BUCKET', 'APPCONFIG_APPLICATION_ID', 'SIGNING_KEY_ID', 'POINTER_PUBLIC_KEY'],
    // The artifact that would be gone back to is read and hashed.
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'evidence:read',
      'pointer:read',
      'pointer:version',
      'sign:pointer',
    ],
    timeoutSeconds: 60,
  },
  {
    name: 'move-pointer',
    entry: 'functions/pointer/move-pointer.lambda.ts',
    description: 'Moves the pointer to what was approved: the candidate as shadow, as canary, as production.',
    config: [
      ...LEDGER,
      'APPROVALS_TABLE',
      'EVIDENCE_BUCKET',
      'APPCONFIG_APPLICATION_ID',
      'INSTANT_STRATEGY_ID',
      'SIGNING_KEY_ID',
      'POINTER_PUBLIC_KEY',
      'RETENTION_DAYS',
      'RETENTION_MODE',
    ],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'approvals:read',
      'evidence:read',
      'evidence:write',
      'pointer:read',
      'pointer:version',
      'pointer:deploy',
      'sign:pointer',
    ],
    timeoutSeconds: 60,
  },
  {
    name: 'end-exposure',
    entry: 'functions/pointer/end-exposure.lambda.ts',
    description: 'Takes a candidate out of the pointer: the document without it goes out, production alone serves.',
    config: [...LEDGER, 'APPCONFIG_APPLICATION_ID', 'INSTANT_STRATEGY_ID', 'POINTER_PUBLIC_KEY'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'pointer:read', 'pointer:deploy'],
    timeoutSeconds: 60,
  },
  {
    name: 'vouch',
    entry: 'functions/pointer/vouch.lambda.ts',
    description: 'Refuses a pointer document that no recorded decision stands behind (AppConfig extension).',
    config: ['REGISTRY_TABLE', 'LEDGER_TABLE', 'POINTER_PUBLIC_KEY', 'LEDGER_PUBLIC_KEY', 'APPCONFIG_APPLICATION_ID'],
    access: ['registry:read', 'ledger:read'],
    timeoutSeconds: 4,
  },
  {
    name: 'close-promotion',
    entry: 'functions/promotion/close-promotion.lambda.ts',
    description: 'Records the end of a promotion or change and frees its model.',
    config: [...LEDGER, 'APPROVALS_TABLE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'approvals:write'],
  },
  {
    name: 'close-dead-promotion',
    entry: 'functions/promotion/close-dead-promotion.lambda.ts',
    description:
      'Closes promotions whose execution no longer runs, has a candidate taken out that it left, and tells the people.',
    config: [
      ...LEDGER,
      'APPROVALS_TABLE',
      'SENDER_EMAIL',
      'ROLLBACK_STATE_MACHINE_ARN',
      'APPCONFIG_APPLICATION_ID',
      'INSTANT_STRATEGY_ID',
      'POINTER_PUBLIC_KEY',
    ],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'approvals:read',
      'approvals:write',
      'execution:read',
      'rollback:start',
      'pointer:read',
      'pointer:deploy',
      'email:send',
    ],
    timeoutSeconds: 60,
  },
  {
    name: 'release-note',
    entry: 'functions/change/release-note/release-note.lambda.ts',
    description: 'Writes release notes from facts, and the change log of a model from its ledger.',
    config: [...LEDGER, 'EVIDENCE_BUCKET', 'RETENTION_DAYS', 'RETENTION_MODE'],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'ledger:read',
      'evidence:read',
      'evidence:write',
      'change-logs:write',
    ],
    memoryMb: 1024,
    timeoutSeconds: 120,
  },
  {
    name: 'send-notice',
    entry: 'functions/change/send-notice.lambda.ts',
    description: 'Tells owner and downstream teams of canaries, and how a promotion, change or rollback ended.',
    config: ['REGISTRY_TABLE', 'LEDGER_TABLE', 'EVIDENCE_BUCKET', 'SENDER_EMAIL'],
    // Evidence, because teams are told a release by its note, which is made of the reports.
    access: ['registry:read', 'letters:mark', 'ledger:read', 'evidence:read', 'email:send'],
  },
  {
    name: 'publish-events',
    entry: 'functions/change/events/publish-events.lambda.ts',
    description: 'Tells other systems of each new entry of the ledger, on the topic and on the bus of events.',
    config: ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_PUBLIC_KEY', 'EVENT_TOPIC_ARN', 'EVENT_BUS_NAME'],
    // Reports, because the stream hands on what it could not process through its own role.
    access: ['registry:read', 'ledger:read', 'events:publish', 'failure:report'],
  },
  ...ROLLBACK_FUNCTIONS,
  ...ADVANCE_NOTICE_FUNCTIONS,
  ...DRILL_FUNCTIONS,
  ...RECALL_FUNCTIONS,
  {
    name: 'anchor-ledger',
    entry: 'functions/ledger/anchor-ledger.lambda.ts',
    description: 'Anchors the heads of the ledger under Object Lock; raises an alarm when a row is changed or removed.',
    config: [
      'REGISTRY_TABLE',
      'LEDGER_TABLE',
      'LEDGER_PUBLIC_KEY',
      'EVIDENCE_BUCKET',
      'RETENTION_DAYS',
      'RETENTION_MODE',
    ],
    // Publishes, because the stream hands it what it could not process through its own role.
    access: ['registry:read', 'ledger:read', 'anchors:write', 'failure:report'],
  },
  ...RECONCILE_FUNCTIONS,
  ...INFERENCE_FUNCTIONS,
  ...KILL_SWITCH_FUNCTIONS,
  ...CONSOLE_FUNCTIONS,
  {
    name: 'describe-release',
    entry: 'functions/registry/describe-release.lambda.ts',
    description: 'Answers which version served at a moment, since when, why, and who approved it.',
    config: ['LEDGER_TABLE'],
    access: ['ledger:read'],
  },
  {
    name: 'public-key',
    entry: 'functions/platform/public-key.lambda.ts',
    description: 'Reads a public key from KMS at deploy (custom resource).',
    config: [],
    access: ['keys:read'],
  },
] as const satisfies readonly FunctionSpec[];

export type FunctionName = (typeof FUNCTIONS)[number]['name'];
