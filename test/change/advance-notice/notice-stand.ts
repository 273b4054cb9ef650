import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ApprovalStore } from '../../../functions/approval/approval-store.ts';
import { approvedGate } from '../../../functions/approval/approved-gate.ts';
import type { Link } from '../../../functions/approval/find-request.ts';
import { LinkStore } from '../../../functions/approval/link-store.ts';
import { type AnswerNoticePorts, answerNotice } from '../../../functions/change/advance-notice/answer-notice.ts';
import { askException } from '../../../functions/change/advance-notice/ask-exception.ts';
import { type AttendNoticesPorts, attendNotices } from '../../../functions/change/advance-notice/attend-notices.ts';
import { giveNotice } from '../../../functions/change/advance-notice/give-notice.ts';
import { noticeLink } from '../../../functions/change/advance-notice/notice-item.ts';
import { OpenNoticeStore } from '../../../functions/change/advance-notice/open-notice-store.ts';
import { LetterMarkStore } from '../../../functions/change/events/letter-mark-store.ts';
import type { FreezePeriod } from '../../../functions/change/freeze.ts';
import { type MayExpose, type MayExposePorts, mayExpose } from '../../../functions/drill/hold/may-expose.ts';
import type { Email } from '../../../functions/platform/email.ts';
import { approvalKeys } from '../../../functions/platform/keys.ts';
import { type ApplyChangePorts, applyChange } from '../../../functions/registry/apply-change.ts';
import type { ChangeInput } from '../../../functions/registry/change-input.ts';
import type { ModelItem, Run } from '../../../functions/registry/items.ts';
import { type Policy, policySchema } from '../../../functions/registry/policy.ts';
import { type RegisterChangePorts, registerChange } from '../../../functions/registry/register-change.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { aDrill } from '../../drill/drills.ts';
import { ANA, CHANGE_RECORD, PIPELINE } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';

export const LONG_REASON = 'The chain is out of milk without this version.';

interface Letter extends Email {
  readonly to: string;
}

/** A stage whose teams are told and whose canaries are held, with the letters that leave. */
export class NoticeStand {
  readonly stage: ReleaseStage;
  readonly letters: Letter[] = [];
  /** Addresses that cannot be reached. */
  readonly unreachable = new Set<string>();
  readonly undelivered: string[] = [];
  /** Of all models. */
  readonly freezes: FreezePeriod[] = [];
  readonly #tables: Tables;
  #drawn = 0;

  constructor(stage: ReleaseStage, tables: Tables) {
    this.stage = stage;
    this.#tables = tables;
  }

