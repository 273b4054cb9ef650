import { describe, expect, it } from 'vitest';
import { isSecret } from '../../../functions/approval/secret.ts';
import { releaseEvent } from '../../../functions/change/events/release-event.ts';
import { linkIdOf } from '../../../functions/rollback/alert/alert-link.ts';
import { sendAlert } from '../../../functions/rollback/alert/send-alert.ts';
import { ANA, BEN, OWNER } from '../../fakes/inputs.ts';
import { ALERT, alertStand, NOW } from './alert-stand.ts';

const PEOPLE = { owner: OWNER, approvers: [ANA, BEN] };

describe('An alert', () => {
  it('reaches owner and approvers, each with a link of their own, and the topic', async () => {
    const { ports, inbox, events, links } = alertStand(PEOPLE);
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 3 });
    expect(inbox.map(({ to }) => to).toSorted()).toEqual([ANA.email, BEN.email, OWNER.email]);
    const addresses = inbox.map(({ text }) => /https:\/\/approve\.example\/rollbacks\/(\w{32})\?k=(\S+)/.exec(text));
    expect(new Set(addresses.map((found) => found?.[2])).size).toBe(3);
    for (const found of addresses) {
      const link = links.get(found?.[1] ?? '');
      expect(link).toMatchObject({ sentAt: NOW, expiresAt: '2026-03-09T09:00:00.000Z', alert: ALERT });
      expect(isSecret(found?.[2] ?? '', link?.secretSha256s ?? [])).toBe(true);
      expect(JSON.stringify(link)).not.toContain(found?.[2]);
    }
    expect(events).toHaveLength(1);
    expect(releaseEvent.parse(events[0])).toMatchObject({
      ...{ id: `alert/${ALERT.id}`, event: 'alert-raised', severity: 'critical', version: '2.0' },
      detail: { alertId: ALERT.id, serves: '2.0', goesTo: '1.0' },
    });
    expect(JSON.stringify(events)).not.toContain('/rollbacks/');
  });

  it('reaches a person once, who is owner and approver under one address', async () => {
    const { ports, inbox } = alertStand({
      owner: OWNER,
      approvers: [{ ...ANA, email: OWNER.email.toUpperCase() }, BEN],
    });
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 2 });
    expect(inbox.map(({ to }) => to).toSorted()).toEqual([BEN.email, OWNER.email]);
  });

  it('says what happened, what serves and what would, and asks one person to act', async () => {
    const { ports, inbox } = alertStand(PEOPLE);
    await sendAlert(ports, ALERT);
    for (const body of [inbox[0]?.text, inbox[0]?.html]) {
      expect(body).toContain(ALERT.headline);
      expect(body).toContain(ALERT.detail);
      expect(body).toContain('One person is enough');
    }
    expect(inbox[0]?.text).toContain('Serves now: version 2.0');
    expect(inbox[0]?.text).toContain('A rollback would go back to: version 1.0');
  });

  it('says so when a rollback was started already', async () => {
    const { ports, inbox } = alertStand(PEOPLE);
    await sendAlert(ports, { ...ALERT, rolledBack: true });
    expect(inbox[0]?.subject).toMatch(/^Rolled back: demand: /);
    expect(inbox[0]?.text).toContain('A rollback was started already');
    expect(inbox[0]?.text).not.toContain('One person is enough');
  });

  it('names no version at fault where none is, and what serves would be withdrawn', async () => {
    const { ports, inbox } = alertStand(PEOPLE);
    await sendAlert(ports, { ...ALERT, version: '' });
    expect(inbox[0]?.text).toContain('At fault: no version in particular');
    // Nobody may be talked into withdrawing what is not at fault.
    expect(inbox[0]?.text).toContain('a rollback may not help: it would withdraw the one that serves, for good');
    expect(inbox[0]?.html).not.toContain('Look, and roll back');
    expect(inbox[0]?.text).toContain('A rollback would go back to: version 1.0');
  });

  it('goes out once per person, however often it is sent', async () => {
    const { ports, inbox, events } = alertStand(PEOPLE);
    await sendAlert(ports, ALERT);
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 3 });
    expect(inbox).toHaveLength(3);
    expect(events).toHaveLength(1);
    await sendAlert(ports, { ...ALERT, id: 'another' });
    expect(inbox).toHaveLength(6);
  });

  it('is kept from nobody by a mailbox that fails, which has it by the next try', async () => {
    const { ports, inbox, unreachable, undelivered, links } = alertStand(PEOPLE);
    unreachable.add(ANA.email);
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 2 });
    expect(undelivered).toEqual([1]);
    unreachable.clear();
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 3 });
    expect(inbox.map(({ to }) => to).filter((to) => to === ANA.email)).toHaveLength(1);
    // The first email may have left all the same: its link must work too.
    expect(links.get(linkIdOf(ALERT.id, ANA.email))?.secretSha256s).toHaveLength(2);
  });

  it('reaches people without the topic', async () => {
    const { ports, unreachable, undelivered } = alertStand(PEOPLE);
    unreachable.add('topic');
    expect(await sendAlert(ports, ALERT)).toEqual({ recipients: 3 });
    expect(undelivered).toEqual([1]);
  });

  it('fails, to be repeated, when nobody has it', async () => {
    const { ports, unreachable } = alertStand(PEOPLE);
    for (const { email } of [OWNER, ANA, BEN]) unreachable.add(email);
    await expect(sendAlert(ports, ALERT)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await expect(sendAlert(ports, { ...ALERT, model: 'unknown' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes out although the registry cannot say what serves', async () => {
    const { ports, inbox } = alertStand(PEOPLE);
    const down = () => Promise.reject(new Error('DynamoDB is slow.'));
    const registry = { model: ports.registry.model, versions: down, returnDocuments: down };
    expect(await sendAlert({ ...ports, registry }, ALERT)).toEqual({ recipients: 3 });
    expect(inbox[0]?.text).toContain('not known: the registry did not answer');
  });

  it('shows what others wrote as text, in a subject of one line', async () => {
    const { ports, inbox } = alertStand(PEOPLE);
    const headline = `<img src=x onerror=alert(1)>\r\nBcc: thief@evil.example ${'x'.repeat(400)}`;
    await sendAlert(ports, { ...ALERT, headline });
    expect(inbox[0]?.html).not.toContain('<img');
    expect(inbox[0]?.subject).not.toMatch(/[\r\n]/);
    expect(inbox[0]?.subject.length).toBeLessThanOrEqual(200);
  });
});
