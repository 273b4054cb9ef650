import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../functions/approval/find-request.ts';
import { postDecision } from '../../functions/approval/post-decision.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import { RunBook } from '../../functions/registry/run-facts.ts';
import { newSession, type Session } from '../../functions/sign-in/session.ts';
import { CAS, modelItem, quorumOf } from '../approval/fixtures.ts';
import { AFTER_EXPIRY, APPROVE, createAskedStand, NOW, type Stand, statusOf } from '../approval/stand.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

let tables: Tables;
let stand: Stand;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  stand = await createAskedStand(tables);
});

const sessionOf = ({ email, name }: { readonly email: string; readonly name: string }): Session =>
  newSession({ issuer: 'https://login.shop.example', subject: `subject-of-${email}`, email, name }, NOW);
/** The link to Ana, opened by somebody. */
const openedBy = (session: Session | null): Link => ({ ...stand.linkOf(ANA.email), signIn: { session } });
const form = (over: Partial<typeof APPROVE> = {}) => new URLSearchParams({ ...APPROVE, ...over }).toString();
const post = (link: Link, body = form(), now = NOW) =>
  postDecision({ ...stand.ports, reviewing: stand.ports }, link, body, now);

describe('The page of a request, where people sign in', () => {
  it('shows the evidence to whoever has the link, and the way to sign in where the form would be', async () => {
    const { status, page } = await showApproval(stand.ports, openedBy(null), NOW);
    expect(status).toBe(200);
    expect(page).toContain('PASS');
    expect(page).not.toContain('<form');
    const { requestId, secret } = stand.linkOf(ANA.email);
    const to = encodeURIComponent(`/approvals/${requestId}?k=${secret}`);
    expect(page).toContain(`href="../sign-in?to=${to}"`);
    expect(page).toContain('Sign in as Ana Approver');
  });

  it('shows the form to the person addressed, and under whose name it is sent', async () => {
    const { page } = await showApproval(stand.ports, openedBy(sessionOf(ANA)), NOW);
    expect(page).toContain('<form');
    expect(page).toContain('Signed in as Ana Approver (ana@shop.example).');
  });

  it('tells somebody else who they are, and how to be another', async () => {
    const evil = { email: BEN.email, name: '<script>alert(1)</script>' };
    const { page } = await showApproval(stand.ports, openedBy(sessionOf(evil)), NOW);
    expect(page).not.toContain('<form');
    expect(page).toContain('You are signed in as &lt;script&gt;alert(1)&lt;/script&gt; (ben@shop.example).');
    expect(page).toMatch(/href="\.\.\/sign-in\?to=[^"]+&amp;as=other"/);
    // An issuer that does not ask would lead them back here, over and over.
    expect(page).toContain('If you are not asked who you are, sign out at login.shop.example first');
  });

  it('asks nobody to sign in once it is closed', async () => {
    const { page } = await showApproval(stand.ports, openedBy(null), AFTER_EXPIRY);
    expect(page).not.toContain('sign-in');
  });

  it('says nothing of it where the stack has no issuer', async () => {
    const { page } = await showApproval(stand.ports, stand.linkOf(ANA.email), NOW);
    expect(page).toContain('<form');
    expect(page).not.toMatch(/sign(ed)?.in/i);
  });
});

