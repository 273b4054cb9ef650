import { randomBytes, randomInt } from 'node:crypto';
import * as z from 'zod';
import { type Call, json, readBody, routed } from '../gateway/rest-routes.ts';
import type { Now, Service, ServiceResponse } from '../service.ts';
import { servedBy } from './deployments.ts';
import { retrievalForm } from './feature-flags.ts';
import { type AppConfigState, arns, badRequest, FLAG_TYPE, type Named, notFound } from './state.ts';

const TOKEN_LIFE_MS = 24 * 3600 * 1000;
const DEFAULT_POLL_SECONDS = 60;

interface Session {
  readonly application: string;
  readonly target: { readonly EnvironmentId: string; readonly ConfigurationProfileId: string };
  readonly type: string;
  /** 0 when the reader named none: it may then poll at any time. */
  readonly minimumPollSeconds: number;
  /** Where the reader stands in a gradual deployment, 0 to 100. */
  readonly rank: number;
}

/** What a token stands for: good for one answer. */
interface Turn {
  readonly session: Session;
  /** The content that the reader has. */
  readonly held: string | undefined;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly notBefore: number;
}

const SessionSchema = z.object({
  ApplicationIdentifier: z.string(),
  EnvironmentIdentifier: z.string(),
  ConfigurationProfileIdentifier: z.string(),
  RequiredMinimumPollIntervalInSeconds: z.int().min(15).max(86_400).optional(),
});

/** The data plane: sessions and the latest configuration. Sessions end with the platform; readers start another. */
export function createDataPlane(state: AppConfigState, now: Now): Service {
  const turns = new Map<string, Turn>();
  const issue = (turn: Turn): string => {
    const token = randomBytes(32).toString('base64url');
    turns.set(token, turn);
    return token;
  };
  return {
    handle: routed({
      'POST /configurationsessions': (call) => {
        const session = startSession(state, call);
        const at = now().getTime();
        return json(201, {
          InitialConfigurationToken: issue({ session, held: undefined, issuedAt: at, notBefore: at }),
        });
      },
      'GET /configuration': (call) => {
        const token = call.query.get('configuration_token') ?? '';
        const turn = turns.get(token);
        if (turn === undefined) throw badToken('Corrupted', 'The token is unknown or was used before.');
        authorize(call, 'GetLatestConfiguration', turn.session);
        const at = now().getTime();
        if (at - turn.issuedAt > TOKEN_LIFE_MS) throw badToken('Expired', 'The token is older than 24 hours.');
        if (at < turn.notBefore)
          throw badToken('PollIntervalNotSatisfied', 'The minimum poll interval has not passed.');
        const { session, held } = turn;
        const served = servedContent(state, session, now());
        turns.delete(token);
        const notBefore = at + session.minimumPollSeconds * 1000;
        const next = issue({ session, held: served.content, issuedAt: at, notBefore });
        return answer(served, held, { token: next, pollSeconds: session.minimumPollSeconds || DEFAULT_POLL_SECONDS });
      },
    }),
  };
}

function startSession(state: AppConfigState, call: Call): Session {
  const given = readBody(call, SessionSchema);
  const find = <T extends Named>(items: readonly T[], what: string, id: string): T => {
    const found = items.find(({ Id }) => Id === id) ?? items.find(({ Name }) => Name === id);
    if (found === undefined) throw notFound(what, id);
    return found;
  };
  const { Id: application } = find(state.applications, 'Application', given.ApplicationIdentifier);
  const ours = ({ ApplicationId }: { readonly ApplicationId: string }): boolean => ApplicationId === application;
  const environment = find(state.environments.filter(ours), 'Environment', given.EnvironmentIdentifier);
  const profile = find(state.profiles.filter(ours), 'ConfigurationProfile', given.ConfigurationProfileIdentifier);
  const session = {
    application,
    target: { EnvironmentId: environment.Id, ConfigurationProfileId: profile.Id },
    type: profile.Type,
    minimumPollSeconds: given.RequiredMinimumPollIntervalInSeconds ?? 0,
    rank: randomInt(10_000) / 100,
  };
  authorize(call, 'StartConfigurationSession', session);
  return session;
}

function authorize(call: Call, operation: string, { application, target }: Session): void {
  const environment = arns.environment(application, target.EnvironmentId);
  call.authorize(`appconfig:${operation}`, [`${environment}/configuration/${target.ConfigurationProfileId}`]);
}

interface Served {
  readonly content: string;
  readonly contentType: string;
  readonly label: string | undefined;
}

function servedContent(state: AppConfigState, { target, type, rank }: Session, now: Date): Served {
  const live = servedBy(state, target, rank, now);
  if (live === undefined) throw notFound('Deployment', target.EnvironmentId);
  const stored = Buffer.from(live.content, 'base64').toString('utf8');
  const content = type === FLAG_TYPE ? retrievalForm(stored) : stored;
  return { content, contentType: live.contentType, label: live.deployment.VersionLabel };
}

function answer(
  served: Served,
  held: string | undefined,
  next: { readonly token: string; readonly pollSeconds: number },
): ServiceResponse {
  const headers = {
    'next-poll-configuration-token': next.token,
    'next-poll-interval-in-seconds': String(next.pollSeconds),
    'content-type': served.contentType,
    ...(served.label !== undefined && { 'version-label': served.label }),
  };
  return { status: 200, headers, body: served.content === held ? '' : served.content };
}

function badToken(Problem: string, message: string) {
  const Details = { InvalidParameters: { ConfigurationToken: { Problem } } };
  return badRequest(message, { Reason: 'InvalidParameters', Details });
}
