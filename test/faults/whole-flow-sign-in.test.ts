import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANA, BEN, onboardInput } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { SmallIssuer } from '../sign-in/small-issuer.ts';

const FIRST = { email: 'fred@shop.example', name: 'Fred First' };

let issuer: SmallIssuer;
let scene: Scene;
beforeAll(async () => {
  issuer = await SmallIssuer.start();
  scene = await Scene.start({ oidcIssuer: issuer.address, oidcClientId: 'release' });
}, 180_000);
afterAll(async () => {
  await scene.stop();
  issuer.stop();
});

const follow = (url: string, cookies: readonly string[] = []) =>
  fetch(url, { redirect: 'manual', headers: { cookie: cookies.join('; ') } });
const kept = (response: Response) => response.headers.getSetCookie().map((one) => one.split(';', 1)[0] ?? '');

/** From a page to the page, by way of the issuer; answers the cookies of the browser. */
async function signIn(link: string, { email, name }: typeof FIRST): Promise<readonly string[]> {
  const [, href = ''] = /href="(\.\.\/sign-in[^"]+)"/.exec(await (await fetch(link)).text()) ?? [];
  const began = await follow(new URL(href.replaceAll('&amp;', '&'), link).href);
  expect(began.status).toBe(302);
  const asked = new URL(began.headers.get('location') ?? '').searchParams;
  issuer.claims = { sub: `subject-of-${email}`, nonce: asked.get('nonce'), email, email_verified: true, name };
  const query = new URLSearchParams({ code: 'one', state: asked.get('state') ?? '' });
  const back = await follow(`${asked.get('redirect_uri')}?${query}`, kept(began));
  expect([back.status, back.headers.get('location')]).toEqual([302, link]);
  return kept(back);
}

describe('Where the stack has an issuer to sign in at', () => {
  it('an approver decides by the link and signed in as the person it was sent to, and the ledger says so', async () => {
    const arn = await scene.pipeline.start(
      scene.output('OnboardingStateMachineArn'),
      'demand_onboard_1',
      onboardInput({ model: 'demand', approvers: [ANA, BEN] }),
    );
    const link = await scene.mail.link('demand_onboard_1', FIRST.email);
    expect(await scene.mail.answer(link, 'demand')).toBe(401);

    const post = async (cookies: readonly string[]) => {
      const body = new URLSearchParams({ decision: 'approve', version: 'demand', justification: 'As was agreed.' });
      return (await fetch(link, { method: 'POST', body, headers: { cookie: cookies.join('; ') } })).status;
    };
    const other = await signIn(link, { email: 'eve@shop.example', name: 'Eve' });
    expect(await post(other)).toBe(403);
    const own = await signIn(link, FIRST);
    // With the session of somebody else beside it, it says two things.
    expect(await post([...own, ...other])).toBe(401);
    const page = await (await fetch(link, { headers: { cookie: own.join('; ') } })).text();
    expect(page).toContain('Signed in as Fred First (fred@shop.example).');

    issuer.stop();
    expect((await follow(link.replace(/\/approvals\/.*/, '/sign-in'))).status).toBe(400);
    expect(await post(own)).toBe(200);
    expect((await scene.ended(arn)).end).toBe('applied');
    const decided = (await scene.ledger('demand')).filter(({ type }) => type === 'approval-decided');
    const signedIn = { issuer: issuer.address, subject: `subject-of-${FIRST.email}`, email: FIRST.email };
    expect(decided).toMatchObject([{ data: { approver: FIRST, signedIn } }]);
  }, 120_000);
});