  /** Sets members of the model, as an applied change would. */
  async settle(
    over: Partial<Pick<ModelItem, 'downstream' | 'approvers'>> & { policy?: Partial<Policy> },
  ): Promise<void> {
    const model = await this.model();
    const policy = { ...model.policy, ...over.policy };
    const item = { ...model, ...over, policy, revision: model.revision + 1 };
    const TransactItems = [...new RegistryWrites(this.#tables.registry).changedModel(item, false)];
    await this.#tables.client.send(new TransactWriteCommand({ TransactItems }));
  }

  async notice(notice: { leadTime?: string; acknowledge?: 'none' | 'all' }): Promise<void> {
    await this.settle({ policy: { notice: policySchema.parse({ notice }).notice } });
  }

  async model(): Promise<ModelItem> {
    const model = await this.stage.registry.model(this.stage.model);
    if (model === null) throw new Error('There is no model.');
    return model;
  }

  async run(id: string): Promise<Run> {
    const run = await this.stage.registry.run(this.stage.model, id);
    if (run === null) throw new Error('There is no run.');
    return run;
  }

  /** Registers a change of settings as its flow does; answers its id. */
  async register(
    change: Partial<Extract<ChangeInput, { kind: 'change' }>['change']>,
    over: { readonly policy?: Readonly<Record<string, unknown>>; readonly approvers?: ModelItem['approvers'] },
    attempt = 1,
  ): Promise<string> {
    const { model } = this.stage;
    const promotionId = `${model}_change_${attempt}`;
    const ports: RegisterChangePorts = {
      ...{
        registry: this.stage.registry,
        writes: new RegistryWrites(this.#tables.registry),
        ledger: this.stage.ledger,
      },
      ...{ evidence: this.stage.evidence, allowedPrefixes: [], retention: { days: 1, mode: 'GOVERNANCE' } },
      firstApprovers: [ANA],
    };
    const { policy, ...rest } = over;
    const settings = policy === undefined ? rest : { ...rest, policy: { ...(await this.model()).policy, ...policy } };
    const record = { ...CHANGE_RECORD, type: 'thresholds', critical: true, ...change };
    const input = { kind: 'change', model, change: record, requestedBy: PIPELINE, ...settings };
    const registration = { promotionId, executionArn: `arn:${promotionId}`, input };
    const answer = await registerChange(ports, registration, this.stage.now());
    if (answer.outcome !== 'registered') throw new Error(JSON.stringify(answer.reasons));
    return promotionId;
  }

  /** Has a change take effect, as its flow does once nothing holds it. */
  async apply(id: string, end: 'applied' | 'withdrawn' = 'applied'): Promise<void> {
    const ports: ApplyChangePorts = {
      ...{
        registry: this.stage.registry,
        writes: new RegistryWrites(this.#tables.registry),
        ledger: this.stage.ledger,
      },
      isApproved: async (run) => approvedGate(await this.ports().approvals.gates(id), run, 'change') !== null,
      ensureEnvironment: () => Promise.reject(new Error('The model exists.')),
    };
    await applyChange(ports, id, this.stage.now());
    await this.stage.close(id, end);
  }

  /** The schedule's work. */
  attend(over: Partial<AttendNoticesPorts> = {}): Promise<void> {
    return attendNotices({ ...this.ports(), ...over });
  }

  /** What the flow asks before it exposes; going back is proven. */
  mayExpose(id: string, over: Partial<MayExposePorts> = {}): Promise<MayExpose> {
    const ports = this.ports();
    const proven = { model: this.stage.model, ready: true, reasons: [], checkedAt: '' };
    return mayExpose(
      {
        ...ports,
        gates: (promotionId) => ports.approvals.gates(promotionId),
        giveNotice: (run, model) => giveNotice(ports, run, model),
        askException: (run, of) => askException(ports, run, of),
        drills: { newest: async () => [aDrill({ at: this.stage.now() })] },
        readiness: async () => proven,
        armed: async () => ({}),
        startDrill: async () => {},
        ...over,
      },
      id,
    );
  }

  answer(link: Link, form: { name?: string; model?: string; note?: string }) {
    return answerNotice(this.ports(), link, { name: '', model: '', note: '', ...form }, this.stage.now());
  }

  /** The newest link that somebody was sent. */
  linkOf(address: string): Link {
    const text = this.letters.findLast(({ to, text: it }) => to === address && it.includes('/notices/'))?.text ?? '';
    const [, requestId = '', secret = ''] = /\/notices\/(\w+)\?k=([\w-]+)/.exec(text) ?? [];
    if (requestId === '') throw new Error(`No link went to ${address}.`);
    return { requestId, secret };
  }

  lettersTo(address: string): readonly Letter[] {
    return this.letters.filter(({ to }) => to === address);
  }

  async entries(type: string): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for await (const { body } of this.stage.ledger.entries(this.stage.model)) if (body.type === type) found.push(body);
    return found;
  }

  ports(): AttendNoticesPorts & AnswerNoticePorts {
    const { client, registry: table, approvals } = this.#tables;
    return {
      registry: {
        run: (model, id) => this.stage.registry.run(model, id),
        model: (model) => this.stage.registry.model(model),
        // Tables are shared with the other tests of the file.
        allInFlight: async () =>
          (await this.stage.registry.allInFlight()).filter(({ model }) => model === this.stage.model),
      },
      writes: new RegistryWrites(table),
      ledger: this.stage.ledger,
      approvals: new ApprovalStore(client, approvals),
      open: new OpenNoticeStore(client, table),
      marks: new LetterMarkStore(client, table),
      links: new LinkStore(client, approvals, { schema: noticeLink, key: approvalKeys.noticeLink, what: 'A link' }),
      sendEmail: async (to, email) => {
        if (this.unreachable.has(to)) throw new Error('The mailbox is not there.');
        this.letters.push({ to, ...email });
      },
      random: (count) => Buffer.alloc(count, ++this.#drawn),
      baseUrl: 'https://release.example',
      now: this.stage.now,
      freezes: this.freezes,
      onUndelivered: (id) => this.undelivered.push(id),
      onFailed: () => {},
    };
  }
}
