/** Every DynamoDB key and S3 path of the product, built here and nowhere else. */

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const modelPartition = (model: string) => `model#${model}`;
const gatePartition = (promotionId: string) => `gate#${promotionId}`;

/** Registry table, keys `(pk, sk)`: everything of one model lies in one partition. */
export const registryKeys = {
  /** One row per model that exists, so that schedules can walk over all of them. */
  listedModel: (model: string): ItemKey => ({ pk: 'models', sk: model }),
  modelList: 'models',
  model: (model: string): ItemKey => ({ pk: modelPartition(model), sk: 'model' }),
  policy: (model: string, policyVersion: number): ItemKey => ({
    pk: modelPartition(model),
    sk: `policy#${String(policyVersion).padStart(6, '0')}`,
  }),
  version: (model: string, version: string): ItemKey => ({ pk: modelPartition(model), sk: `version#${version}` }),
  versionPrefix: 'version#',
  promotion: (model: string, promotionId: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `promotion#${promotionId}`,
  }),
  /** A registration that was refused: the id is spent, and a repeated step answers the same. */
  refusal: (model: string, promotionId: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `refusal#${promotionId}`,
  }),
  /**
   * Exists while a promotion, a change, or the end of a kill switch of the model runs; at most one of each can. All lie in one partition, because
   * an onboarding runs before its model is listed, and schedules must find it too.
   */
  inFlight: (model: string, kind: 'promotion' | 'change' | 'restore'): ItemKey => ({
    pk: 'in-flight',
    sk: `${model}#${kind}`,
  }),
  inFlightPartition: 'in-flight',
  /** The document to go back to that serves `version`; `version` empty: the safe forecast alone. */
  returnDocument: (model: string, version: string): ItemKey => ({ pk: modelPartition(model), sk: `return#${version}` }),
  returnPrefix: 'return#',
  /** Documents to go back to, and versions, in one query; what else lies between them is small. */
  waysBack: { from: 'return#', to: 'version$' },
  /** The decision under which one pointer document may go out; the vouching extension looks it up by document digest. */
  intent: (model: string, documentSha256: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `intent#${documentSha256}`,
  }),
  /** A candidate was taken out of the pointer, once per deployment that did it. */
  exposureEnd: (model: string, promotionId: string, deploymentNumber: number): ItemKey => ({
    pk: modelPartition(model),
    sk: `exposure-end#${promotionId}#${deploymentNumber}`,
  }),
  /** The kill switch that stands for the model; at most one. */
  killSwitch: (model: string): ItemKey => ({ pk: modelPartition(model), sk: 'kill-switch' }),
  /** A shadow, canary or candidate that a kill switch stopped, once per promotion. */
  stoppedCandidate: (model: string, promotionId: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `kill-switch#${promotionId}`,
  }),
  killSwitchPrefix: 'kill-switch',
  /** A rollback was intended, once per execution. */
  rollbackIntent: (model: string, executionName: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `rollback#${executionName}#intent`,
  }),
  /** A rollback was recorded, once per execution. */
  rollbackRecord: (model: string, executionName: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `rollback#${executionName}#record`,
  }),
  /** A rollback of which it is still looked for what its version had handed downstream. */
  pendingRecall: (model: string, executionName: string): ItemKey => ({
    pk: 'pending-recalls',
    sk: `${model}#${executionName}`,
  }),
  pendingRecallPartition: 'pending-recalls',
  /** What a withdrawn version had handed downstream; `part` counts the lists of one rollback from 1. */
  recall: (model: string, executionName: string, part: number): ItemKey => ({
    pk: modelPartition(model),
    sk: `${registryKeys.recallPrefix}${executionName}#${String(part).padStart(4, '0')}`,
  }),
  recallPrefix: 'recall#',
  /** Exists while teams are still asked about a recall; those of all models lie in one partition. */
  openRecall: (model: string, executionName: string, part: number): ItemKey => ({
    pk: 'open-recalls',
    sk: `${model}#${executionName}#${String(part).padStart(4, '0')}`,
  }),
  openRecallPartition: 'open-recalls',
  /** Exists while the notice of a critical promotion may have to be sent, repeated or taken back. */
  openNotice: (model: string, promotionId: string): ItemKey => ({ pk: 'open-notices', sk: `${model}#${promotionId}` }),
  openNoticePartition: 'open-notices',
  /** What the guard found of the version that was promoted last. */
  guard: (model: string): ItemKey => ({ pk: modelPartition(model), sk: 'guard' }),
  /** Whether the model can be gone back from, as the newest check found it. */
  readiness: (model: string): ItemKey => ({ pk: modelPartition(model), sk: 'readiness' }),
  /** A drill as it was recorded, once per execution; in the order in which they were started (UTC). */
  drill: (model: string, startedAt: string, executionName: string): ItemKey => ({
    pk: modelPartition(model),
    sk: `drill#${startedAt}#${executionName}`,
  }),
  drillPrefix: 'drill#',
  /** Held by the drill that uses the environment `drill`, which all models share. */
  drillLease: { pk: 'drill', sk: 'lease' } satisfies ItemKey,
  /** What the reconciler saw of the model that does not fit. */
  reconciled: (model: string): ItemKey => ({ pk: modelPartition(model), sk: 'reconciled' }),
  /** A deployment that nobody decided was undone, once per deployment. */
  undone: (model: string, deploymentNumber: number): ItemKey => ({
    pk: modelPartition(model),
    sk: `undone#${deploymentNumber}`,
  }),
  /** The release note of the fact at this position of the ledger is written, once. */
  notedFact: (model: string, seq: number): ItemKey => ({
    pk: modelPartition(model),
    sk: `note#${String(seq).padStart(12, '0')}`,
  }),
  /** A letter about an event (its id) to one mailbox (its digest) went out, or is about to, once. */
  letter: (eventId: string, mailboxSha256: string): ItemKey => ({
    pk: `${registryKeys.letterPrefix}${eventId}`,
    sk: mailboxSha256,
  }),
  letterPrefix: 'letter#',
  /** How far CloudTrail's event history was read. */
  trailCursor: { pk: 'trail', sk: 'cursor' },
  /** An event of CloudTrail is in the ledger, once. */
  trailEvent: (eventId: string): ItemKey => ({ pk: 'trail', sk: `event#${eventId}` }),
  /** Who started an execution is in the ledger, once. */
  principal: (executionArn: string): ItemKey => ({ pk: 'trail', sk: `execution#${executionArn}` }),
  partition: modelPartition,
} as const;

