import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { ApprovalWrites } from '../../functions/approval/approval-writes.ts';
import { withdrawOpenGate } from '../../functions/approval/close-gate.ts';
import { exposedBy, sealOf } from '../../functions/approval/seal.ts';
import type { KillSwitchAnswer, KillSwitchPorts } from '../../functions/kill-switch/kill-switch-ports.ts';
import { KillSwitchStore, KillSwitchWrites } from '../../functions/kill-switch/kill-switch-store.ts';
import { throwKillSwitch } from '../../functions/kill-switch/throw-kill-switch.ts';
import type { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import type { Reason } from '../../functions/platform/errors.ts';
import { promotionIdOf } from '../../functions/platform/ids.ts';
import { personActor, systemActor } from '../../functions/platform/people.ts';
import type { Sign } from '../../functions/platform/signing.ts';
import type { TransactWrite } from '../../functions/platform/transaction.ts';
import type { PointerPlace } from '../../functions/pointer/appconfig-store.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { dueMove, movingStage } from '../../functions/pointer/due-move.ts';
import { type EndExposurePorts, type ExposureEnded, endExposure } from '../../functions/pointer/end-exposure.ts';
import { ExposureEndWrites } from '../../functions/pointer/exposure-end-store.ts';
import { type Moved, movePointer } from '../../functions/pointer/move-pointer.ts';
import type { MovePorts } from '../../functions/pointer/move-ports.ts';
import { type PrepareReturnPorts, prepareReturn } from '../../functions/pointer/prepare-return.ts';
import { type VouchPorts, vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { closePromotion } from '../../functions/promotion/close-promotion.ts';
import type { End } from '../../functions/promotion/life-cycle.ts';
import type { ChangeItem, PromotionItem, Run } from '../../functions/registry/items.ts';
import { RegistryStore } from '../../functions/registry/registry-store.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { restorationOf } from '../../functions/registry/restoration.ts';
import { confirmRollback } from '../../functions/rollback/confirm-rollback.ts';
import { RecallWrites } from '../../functions/rollback/recall/recall-store.ts';
import { type Recorded, type RecordPorts, recordRollback } from '../../functions/rollback/record-rollback.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import type { RollbackAnswer } from '../../functions/rollback/rollback-answer.ts';
import type { RollBackPorts } from '../../functions/rollback/rollback-ports.ts';
import { RollbackStore, RollbackWrites } from '../../functions/rollback/rollback-store.ts';
import { changeItem, gateItem, modelItem, promotionItem, stored } from '../approval/fixtures.ts';
import { ANA, PIPELINE } from './inputs.ts';
import { MemoryAppConfig, type StoreApi } from './memory-app-config.ts';
import { MemoryEvidence } from './memory-evidence.ts';
import type { Tables } from './tables.ts';
import { createTestKey } from './test-key.ts';

/** AppConfig as a stage needs it: in memory unless a test brings an engine. */
export interface StageAppConfig extends StoreApi {
  readonly place: PointerPlace;
  liveDocument(): Promise<PointerDocument | null>;
  served(): Promise<Uint8Array>;
}

export interface StageEngine {
  readonly appConfig: StageAppConfig;
  readonly applicationId: string;
  readonly strategyId: string;
  /** Keys of a stack that documents must verify under; a key of the stage's own unless a test brings them. */
  readonly signing?: { readonly sign: Sign; readonly publicKeyPem: string };
  /** A clock that others go by too; the stage's own unless a test brings one. */
  readonly now?: () => string;
}

const START = Date.parse('2026-03-01T08:00:00.000Z');

/** What people are asked about a run; a change of settings moves no pointer. */
function stageAsked(run: Run) {
  if (run.kind === 'change') return 'change' as const;
  const due = dueMove(run);
  if (due === null) throw new Error(`Nothing is due for ${run.promotionId}`);
  return movingStage(due.kind);
}

/** One model on real tables with AppConfig in memory, the vouching extension in place: what the steps act on. */
export class ReleaseStage {
  readonly model: string;
  readonly key = createTestKey();
  readonly evidence = new MemoryEvidence();
  /** What the steps act on, unless the test brought an engine. */
  readonly appConfig: MemoryAppConfig;
  readonly ledger: DynamoLedger;
  readonly registry: RegistryStore;
  readonly stopped = new Set<string>();
  readonly vouching: VouchPorts;
  /** Seconds since the start; every look at the clock adds one. */
  seconds = 0;
  /** What happens while a step waits. */
  pauses: () => Promise<void> = async () => {};
  readonly #engine: StageEngine;
  readonly #tables: Tables;
  readonly #approvals: ApprovalStore;
  readonly #writes: RegistryWrites;
  readonly #approvalWrites: ApprovalWrites;

  constructor(tables: Tables, model: string, engine?: StageEngine) {
    this.model = model;
    this.#tables = tables;
    this.ledger = tables.openLedger();
    this.registry = new RegistryStore(tables.client, tables.registry);
    this.#writes = new RegistryWrites(tables.registry);
    this.#approvals = new ApprovalStore(tables.client, tables.approvals);
    this.#approvalWrites = new ApprovalWrites(tables.approvals);
    this.vouching = {
      registry: this.registry,
      ledger: this.ledger,
      applicationId: engine?.applicationId ?? 'app1',
      pointerPublicKeyPem: this.key.publicKeyPem,
      ledgerPublicKeyPem: tables.key.publicKeyPem,
    };
    const extension = (event: unknown) => vouchDeployment(this.vouching, event);
    this.appConfig = new MemoryAppConfig({ model, now: this.now, extension });
    this.#engine = engine ?? { appConfig: this.appConfig, applicationId: 'app1', strategyId: 'instant' };
  }

  readonly now = (): string => {
    if (this.#engine.now !== undefined) return this.#engine.now();
    this.seconds += 1;
    return new Date(START + this.seconds * 1000).toISOString();
  };

  movePorts(): MovePorts {
    return {
      ...this.#common(),
      writes: this.#writes,
      rollbacks: new RollbackStore(this.#tables.client, this.#tables.registry),
      gates: (promotionId) => this.#approvals.gates(promotionId),
      evidence: this.evidence,
      retention: { days: 1, mode: 'GOVERNANCE' },
    };
  }

  returnPorts(): PrepareReturnPorts {
    return { ...this.#common(), writes: this.#writes, evidence: this.evidence };
  }

  endPorts(): EndExposurePorts {
    return { ...this.#common(), writes: new ExposureEndWrites(this.#tables.registry) };
  }

  rollBackPorts(): RollBackPorts {
    const { registry, table } = { registry: this.registry, table: this.#tables.registry };
    return {
      ...this.#common(),
      registry,
      writes: new RollbackWrites(table),
      findPlace: async () => this.#engine.appConfig.place,
    };
  }

  recordPorts(): RecordPorts {
    const { client, registry: table } = this.#tables;
    return {
      registry: this.registry,
      writes: this.#writes,
      ledger: this.ledger,
      rollbacks: new RollbackStore(client, table),
      rollbackWrites: new RollbackWrites(table),
      recallWrites: new RecallWrites(table),
      closeRun: ({ promotionId }, reasons, at) => this.close(promotionId, 'rolled-back', { reasons, at }),
      stopExecution: async (executionArn) => {
        this.stopped.add(executionArn);
      },
    };
  }

  killPorts(): KillSwitchPorts {
    const { client, registry: table } = this.#tables;
    return {
      ...this.#common(),
      writes: this.#writes,
      switches: new KillSwitchStore(client, table),
      switchWrites: new KillSwitchWrites(table),
      findPlace: async () => this.#engine.appConfig.place,
      closeRun: ({ promotionId }, reasons, at) => this.close(promotionId, 'withdrawn', { reasons, at }),
      stopExecution: async (executionArn) => {
        this.stopped.add(executionArn);
      },
    };
  }

  /** Throws the kill switch at a level as a person would; within the hour it expires. */
  kill(level: string, over: Readonly<Record<string, unknown>> = {}): Promise<KillSwitchAnswer> {
    const expiresAt = new Date(START + 24 * 3_600_000).toISOString();
    const asked = { model: this.model, level, reason: 'Orders are far too high.', requestedBy: PIPELINE, expiresAt };
    return throwKillSwitch(this.killPorts(), { ...asked, ...over });
  }

  /** An approved end of the kill switch that stands, up to the point where the pointer may be moved; answers its id. */
  async restoration(attempt = 1): Promise<string> {
    const { model } = this;
    const versions = await this.registry.versions(model);
    const standing = await this.registry.killSwitch(model);
    const promotionId = `${model}_restore_${attempt}`;
    const run = changeItem({
      ...{ kind: 'restore', model, promotionId, attempt, startedAt: this.now() },
      ...restorationOf({ standing, versions, exposing: null }),
    });
    await this.#register(run, []);
    await this.approve(run);
    return promotionId;
  }

  /** Leaves the kill switch that stands, by its approval. */
  async restore(attempt = 1): Promise<Moved> {
    const promotionId = await this.restoration(attempt);
    await this.prepare(promotionId);
    const moved = await this.move(promotionId);
    await this.close(promotionId, 'applied');
    return moved;
  }

  #common() {
    return {
      registry: this.registry,
      ledger: this.ledger,
      appConfig: this.#engine.appConfig,
      strategyId: this.#engine.strategyId,
      sign: (this.#engine.signing ?? this.key).sign,
      publicKeyPem: (this.#engine.signing ?? this.key).publicKeyPem,
      now: this.now,
      sleep: () => this.pauses(),
    };
  }

  /** An approved onboarding whose model, environment and profile exist; answers its id. */
  async onboarding(over: Partial<ChangeItem> = {}): Promise<string> {
    const { model } = this;
    const promotionId = `${model}_onboard_1`;
    const run = changeItem({ kind: 'onboard', model, promotionId, startedAt: this.now(), ...over });
    await this.#register(
      run,
      this.#writes.newModel(modelItem({ model, changedBy: promotionId, ...this.#engine.appConfig.place })),
    );
    await this.approve(run);
    return run.promotionId;
  }

  /** An onboarding that takes a version over, up to the point where the pointer may be moved to it; answers its id. */
  async adoption(version: string): Promise<string> {
    const { model } = this;
    const artifact = await this.evidence.writeOnce(`candidates/${model}_onboard_1/artifact`, `${model} ${version}`);
    const promotionId = await this.onboarding({ adopt: { version, artifact } });
    await movePointer(this.movePorts(), promotionId);
    const item = { model, version, sha256: artifact.sha256, artifact, status: 'candidate' as const, promotionId };
    const manifest = stored(`manifests/${promotionId}/manifest.dsse.json`, promotionId);
    await this.#carryOut(this.#writes.newVersion({ ...item, registeredAt: this.now() }));
    await this.#carryOut(this.#writes.updateRun({ model, promotionId }, { manifest }));
    await this.prepare(promotionId);
    return promotionId;
  }

  /** A candidate approved for production (or what else `over` says); answers its promotion's id. */
  async candidate(version: string, attempt = 1, over: Partial<PromotionItem> = {}): Promise<string> {
    const run = await this.registered(version, attempt, over);
    await this.approve(run);
    return run.promotionId;
  }

  /** A registered candidate that nobody approved yet; in the stage `production` unless `over` says otherwise. */
  async registered(version: string, attempt = 1, over: Partial<PromotionItem> = {}): Promise<PromotionItem> {
    const { model } = this;
    const promotionId = promotionIdOf(model, version, attempt);
    const live = await this.#engine.appConfig.liveDocument();
    const known = await this.registry.version(model, version);
    const key = `candidates/${promotionId}/artifact`;
    const artifact = known?.artifact ?? (await this.evidence.writeOnce(key, `${model} ${version}`));
    const run = promotionItem({
      ...{ model, version, promotionId, attempt, artifact, startedAt: this.now() },
      executionArn: `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-promotion:${promotionId}`,
      stage: 'production',
      baseline: live?.productionVersion ?? '',
      manifest: stored(`manifests/${promotionId}/manifest.dsse.json`, promotionId),
      ...over,
    });
    const { sha256 } = artifact;
    const item = { model, version, sha256, artifact, status: 'candidate' as const, promotionId };
    await this.#register(
      run,
      known !== null ? [] : [this.#writes.newVersion({ ...item, registeredAt: run.startedAt })],
    );
    return run;
  }

  /** A candidate that runs beside production; answers its promotion's id. */
  async shadowed(version: string, attempt = 1): Promise<string> {
    const promotionId = await this.candidate(version, attempt, { stage: 'shadow' });
    await this.prepare(promotionId);
    await this.move(promotionId);
    return promotionId;
  }

  /** A candidate that serves a share of the units, after its shadow and the steps before; answers its promotion's id. */
  async canaried(version: string, step = 0, attempt = 1): Promise<string> {
    const promotionId = await this.shadowed(version, attempt);
    await this.enter(promotionId, 'canary');
    await this.prepare(promotionId);
    for (let canaryStep = 0; canaryStep <= step; canaryStep++) {
      await this.advance(promotionId, canaryStep);
      await this.move(promotionId);
    }
    return promotionId;
  }

  /** Lets a promotion into its next stage, as people would. */
  async enter(promotionId: string, stage: PromotionItem['stage']): Promise<void> {
    const { model } = this;
    await this.#carryOut(this.#writes.updateRun({ model, promotionId }, { stage, awaitingApproval: false }));
    const run = await this.registry.run(model, promotionId);
    if (run === null) throw new Error(`No run ${promotionId}`);
    await this.approve(run);
  }

  /** Lets a canary go on to a step, as its judge would. */
  async advance(promotionId: string, canaryStep: number): Promise<void> {
    await this.#carryOut(this.#writes.updateRun({ model: this.model, promotionId }, { canaryStep }));
  }

  /** Has people asked about a stage. */
  async ask(promotionId: string, stage: PromotionItem['stage']): Promise<void> {
    await this.#carryOut(this.#writes.updateRun({ model: this.model, promotionId }, { stage, awaitingApproval: true }));
  }

  async withdraw(version: string): Promise<void> {
    const from = ['candidate', 'production', 'retained'] as const;
    await this.#carryOut(this.#writes.updateVersion(this.model, version, { status: 'withdrawn' }, from));
  }

  async prepare(promotionId: string): Promise<void> {
    await prepareReturn(this.returnPorts(), promotionId, this.now());
  }

  move(promotionId: string): Promise<Moved> {
    return movePointer(this.movePorts(), promotionId);
  }

  endExposure(promotionId: string): Promise<ExposureEnded> {
    return endExposure(this.endPorts(), promotionId);
  }

  async #carryOut(...writes: readonly TransactWrite[]): Promise<void> {
    await this.#tables.client.send(new TransactWriteCommand({ TransactItems: [...writes] }));
  }

  async #register(run: Run, others: ReturnType<RegistryWrites['newRun']>): Promise<void> {
    const { model, promotionId } = run;
    const type = run.kind === 'promotion' ? ('candidate-registered' as const) : ('change-requested' as const);
    const data = { promotionId, change: { ...run.change } };
    const draft = { model, type, at: this.now(), actor: personActor(PIPELINE), data };
    await this.ledger.append(draft, [...this.#writes.newRun(run), ...others]);
  }

  /** Approves the run's gate as one person would who completes the quorum. */
  async approve(run: Run): Promise<void> {
    const { model, promotionId } = run;
    const stage = stageAsked(run);
    const seal = sealOf(run, stage);
    const at = this.now();
    const said = {
      promotionId,
      stage,
      round: 1,
      seal,
      approver: ANA,
      decision: 'approve',
      justification: 'Checked it.',
    };
    const version = run.kind === 'promotion' ? { version: run.version } : {};
    const exposure = exposedBy(run, stage);
    const data = { ...said, ...version, gateStatus: 'approved', counted: 1, exposure };
    const actor = personActor(ANA);
    await this.ledger.append({ model, type: 'approval-decided', at, actor, data }, (seq) => {
      const decision = { approver: ANA, decision: 'approve' as const, justification: 'Checked it.', at, seq };
      const closed = { status: 'approved' as const, closedAt: at, closedSeq: seq, decisions: [decision] };
      return [this.#approvalWrites.newGate(gateItem({ promotionId, model, stage, seal, ...closed }))];
    });
  }

  async onboard(): Promise<Moved> {
    const promotionId = await this.onboarding();
    const moved = await movePointer(this.movePorts(), promotionId);
    await this.close(promotionId, 'applied');
    return moved;
  }

  /** Brings a version to production, by the last of its moves. */
  async promote(version: string, attempt = 1): Promise<Moved> {
    const promotionId = await this.candidate(version, attempt);
    await this.prepare(promotionId);
    const moved = await this.move(promotionId);
    await this.close(promotionId, 'promoted');
    return moved;
  }

  async close(
    promotionId: string,
    end: End | 'applied',
    { reasons = [], at = this.now() }: { readonly reasons?: readonly Reason[]; readonly at?: string } = {},
  ): Promise<void> {
    const ports = {
      registry: this.registry,
      writes: this.#writes,
      ledger: this.ledger,
      withdrawGate: async (run: Run, reason: { readonly code: string; readonly message: string }, when: string) => {
        const gates = { approvals: this.#approvals, approvalWrites: this.#approvalWrites, ledger: this.ledger };
        await withdrawOpenGate(gates, run.promotionId, { reason, at: when, actor: systemActor('test') });
      },
    };
    await closePromotion(ports, { promotionId, end, reasons: [...reasons] }, at);
  }

  /** Event of the first step of a rollback. */
  rollbackEvent(input: Readonly<Record<string, unknown>> = {}, executionName = 'rollback-1') {
    const asked = { model: this.model, cause: 'metric-degradation', requestedBy: PIPELINE, ...input };
    const executionArn = `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-rollback:${executionName}`;
    return { executionName, executionArn, startedAt: this.now(), input: asked };
  }

  async rollBack(input: Readonly<Record<string, unknown>> = {}, executionName?: string): Promise<RollbackAnswer> {
    return rollBack(this.rollBackPorts(), this.rollbackEvent(input, executionName));
  }

  /** Confirms and records a rollback that moved the pointer. */
  async finish(answer: RollbackAnswer): Promise<Recorded> {
    if (answer.outcome !== 'deployed') throw new Error(`Nothing was deployed: ${answer.outcome}`);
    const served = () => this.#engine.appConfig.served();
    const ports = { served, publicKeyPem: this.key.publicKeyPem, now: this.now, sleep: async () => {} };
    const confirmation = await confirmRollback(ports, answer);
    return recordRollback(this.recordPorts(), { rollback: answer, confirmation }, this.now());
  }

  /**
   * What the world looks like from outside; the same after a step that was killed and repeated as after one that was not.
   * The intent of a rollback is tried and not waited for, so it is no part of that.
   */
  async state() {
    const live = await this.appConfig.liveDocument();
    const versions = await this.registry.versions(this.model);
    return {
      serves: live === null ? null : live.productionVersion || live.fallback,
      exposes: live === null ? null : [live.shadowVersion, live.canaryVersion, live.canaryPercentage],
      deployments: this.appConfig.deployments.map(({ hostedVersion, state }) => ({ hostedVersion, state })),
      hosted: this.appConfig.versions.length,
      statuses: Object.fromEntries(versions.map(({ version, status }) => [version, status])),
      ledger: (await this.types()).filter((type) => type !== 'rollback-intended'),
      stopped: this.stopped.size,
    };
  }

  async types(): Promise<readonly string[]> {
    const types: string[] = [];
    for await (const { body } of this.ledger.entries(this.model)) types.push(body.type);
    return types;
  }
}
