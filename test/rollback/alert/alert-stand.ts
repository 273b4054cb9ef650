import type { ReleaseEvent } from '../../../functions/change/events/release-event.ts';
import type { Email } from '../../../functions/platform/email.ts';
import { sha256Hex } from '../../../functions/platform/json.ts';
import type { ModelItem, ReturnDocumentItem, VersionItem } from '../../../functions/registry/items.ts';
import type { AlertLink } from '../../../functions/rollback/alert/alert-link.ts';
import type { OpenedAlert } from '../../../functions/rollback/alert/request-rollback.ts';
import type { Alert, AlertPorts } from '../../../functions/rollback/alert/send-alert.ts';
import { modelItem, stored } from '../../approval/fixtures.ts';

export const NOW = '2026-03-02T09:00:00.000Z';

export const ALERT: Alert = {
  id: 'guard-demand-2.0-accuracy',
  model: 'demand',
  version: '2.0',
  cause: 'metric-degradation',
  trigger: 'system:guard',
  headline: 'Version 2.0 is 12 % worse than version 1.0.',
  detail: 'WAPE 0.41 against 0.36 on 14 closed days.',
  rolledBack: false,
};

/** A version that was promoted, unless `over` says otherwise. */
export function versionItem(version: string, over: Partial<VersionItem> = {}): VersionItem {
  return {
    model: 'demand',
    version,
    sha256: sha256Hex(version),
    artifact: stored(`candidates/demand_${version}_1/artifact`, version),
    status: 'retained',
    promotionId: `demand_${version}_1`,
    registeredAt: '2026-02-01T00:00:00.000Z',
    ...over,
  };
}

export function returnItem(version: string, hostedVersion: number): ReturnDocumentItem {
  const documentSha256 = sha256Hex(`returns to ${version}`);
  return { model: 'demand', version, hostedVersion, documentSha256, preparedAt: '2026-02-01T00:00:00.000Z' };
}

/** A model whose version 2.0 serves and 1.0 is retained; what is sent lands in lists. */
export function alertStand(over: Partial<ModelItem> = {}) {
  const links = new Map<string, AlertLink>();
  const published = new Set<string>();
  const inbox: (Email & { readonly to: string })[] = [];
  const events: ReleaseEvent[] = [];
  const undelivered: number[] = [];
  const unreachable = new Set<string>();
  let drawn = 0;
  const ports: AlertPorts = {
    registry: {
      model: async (name) => (name === 'demand' ? modelItem(over) : null),
      versions: async () => [versionItem('1.0'), versionItem('2.0', { status: 'production', predecessor: '1.0' })],
      returnDocuments: async () => [returnItem('', 1), returnItem('1.0', 3)],
    },
    alerts: {
      link: async (linkId) => links.get(linkId) ?? null,
      keep: async (link) => {
        const before = links.get(link.linkId);
        const secretSha256s = [...(before?.secretSha256s ?? []), ...link.secretSha256s];
        links.set(link.linkId, { ...(before ?? link), secretSha256s });
      },
      sent: async (linkId, at) => {
        const link = links.get(linkId);
        if (link !== undefined) links.set(linkId, { sentAt: at, ...link });
      },
      isPublished: async (alertId) => published.has(alertId),
      published: async (alertId) => {
        published.add(alertId);
      },
    },
    sendEmail: async (to, email) => {
      if (unreachable.has(to)) throw new Error('The mailbox is full.');
      inbox.push({ to, ...email });
    },
    publish: async (event) => {
      if (unreachable.has('topic')) throw new Error('SNS is down.');
      events.push(event);
    },
    onUndelivered: (_, count) => undelivered.push(count),
    random: (count) => {
      drawn += 1;
      return new Uint8Array(count).fill(drawn);
    },
    baseUrl: 'https://approve.example/',
    now: () => NOW,
  };
  return { ports, links, inbox, events, undelivered, unreachable };
}

/** What somebody sees who opens the link of an alert, before anything was done about it. */
export function openedAlert(over: Partial<OpenedAlert> = {}): OpenedAlert {
  return {
    link: {
      linkId: 'a'.repeat(32),
      alert: ALERT,
      person: { name: 'Ana Approver', email: 'ana@shop.example' },
      secretSha256s: ['x'],
      createdAt: NOW,
      expiresAt: '2026-03-09T09:00:00.000Z',
    },
    standing: {
      serves: '2.0',
      withdraws: '2.0',
      goesTo: '1.1',
      targets: [
        { version: '1.1', promotedAt: '2026-02-01T08:00:00.000Z', provenAt: '2026-03-01T08:00:00.000Z' },
        { version: '1.0', promotedAt: '2026-01-01T08:00:00.000Z', provenAt: '2026-02-01T08:00:00.000Z' },
        { version: '', promotedAt: null, provenAt: '2026-01-01T08:00:00.000Z' },
      ],
      withdrawn: null,
    },
    started: null,
    isConcerned: true,
    isExpired: false,
    ...over,
  };
}