describe('A decision, where people sign in', () => {
  it('is taken from the person addressed, and the ledger says whom the issuer vouched for', async () => {
    expect(await post(openedBy(sessionOf({ ...ANA, email: 'Ana+work@shop.example' })))).toMatchObject({ status: 200 });
    const signedIn = {
      issuer: 'https://login.shop.example',
      subject: 'subject-of-Ana+work@shop.example',
      email: 'Ana+work@shop.example',
    };
    expect((await stand.entry('approval-decided')).data).toMatchObject({ approver: ANA, signedIn });
    expect((await stand.ports.approvals.gate(stand.gate))?.decisions).toMatchObject([{ approver: ANA, signedIn }]);
    const book = new RunBook();
    for await (const { body } of stand.ports.ledger.entries(stand.run.model)) book.add(body);
    expect(book.of(stand.run.promotionId).approvals.at(-1)).toMatchObject({ approver: ANA, signedIn });
  });

  it('names nobody who was signed in where the link stands alone', async () => {
    expect(await post(stand.linkOf(ANA.email))).toMatchObject({ status: 200 });
    expect((await stand.entry('approval-decided')).data).not.toHaveProperty('signedIn');
  });

  it('without a session is none: the form comes back as it was typed, with a way to sign in beside it', async () => {
    const before = await stand.snapshot();
    const { status, page } = await post(openedBy(null), form({ justification: 'Typed for <b>long</b>.' }));
    expect(status).toBe(401);
    expect(page).toContain('Typed for &lt;b&gt;long&lt;/b&gt;.</textarea>');
    expect(page).toMatch(/value="approve" checked/);
    expect(page).toContain('value="1.2.0"');
    expect(page).toMatch(/<a href="\.\.\/sign-in\?to=[^"]+" target="_blank" rel="noopener">Sign in as Ana Approver/);
    expect(page).toContain('<title>Error: ');
    expect(await stand.snapshot()).toEqual(before);
  });

  it('of somebody else is none: they learn who they are, and what was typed is still there', async () => {
    const before = await stand.snapshot();
    for (const other of [BEN, CAS, { name: 'Eve', email: 'ana@shop.example.evil.example' }]) {
      const { status, page } = await post(openedBy(sessionOf(other)));
      expect(status).toBe(403);
      expect(page).toContain(`You are signed in as ${other.name} (${other.email})`);
      expect(page).toContain('sign out at login.shop.example');
      expect(page).toMatch(
        /<a href="\.\.\/sign-in\?to=[^"]+&amp;as=other" target="_blank" rel="noopener">Sign in as Ana/,
      );
      expect(page).toContain(`${APPROVE.justification}</textarea>`);
      expect(page).toContain('<title>Error: ');
    }
    expect(await stand.snapshot()).toEqual(before);
  });

  it('counts each person once, by whatever address the issuer knows them now', async () => {
    stand = await createAskedStand(tables, { model: modelItem({ policy: quorumOf(2) }) });
    expect(await post(openedBy(sessionOf(ANA)))).toMatchObject({ status: 200 });
    const before = await stand.snapshot();
    // The address of Ana's account became that of another mailbox, which she reads as well.
    const other: Session = { ...sessionOf(BEN), subject: sessionOf(ANA).subject };
    const link = { ...stand.linkOf(BEN.email), signIn: { session: other } };
    const { status, page } = await post(link);
    expect(status).toBe(403);
    expect(page).toContain('as Ana Approver (ana@shop.example)');
    expect(page).toContain('each person counts once');
    expect(await stand.snapshot()).toEqual(before);
    expect((await post({ ...link, signIn: { session: { ...other, subject: 'ben' } } })).status).toBe(200);
  });

  it('needs the link as well: a session alone opens and decides nothing', async () => {
    const signIn = { session: sessionOf(ANA) };
    const link = { requestId: stand.linkOf(ANA.email).requestId, secret: stand.linkOf(BEN.email).secret, signIn };
    expect((await showApproval(stand.ports, link, NOW)).status).toBe(404);
    expect((await post(link)).status).toBe(404);
    expect(await statusOf(stand)).toBe('open');
  });

  it('that is faulty comes back to the person addressed with its faults, as ever', async () => {
    const { status, page } = await post(openedBy(sessionOf(ANA)), form({ version: '1.2' }));
    expect(status).toBe(400);
    expect(page).toContain('Type exactly 1.2.0.');
    expect(page).toContain('Signed in as Ana Approver');
  });

  it('comes too late for everybody alike', async () => {
    for (const session of [null, sessionOf(BEN), sessionOf(ANA)]) {
      expect((await post(openedBy(session), form(), AFTER_EXPIRY)).status).toBe(410);
    }
  });

  it('voids nothing for nobody: what was asked changed, and only the person addressed makes it be asked again', async () => {
    await stand.putModel(modelItem({ approvers: [ANA, CAS], revision: 2 }));
    const before = await stand.snapshot();
    expect((await post(openedBy(null))).status).toBe(401);
    expect((await post(openedBy(sessionOf(BEN)))).status).toBe(403);
    expect(await stand.snapshot()).toEqual(before);
    expect((await post(openedBy(sessionOf(ANA)))).status).toBe(409);
    expect(await statusOf(stand)).toBe('void');
  });
});