/** Approvals table, keys `(pk, sk)`. */
export const approvalKeys = {
  gate: (promotionId: string, stage: string, round: number): ItemKey => ({
    pk: gatePartition(promotionId),
    sk: `${stage}#${String(round).padStart(4, '0')}`,
  }),
  /** The task token that the waiting execution holds; lies here and nowhere else. */
  token: (promotionId: string, stage: string, round: number): ItemKey => ({
    pk: gatePartition(promotionId),
    sk: `${stage}#${String(round).padStart(4, '0')}#token`,
  }),
  request: (requestId: string): ItemKey => ({ pk: `request#${requestId}`, sk: 'request' }),
  /** Says that people are still to be told of a gate; all such are in one partition. */
  attended: (promotionId: string, stage: string, round: number): ItemKey => ({
    pk: 'attended-gates',
    sk: `${promotionId}#${stage}#${String(round).padStart(4, '0')}`,
  }),
  /** The link by which one team acknowledges one recall. */
  recallLink: (linkId: string): ItemKey => ({ pk: `recall-link#${linkId}`, sk: 'link' }),
  /** The link of a team that is told of a critical change, or of an approver who may make an exception. */
  noticeLink: (linkId: string): ItemKey => ({ pk: `notice-link#${linkId}`, sk: 'link' }),
  /** One person's link of one alert. */
  alertLink: (linkId: string): ItemKey => ({ pk: `alert-link#${linkId}`, sk: 'link' }),
  /** Somebody who is signed in, under the digest of what their browser holds. */
  session: (digest: string): ItemKey => ({ pk: `${approvalKeys.sessionPrefix}${digest}`, sk: 'session' }),
  sessionPrefix: 'session#',
  /** Says that an alert was published on the topic. */
  alertPublished: (alertId: string): ItemKey => ({ pk: `alert#${alertId}`, sk: 'published' }),
} as const;

/**
 * Evidence bucket. Everything outside `incoming/`, `work/` and `change-logs/` is written once, with If-None-Match and under
 * retention.
 */
