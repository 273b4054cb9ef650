import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { answerConsole } from '../../functions/console/console.ts';
import { readNewestRows } from '../../functions/console/read/chain-tail-store.ts';
import type { ConsolePorts, SeenAnchor } from '../../functions/console/read/console-ports.ts';
import { DrillStore } from '../../functions/drill/drill-store.ts';
import { ReadinessStore } from '../../functions/drill/readiness-store.ts';
import { GuardItemStore } from '../../functions/evidence/guard/guard-item-store.ts';
import { KillSwitchStore } from '../../functions/kill-switch/kill-switch-store.ts';
import { anchorOf } from '../../functions/ledger/anchor.ts';
import { RecallStore } from '../../functions/rollback/recall/recall-store.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';

export const ENDPOINT = 'arn:aws:lambda:eu-west-1:000000000000:function:ModelRelease-console';

/** The console over one stage; `over` takes the place of what it reads, and `unread` is what could not be. */
export class ConsoleStand {
  readonly unread: string[] = [];
  readonly ports: ConsolePorts;
  readonly #stage: ReleaseStage;

  constructor(tables: Tables, stage: ReleaseStage, over: Partial<ConsolePorts> = {}) {
    this.#stage = stage;
    const { client, registry: table } = tables;
    const { registry } = stage;
    this.ports = {
      registry: {
        model: (model) => registry.model(model),
        modelNames: async () => [stage.model],
        inFlight: (model, kind) => registry.inFlight(model, kind),
        run: (model, id) => registry.run(model, id),
        killSwitch: (model) => registry.killSwitch(model),
        intent: (model, sha256) => registry.intent(model, sha256),
        returnDocument: (model, version) => registry.returnDocument(model, version),
      },
      gates: (promotionId) => new ApprovalStore(client, tables.approvals).gates(promotionId),
      drills: new DrillStore(client, table),
      readiness: new ReadinessStore(client, table),
      guards: new GuardItemStore(client, table),
      switches: new KillSwitchStore(client, table),
      recalls: new RecallStore(client, table),
      newestRows: (model, count) => readNewestRows(client, { table: tables.ledger, model, count }),
      anchorsFrom: (model, seq) => this.anchors(model, seq),
      served: () => stage.appConfig.served(),
      pointerPublicKeyPem: stage.key.publicKeyPem,
      ledgerPublicKeyPem: tables.key.publicKeyPem,
      onUnread: (what) => this.unread.push(what),
      ...over,
    };
  }

  /** The newest entry, anchored. */
  async anchors(model: string, seq: number): Promise<readonly SeenAnchor[]> {
    const anchors: SeenAnchor[] = [];
    for await (const entry of this.#stage.ledger.entries(model, { fromSeq: seq })) {
      anchors.push({ seq: entry.row.seq, writtenAt: entry.body.at, anchor: anchorOf(entry) });
    }
    return anchors.slice(-1);
  }

  /** The page of the model as people read it, at an instant. */
  async page(at = '2026-03-02T08:00:00.000Z', event: object = { base: '/console', model: this.#stage.model }) {
    const markup = await answerConsole(this.ports, event, { at, endpoint: ENDPOINT });
    return { markup, sections: sectionsOf(markup) };
  }
}

/** The text of each section by its heading, on one line. */
export function sectionsOf(markup: string): Readonly<Record<string, string>> {
  const sections = [...markup.matchAll(/<h2[^>]*>([^<]*)<\/h2>(.*?)<\/section>/gs)];
  return Object.fromEntries(sections.map(([, title = '', body = '']) => [title, textOf(body)]));
}

export function textOf(markup: string): string {
  const text = markup.replace(/<style>.*?<\/style>/gs, '').replace(/<[^>]+>/g, ' ');
  const entities: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  };
  return text
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .replace(/ ([,;.])/g, '$1')
    .trim();
}
