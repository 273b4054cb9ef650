import type { FunctionName } from '../functions.ts';

interface LogAlarm {
  readonly signal: string;
  readonly message: string;
  /** One function, or several that log the same message. */
  readonly logOf: FunctionName | readonly FunctionName[];
  readonly impact: string;
}

/** Signals that a handler logs as the message of an error line. */
export const LOG_ALARMS = [
  {
    signal: 'callback-forged',
    message: 'CALLBACK_FORGED',
    logOf: 'read-gate',
    impact: 'Somebody answered an approval wait without a recorded decision; the gate held, but the attempt was made.',
  },
  {
    signal: 'ledger-tampered',
    message: 'LEDGER_TAMPERED',
    logOf: 'anchor-ledger',
    impact: 'A ledger row was changed or removed; what the ledger says from there on proves nothing.',
  },
  {
    signal: 'change-noticed',
    message: 'CHANGE_NOTICED',
    logOf: 'reconcile',
    impact:
      'What runs is not what was decided: a document, a strategy, a way back or a policy was changed past the flow.',
  },
  {
    signal: 'account-changed',
    message: 'ACCOUNT_CHANGED',
    logOf: 'watch-trail',
    impact: 'Somebody changed what the guarantees rest on: a function, a role, a table, an extension, or a deployment.',
  },
  {
    signal: 'email-not-sent',
    message: 'EMAIL_NOT_SENT',
    logOf: 'request-approval',
    impact: 'An approver was not asked: the gate may expire for want of a decision that nobody knew to take.',
  },
  {
    signal: 'approver-not-told',
    message: 'APPROVER_NOT_TOLD',
    logOf: 'attend-gates',
    impact: 'Somebody who was asked was not reminded, or was not told how it ended.',
  },
  {
    signal: 'email-came-back',
    message: 'EMAIL_CAME_BACK',
    logOf: 'mail-bounced',
    impact: 'An email bounced, was complained of, or was rejected: somebody may not know what they are asked or told.',
  },
  {
    signal: 'decision-failed',
    message: 'DECISION_FAILED',
    logOf: 'decide-approval',
    impact: 'An approver decided and the decision was not taken: the promotion goes on waiting.',
  },
  {
    signal: 'page-failed',
    message: 'PAGE_FAILED',
    logOf: 'show-approval',
    impact: 'An approver opened the link and could not see what is asked.',
  },
  {
    signal: 'alert-page-failed',
    message: 'PAGE_FAILED',
    logOf: 'show-rollback',
    impact: 'Somebody followed the link of an alert and could not see how it stands.',
  },
  {
    signal: 'rollback-not-started',
    message: 'ROLLBACK_NOT_STARTED',
    logOf: 'request-rollback',
    impact: 'Somebody asked for a rollback from the link of an alert, and it may not have started.',
  },
  {
    signal: 'alert-not-sent',
    message: 'ALERT_NOT_SENT',
    logOf: ['guard', 'answer-alarm', 'reconcile', 'check-readiness', 'record-drill'],
    impact: 'Somebody who could roll a model back was not told that there may be a reason to.',
  },
  {
    signal: 'notice-not-sent',
    message: 'NOTICE_NOT_SENT',
    logOf: ['send-notice', 'kill-switch', 'remind-kill-switch', 'close-dead-promotion'],
    impact: 'Somebody whom a release, a rollback or a kill switch concerns was not told of it by email.',
  },
  {
    signal: 'event-not-published',
    message: 'EVENT_NOT_PUBLISHED',
    logOf: 'publish-events',
    impact: 'Other systems are not told of an entry of the ledger, because it could not be read.',
  },
  {
    signal: 'recall-not-sent',
    message: 'RECALL_NOT_SENT',
    logOf: 'recall',
    impact: 'A team was not told that forecasts it acts by were withdrawn.',
  },
  {
    signal: 'recall-page-failed',
    message: 'RECALL_PAGE_FAILED',
    logOf: 'show-recall',
    impact: 'A team opened the link of a recall and could not see what is recalled.',
  },
  {
    signal: 'acknowledgement-failed',
    message: 'ACKNOWLEDGEMENT_FAILED',
    logOf: 'acknowledge-recall',
    impact: 'A team acknowledged a recall and it was not taken: the recall stays open, and the team is reminded.',
  },
  {
    signal: 'advance-notice-not-sent',
    message: 'ADVANCE_NOTICE_NOT_SENT',
    logOf: ['attend-notices', 'may-expose'],
    impact:
      'A team does not know of a critical change ahead, which waits for that, or that it does not come; or an approver of a hold.',
  },
  {
    signal: 'notice-page-failed',
    message: 'NOTICE_PAGE_FAILED',
    logOf: 'show-notice',
    impact: 'Somebody opened the link of a notice and could not see what is to change, or what holds it.',
  },
  {
    signal: 'notice-answer-failed',
    message: 'NOTICE_ANSWER_FAILED',
    logOf: 'answer-notice',
    impact: 'An acknowledgement or an exception was not taken: the promotion may go on waiting.',
  },
  {
    signal: 'callbacks-not-read',
    message: 'CALLBACKS_NOT_READ',
    logOf: 'repeat-callbacks',
    impact:
      'Whether a model waits for a lost callback cannot be told; a promotion may stay waiting after its gate closed.',
  },
  {
    signal: 'guard-warning',
    message: 'GUARD_WARNING',
    logOf: 'guard',
    impact:
      'Something is amiss with a version that serves; it is no reason to go back, or going back alone does not help.',
  },
  {
    signal: 'guard-silent',
    message: 'GUARD_SILENT',
    logOf: 'guard',
    impact:
      'Forecasts or outcomes that are usual have stayed away: nobody can tell how the version that serves is doing, and nothing confirms it.',
  },
  {
    signal: 'rollback-not-ready',
    message: 'ROLLBACK_NOT_READY',
    logOf: 'check-readiness',
    impact: 'A model cannot be gone back from as it should be; its next canary is held until it can.',
  },
  {
    signal: 'drill-not-passed',
    message: 'DRILL_NOT_PASSED',
    logOf: 'record-drill',
    impact: 'A rehearsed rollback failed or was too slow; a real one may be, too, and the next canary is held.',
  },
  {
    signal: 'kill-switch-expired',
    message: 'KILL_SWITCH_EXPIRED',
    logOf: 'remind-kill-switch',
    impact: 'A safe forecast serves for longer than whoever threw the kill switch meant, and nobody has looked at it.',
  },
  {
    signal: 'kill-switch-not-recorded',
    message: 'KILL_SWITCH_NOT_RECORDED',
    logOf: 'kill-switch',
    impact: 'A kill switch stopped what it should, but registry or ledger do not say so; a promotion may stay open.',
  },
] as const satisfies readonly LogAlarm[];

/** The same, where people sign in. */
export const SIGN_IN_LOG_ALARMS = [
  {
    signal: 'sign-in-unavailable',
    message: 'SIGN_IN_UNAVAILABLE',
    logOf: 'sign-in',
    impact: 'The issuer, or the table of sessions, does not answer: nobody can sign in, and requests wait.',
  },
] as const satisfies readonly LogAlarm[];
