import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ApprovalStore } from '../../../functions/approval/approval-store.ts';
import type { Link } from '../../../functions/approval/find-request.ts';
import { LinkStore } from '../../../functions/approval/link-store.ts';
import { type AnswerNoticePorts, answerNotice } from '../../../functions/change/advance-notice/answer-notice.ts';
import { askException } from '../../../functions/change/advance-notice/ask-exception.ts';
import { type AttendNoticesPorts, attendNotices } from '../../../functions/change/advance-notice/attend-notices.ts';
import { giveNotice } from '../../../functions/change/advance-notice/give-notice.ts';
import { noticeLink } from '../../../functions/change/advance-notice/notice-item.ts';
import { OpenNoticeStore } from '../../../functions/change/advance-notice/open-notice-store.ts';
import type { FreezePeriod } from '../../../functions/change/freeze.ts';
import { type MayExpose, type MayExposePorts, mayExpose } from '../../../functions/drill/hold/may-expose.ts';
import type { Email } from '../../../functions/platform/email.ts';
import { approvalKeys } from '../../../functions/platform/keys.ts';
import type { ModelItem, PromotionItem } from '../../../functions/registry/items.ts';
import { type Policy, policySchema } from '../../../functions/registry/policy.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { aDrill } from '../../drill/drills.ts';
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

  async run(id: string): Promise<PromotionItem> {
    const run = await this.stage.registry.run(this.stage.model, id);
    if (run?.kind !== 'promotion') throw new Error('There is no promotion.');
    return run;
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