export const evidencePaths = {
  incomingPrefix: 'incoming/',
  candidate: (promotionId: string, name: 'artifact' | 'backtest' | 'history') => `candidates/${promotionId}/${name}`,
  /** One of the artifacts of a gate, for example `evidence/<id>/offline/evaluation-report.json`. */
  evidence: (promotionId: string, stage: string, name: string) =>
    `${evidencePaths.evidencePrefix}${promotionId}/${stage}/${name}`,
  evidencePrefix: 'evidence/',
  /** What one part of a promotion's large backtest is handed on as; not locked, and expires. */
  work: (promotionId: string, shard: number, name: string) =>
    `${evidencePaths.workPrefix}${promotionId}/${String(shard).padStart(4, '0')}/${name}`,
  workPrefix: 'work/',
  manifest: (promotionId: string) => `manifests/${promotionId}/manifest.dsse.json`,
  /** The first signed manifest of a version, under a name that inference can build; its artifact never changes. */
  versionManifest: (model: string, version: string) => `manifests/by-version/${model}/${version}.dsse.json`,
  /** The artifact of a version that an onboarding takes over. */
  adopted: (promotionId: string) => `candidates/${promotionId}/artifact`,
  deploymentStatement: (promotionId: string) => `manifests/${promotionId}/deployment.dsse.json`,
  /** Of a promotion or a change. */
  releaseNote: (promotionId: string, extension: NoteExtension) =>
    `${evidencePaths.releaseNotesPrefix}${promotionId}.${extension}`,
  releaseNotesPrefix: 'release-notes/',
  /** Of the rollback at this position of the ledger. */
  rollbackNote: (model: string, seq: number, extension: NoteExtension) =>
    `${evidencePaths.releaseNotesPrefix}rollbacks/${model}/${String(seq).padStart(12, '0')}.${extension}`,
  /** What became of a model, the newest first. Made anew from the ledger each time, so that it is not locked. */
  changeLog: (model: string, extension: NoteExtension) =>
    `${evidencePaths.changeLogsPrefix}${model}/change-log.${extension}`,
  changeLogsPrefix: 'change-logs/',
  /** What one drill found. */
  drill: (model: string, executionName: string) => `${evidencePaths.drillsPrefix}${model}/${executionName}.json`,
  /** The trend of a model's drills as it was after one of them, for machines and as a page. */
  drillTrend: (model: string, executionName: string, extension: 'json' | 'html') =>
    `${evidencePaths.drillsPrefix}${model}/${executionName}-trend.${extension}`,
  drillsPrefix: 'drills/',
  anchor: (model: string, seq: number) => `${evidencePaths.anchorPrefix(model)}${String(seq).padStart(12, '0')}.json`,
  anchorPrefix: (model: string) => `anchors/${model}/`,
} as const;

type NoteExtension = 'md' | 'html';

/**
 * Prediction bucket. `predictions/` is written by inference and never changed; `outcomes/` by whoever knows the sales;
 * `requests/` by whoever wants a batch forecast. `handed-over/` is what inference left to do later, and expires. `recalls/`
 * says which predictions a rollback supersedes; like them it is written once.
 */
export const predictionPaths = {
  /** One object per request, arm and version: gzipped NDJSON. `asOf` is the business date of the request. */
  prediction: (of: {
    readonly model: string;
    readonly asOf: string;
    readonly arm: string;
    readonly version: string;
    readonly requestId: string;
    readonly revision: number;
  }) =>
    `${predictionPaths.asOfPrefix(of.model, of.asOf)}arm=${of.arm}/version=${of.version}/${of.requestId}-${of.revision}.ndjson.gz`,
  asOfPrefix: (model: string, asOf: string) => `${predictionPaths.modelPrefix(model)}date=${asOf}/`,
  modelPrefix: (model: string) => `${predictionPaths.predictionsPrefix}model=${model}/`,
  predictionsPrefix: 'predictions/',
  /** A whole business day; of several objects the one with the latest `asof` (UTC, basic format) counts. */
  outcomes: (date: string, asof: string, extension: 'csv.gz' | 'parquet') =>
    `${predictionPaths.outcomesOf(date)}asof=${asof}.${extension}`,
  outcomesOf: (date: string) => `${predictionPaths.outcomesPrefix}date=${date}/`,
  outcomesPrefix: 'outcomes/',
  requestsPrefix: 'requests/',
  /** The requests that a version is still to forecast for the log, where an event cannot hold them. */
  handedOver: (of: {
    readonly model: string;
    readonly version: string;
    readonly requestId: string;
    readonly revision: number;
  }) =>
    `${predictionPaths.handedOverPrefix}model=${of.model}/version=${of.version}/${of.requestId}-${of.revision}.json.gz`,
  handedOverPrefix: 'handed-over/',
  /** The forecasts that a rollback recalls, beside the log, which stays as it is: gzipped NDJSON, written once. */
  recallList: (of: RecallName) => `${predictionPaths.recallListsPrefix}${recallPath(of)}.ndjson.gz`,
  /** What they come to, as JSON; apart from the lists, of which a table reads every object. */
  recallSummary: (of: RecallName) => `${predictionPaths.recallsPrefix}summaries/${recallPath(of)}.json`,
  recallListsPrefix: 'recalls/lists/',
  recallsPrefix: 'recalls/',
} as const;

interface RecallName {
  readonly model: string;
  readonly executionName: string;
  readonly part: number;
}

function recallPath({ model, executionName, part }: RecallName): string {
  return `model=${model}/execution=${executionName}/part=${String(part).padStart(4, '0')}`;
}

/** Every key that `predictionPaths.prediction` builds, and no other; the version may be the name of a safe forecast. */
export const PREDICTION_KEY =
  /^predictions\/model=[a-z][a-z0-9-]{0,31}\/date=\d{4}-\d{2}-\d{2}\/arm=(production|canary|fallback|shadow)\/version=[A-Za-z0-9][A-Za-z0-9.-]{0,39}\/[A-Za-z0-9._-]{1,140}-\d{1,16}\.ndjson\.gz$/;
