import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { type LookFault, type LookFaultCode, lookFaultOf } from './look-fault.ts';

/** A place in a conversation with AppConfig. `token` is good for one answer; `hasContent`: the session gave some before. */
export interface Session {
  readonly token: string;
  readonly hasContent: boolean;
}

/** What one look brought. `session`: what the next look goes on with; undefined: it starts anew. */
export type Answer = {
  readonly session: Session | undefined;
  /** The token that the look began with was no good any more, and it asked for a new session. */
  readonly hasRenewed: boolean;
} & (
  | {
      readonly ok: true;
      /** Null: as the answer before it in this session. */
      readonly content: Uint8Array | null;
    }
  | { readonly ok: false; readonly fault: LookFault }
);

export interface SessionPlace {
  readonly client: AppConfigDataClient;
  /** Id or name. */
  readonly application: string;
  /** Names environment and profile. */
  readonly model: string;
  /** Names the environment instead. */
  readonly environment?: string;
}

/** Said by AppConfig before it looked for content, so the token is as good as before, or else is refused next time. */
const TOKEN_STAYS: readonly LookFaultCode[] = ['THROTTLED', 'TOO_SOON', 'SERVER_ERROR', 'ACCESS_DENIED'];

/**
 * Sessions of AppConfig's data plane. Nothing is kept here: whoever takes an answer takes the next token with it, so that
 * an answer that nobody takes spoils nothing.
 */
export class AppConfigSessions {
  readonly #place: SessionPlace;

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  /**
   * One look, within a session where there is one. A token that is refused (expired, corrupt, spent by a look whose
   * answer was lost) leads to a new session at once. Never throws.
   */
  async latest(session: Session | undefined, signal: AbortSignal): Promise<Answer> {
    if (session === undefined) return this.#begin(signal, false);
    const answer = await this.#next(session, signal);
    const isRefused = !answer.ok && answer.fault.code === 'TOKEN_REFUSED';
    return isRefused ? this.#begin(signal, true) : answer;
  }

  async #begin(signal: AbortSignal, hasRenewed: boolean): Promise<Answer> {
    const { client, application, model, environment = model } = this.#place;
    const command = new StartConfigurationSessionCommand({
      ApplicationIdentifier: application,
      EnvironmentIdentifier: environment,
      ConfigurationProfileIdentifier: model,
    });
    try {
      const { InitialConfigurationToken: token } = await client.send(command, { abortSignal: signal });
      if (token === undefined) throw new SyntaxError('A session began without a token.');
      return { ...(await this.#next({ token, hasContent: false }, signal)), hasRenewed };
    } catch (error) {
      return { ok: false, fault: lookFaultOf(error), session: undefined, hasRenewed };
    }
  }

  async #next(session: Session, signal: AbortSignal): Promise<Answer> {
    const command = new GetLatestConfigurationCommand({ ConfigurationToken: session.token });
    try {
      const { Configuration, NextPollConfigurationToken: token } = await this.#place.client.send(command, {
        abortSignal: signal,
      });
      if (token === undefined) return failed('UNREADABLE', 'An answer without a next token is not of AppConfig.');
      // The SDK gives an empty body as null, whatever its types say.
      const content = Configuration?.length ? Configuration : null;
      if (content === null && !session.hasContent) return failed('EMPTY', 'A session began without content.');
      return { ok: true, content, session: { token, hasContent: true }, hasRenewed: false };
    } catch (error) {
      const { code, message } = lookFaultOf(error);
      if (code === 'BAD_REQUEST') return failed('TOKEN_REFUSED', message);
      // Where nobody knows whether the token was taken, a document may have gone with it: a new session brings it again.
      return failed(code, message, TOKEN_STAYS.includes(code) ? session : undefined);
    }
  }
}

function failed(code: LookFaultCode, message: string, session?: Session): Answer {
  return { ok: false, fault: { code, message }, session, hasRenewed: false };
}
