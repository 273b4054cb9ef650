import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApprovalStore } from '../approval/approval-store.ts';
import { ApprovalWrites } from '../approval/approval-writes.ts';
import { withdrawOpenGate } from '../approval/close-gate.ts';
import { LinkStore } from '../approval/link-store.ts';
import type { WayBackPorts } from '../approval/way-back.ts';
import { noticeLink } from '../change/advance-notice/notice-item.ts';
import type { SendByLinkPorts } from '../change/advance-notice/send-by-link.ts';
import { busPublisher } from '../change/events/event-bus-store.ts';
import { publisherTo } from '../change/events/event-message.ts';
import { topicPublisher } from '../change/events/event-topic-store.ts';
import { type FreezePeriod, freezeCalendar } from '../change/freeze.ts';
import { DrillStore } from '../drill/drill-store.ts';
import { ReadinessStore } from '../drill/readiness-store.ts';
import { EvidenceStore } from '../evidence/evidence-store.ts';
import { KillSwitchStore } from '../kill-switch/kill-switch-store.ts';
import { LedgerReader } from '../ledger/ledger-reader-store.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import type { EndExposurePorts } from '../pointer/end-exposure.ts';
import { ExposureEndWrites } from '../pointer/exposure-end-store.ts';
import type { ClosePorts } from '../promotion/close-promotion.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { AlertStore } from '../rollback/alert/alert-store.ts';
import type { AlertPorts } from '../rollback/alert/send-alert.ts';
import { SessionStore } from '../sign-in/session-store.ts';
import type { SignInPorts } from '../sign-in/standing.ts';
import { appConfig, dynamo, eventBridge, inferenceS3, kms, s3, ses, sns } from './clients.ts';
import { systemClock } from './clock.ts';
import { config, optionalConfig } from './config.ts';
import { sesSender } from './email-store.ts';
import { approvalKeys, evidencePaths } from './keys.ts';
import { logger } from './logger.ts';
import { systemActor } from './people.ts';
import { kmsSigner } from './signing-store.ts';

/*
 * The stores as the stack configures them. Entries import this file as a namespace, so that a bundle holds what its entry
 * calls and nothing else.
 */

export const registry = () => new RegistryStore(dynamo(), config('REGISTRY_TABLE'));
export const registryWrites = () => new RegistryWrites(config('REGISTRY_TABLE'));
export const approvals = () => new ApprovalStore(dynamo(), config('APPROVALS_TABLE'));
export const approvalWrites = () => new ApprovalWrites(config('APPROVALS_TABLE'));
export const killSwitches = () => new KillSwitchStore(dynamo(), config('REGISTRY_TABLE'));
export const evidence = () => new EvidenceStore(s3(), config('EVIDENCE_BUCKET'));
export const inferenceEvidence = () => new EvidenceStore(inferenceS3(), config('EVIDENCE_BUCKET'));
export const ledger = () =>
  new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  });
export const ledgerReader = () => new LedgerReader(dynamo(), config('LEDGER_TABLE'));
/** Tells other systems of an event, on the topic and on the bus. */
export const eventPublisher = () =>
  publisherTo(topicPublisher(sns(), config('EVENT_TOPIC_ARN')), busPublisher(eventBridge(), config('EVENT_BUS_NAME')));
/** S3 URI prefixes from which candidates may be taken. */
export const incomingPrefixes = (): readonly string[] => [
  `s3://${config('EVIDENCE_BUCKET')}/${evidencePaths.incomingPrefix}`,
  ...(process.env['INCOMING_PREFIXES'] ?? '').split(',').filter((prefix) => prefix !== ''),
];
/** What is read of the way back that an approver is shown. */
export const wayBack = (): WayBackPorts => ({
  registry: registry(),
  readiness: new ReadinessStore(dynamo(), config('REGISTRY_TABLE')),
  drills: new DrillStore(dynamo(), config('REGISTRY_TABLE')),
});
/** What taking a candidate out of the pointer reads and writes. */
export const exposureEnding = (): EndExposurePorts => ({
  registry: registry(),
  writes: new ExposureEndWrites(config('REGISTRY_TABLE')),
  ledger: ledger(),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  strategyId: config('INSTANT_STRATEGY_ID'),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  now: () => systemClock().toISOString(),
  sleep: (milliseconds) => sleep(milliseconds),
});
/** What telling the people of a model that it may have to go back reads and writes. */
export const alerting = (): AlertPorts => ({
  registry: registry(),
  alerts: new AlertStore(dynamo(), config('APPROVALS_TABLE')),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  publish: eventPublisher(),
  onUndelivered: ({ id }, count) => logger.error('ALERT_NOT_SENT', { alertId: id, count }),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
  now: () => systemClock().toISOString(),
});
/** What writing to the approvers of a gate reads and writes. */
export const writingToApprovers = () => ({
  ...{ registry: registry(), approvals: approvals(), approvalWrites: approvalWrites(), evidence: evidence() },
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
});
/** Links of teams that are told of a critical change, and of approvers who may make an exception. */
export const noticeLinks = () =>
  new LinkStore(dynamo(), config('APPROVALS_TABLE'), {
    ...{ schema: noticeLink, key: approvalKeys.noticeLink, what: 'A link of a notice' },
  });
export const sessions = () => new SessionStore(dynamo(), config('APPROVALS_TABLE'));
/** What tells who opened a page; null where the stack has no issuer. */
export const signIn = (): SignInPorts => {
  const issuer = optionalConfig('OIDC_ISSUER');
  return issuer === null ? null : { sessions: sessions(), issuer };
};
/** What sending such a link reads and writes. */
export const noticeSending = (): SendByLinkPorts => ({
  links: noticeLinks(),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
  now: () => systemClock().toISOString(),
  onUndelivered: (promotionId, cause) =>
    logger.error('ADVANCE_NOTICE_NOT_SENT', { promotionId, error: cause instanceof Error ? cause.name : 'Error' }),
});
/** Times in which no candidate of any model begins to serve. */
export const freezes = (): readonly FreezePeriod[] => freezeCalendar.parse(JSON.parse(config('FREEZES')));
/** What ending a run reads and writes, with its open gate withdrawn under the name of who ends it. */
export const closing = (who: string): ClosePorts => {
  const gates = { approvals: approvals(), approvalWrites: approvalWrites(), ledger: ledger() };
  return {
    ...{ registry: registry(), writes: registryWrites(), ledger: gates.ledger },
    withdrawGate: ({ promotionId }, reason, at) =>
      withdrawOpenGate(gates, promotionId, { reason, at, actor: systemActor(who) }),
  };
};
