import { randomBytes } from 'node:crypto';
import { answerPage, type HttpAnswer } from '../approval/approval-http.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { oidcIssuer } from './issuer-store.ts';
import { beginSignIn, callbackAddress, completeSignIn, type SignInFlowPorts } from './sign-in.ts';
import { readSignIn } from './sign-in-http.ts';
import { unavailablePage } from './sign-in-pages.ts';

const baseUrl = config('APPROVAL_BASE_URL');
const ports: SignInFlowPorts = {
  issuer: oidcIssuer({
    issuer: config('OIDC_ISSUER'),
    clientId: config('OIDC_CLIENT_ID'),
    redirectUri: callbackAddress(baseUrl),
  }),
  sessions: wired.sessions(),
  random: randomBytes,
  baseUrl,
  onFailure: (why, code) => {
    if (why === 'refused') logger.warn('Sign-in refused', { code });
    else logger.error('SIGN_IN_UNAVAILABLE', { code });
  },
};

/** GET of the sign-in, and of the address that the issuer leads back to. Decides nothing; a session alone opens no page. */
export async function handler(event: unknown): Promise<HttpAnswer> {
  const request = readSignIn(event);
  try {
    return await (request.isCallback ? completeSignIn : beginSignIn)(ports, request, systemClock());
  } catch (error) {
    logger.error('SIGN_IN_UNAVAILABLE', { error: error instanceof Error ? error : String(error) });
    return answerPage(503, unavailablePage());
  }
}
