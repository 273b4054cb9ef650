import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { type Call, json, readBody, routed } from '../gateway/rest-routes.ts';
import type { AwsError, Service } from '../service.ts';
import { type Deployments, servedBy } from './deployments.ts';
import { retrievalForm } from './feature-flags.ts';
import { type AppConfigState, arns, badRequest, FLAG_TYPE, type Named, notFound } from './state.ts';

const TOKEN_LIFE_MS = 24 * 3600 * 1000;

interface Session {
  readonly application: string;
  readonly target: { readonly EnvironmentId: string; readonly ConfigurationProfileId: string };
  readonly type: string;
  /** 0 when the reader named none: it may then poll at any time. */
  readonly minimumPollSeconds: number;
}

/** What a token stands for: good for one answer. */
interface Turn {
  readonly session: Session;
  /** The content that the reader has. */
  readonly held?: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly notBefore: number;
}

const sessionSchema = z.object({
  ApplicationIdentifier: z.string(),
  EnvironmentIdentifier: z.string(),
  ConfigurationProfileIdentifier: z.string(),
  RequiredMinimumPollIntervalInSeconds: z.int().min(15).max(86_400).default(0),
});

/** The data plane: sessions and the latest configuration. Sessions end with the platform; readers start another. */
export function createDataPlane(parts: Deployments): Service {
  const turns = new Map<string, Turn>();
  const issue = (turn: Turn): string => {
    // Never with a hyphen first: the AWS CLI would take it for an option.
    const token = `AY${randomBytes(32).toString('base64url')}`;
    turns.set(token, turn);
    return token;
  };
  return {
    handle: routed({
      'POST /configurationsessions': (call) => {
        const at = parts.now().getTime();
        const session = startSession(parts.state, call);
        return json(201, { InitialConfigurationToken: issue({ session, issuedAt: at, notBefore: at }) });
      },
      'GET /configuration': (call) => {
        const token = call.query.get('configuration_token') ?? '';
        const turn = turns.get(token);
        if (turn === undefined) throw badToken('Corrupted', 'The token is unknown or was used before.');
        const { session, held } = turn;
        authorize(call, 'GetLatestConfiguration', session);
        const at = parts.now().getTime();
        if (at - turn.issuedAt > TOKEN_LIFE_MS) throw badToken('Expired', 'The token is older than 24 hours.');
        if (at < turn.notBefore) throw badToken('PollIntervalNotSatisfied', 'The poll interval has not passed.');
        const { content, headers } = servedContent(parts, session);
        turns.delete(token);
        const notBefore = at + session.minimumPollSeconds * 1000;
        const next = {
          'next-poll-configuration-token': issue({ session, held: content, issuedAt: at, notBefore }),
          'next-poll-interval-in-seconds': String(session.minimumPollSeconds || 60),
        };
        return { status: 200, headers: { ...headers, ...next }, body: content === held ? '' : content };
      },
    }),
  };
}

function startSession(state: AppConfigState, call: Call): Session {
  const given = readBody(call, sessionSchema);
  const find = <T extends Named>(items: readonly T[], what: string, id: string): T => {
    const found = items.find(({ Id, Name }) => Id === id || Name === id);
    if (found === undefined) throw notFound(what, id);
    return found;
  };
  const { Id: application } = find(state.applications, 'Application', given.ApplicationIdentifier);
  const ours = ({ ApplicationId }: { readonly ApplicationId: string }): boolean => ApplicationId === application;
  const environment = find(state.environments.filter(ours), 'Environment', given.EnvironmentIdentifier);
  const profile = find(state.profiles.filter(ours), 'ConfigurationProfile', given.ConfigurationProfileIdentifier);
  const target = { EnvironmentId: environment.Id, ConfigurationProfileId: profile.Id };
  const minimumPollSeconds = given.RequiredMinimumPollIntervalInSeconds;
  const session = { application, target, type: profile.Type, minimumPollSeconds };
  authorize(call, 'StartConfigurationSession', session);
  return session;
}

function authorize(call: Call, operation: string, { application, target }: Session): void {
  const environment = arns.environment(application, target.EnvironmentId);
  call.authorize(`appconfig:${operation}`, [`${environment}/configuration/${target.ConfigurationProfileId}`]);
}

function servedContent(parts: Deployments, { target, type }: Session) {
  const live = servedBy(parts, target);
  if (live === undefined) throw notFound('Deployment', target.EnvironmentId);
  const stored = Buffer.from(live.content, 'base64').toString('utf8');
  const { VersionLabel: label } = live.deployment;
  const headers = { 'content-type': live.contentType, ...(label !== undefined && { 'version-label': label }) };
  return { content: type === FLAG_TYPE ? retrievalForm(stored) : stored, headers };
}

function badToken(Problem: string, message: string): AwsError {
  const Details = { InvalidParameters: { ConfigurationToken: { Problem } } };
  return badRequest(message, { Reason: 'InvalidParameters', Details });
}
