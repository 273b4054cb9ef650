import * as z from 'zod';
import { type Call, page, param, type Routes, readMembers } from '../gateway/rest-routes.ts';
import { AwsError, type Invoke, type ServiceResponse } from '../service.ts';
import { runExtensions } from './extensions.ts';
import { flagFaults } from './feature-flags.ts';
import {
  type AppConfigState,
  arns,
  badRequest,
  byId,
  conflict,
  FLAG_TYPE,
  type HostedVersion,
  notFound,
  type Profile,
} from './state.ts';

const MAX_CONTENT_BYTES = 2048 * 1024;

type Stored = AppConfigState['versions'][number];

const HeadersSchema = z.object({
  'content-type': z.string().min(1).max(255),
  description: z.string().max(1024).optional(),
  versionlabel: z
    .string()
    .max(64)
    .regex(/[^0-9]/, 'must hold something else than digits')
    .optional(),
  'latest-version-number': z.coerce.number().int().optional(),
});

/** Operations on hosted configuration versions, and ValidateConfiguration. */
export function versionRoutes(state: AppConfigState, invoke: Invoke): Routes {
  const path = '/applications/{app}/configurationprofiles/{profile}/hostedconfigurationversions';
  return {
    [`POST ${path}`]: (call) => {
      authorizeProfile(call, 'CreateHostedConfigurationVersion');
      return createVersion(state, invoke, call);
    },
    [`GET ${path}`]: (call) => {
      authorizeProfile(call, 'ListHostedConfigurationVersions');
      const label = call.query.get('version_label') ?? '*';
      const prefix = label.endsWith('*') ? label.slice(0, -1) : undefined;
      const labelled = ({ VersionLabel = '' }: HostedVersion): boolean =>
        prefix === undefined ? VersionLabel === label : VersionLabel.startsWith(prefix);
      const newestFirst = versionsOf(state, profileOf(state, call)).map(({ version }) => version);
      return page(newestFirst.filter(labelled), call);
    },
    [`GET ${path}/{version}`]: (call) => {
      const profile = param(call, 'profile');
      const own = `${arns.profile(param(call, 'app'), profile)}/hostedconfigurationversion/${param(call, 'version')}`;
      authorizeProfile(call, 'GetHostedConfigurationVersion', own);
      return raw(200, findVersion(state, profileOf(state, call), param(call, 'version')));
    },
    'POST /applications/{app}/configurationprofiles/{profile}/validators': (call) => {
      authorizeProfile(call, 'ValidateConfiguration');
      const profile = profileOf(state, call);
      const { content } = findVersion(state, profile, call.query.get('configuration_version') ?? '');
      assertValid(profile, content);
      return { status: 204 };
    },
  };
}

function authorizeProfile(call: Call, operation: string, ...more: readonly string[]): void {
  const app = param(call, 'app');
  call.authorize(`appconfig:${operation}`, [arns.application(app), arns.profile(app, param(call, 'profile')), ...more]);
}

/** @throws AwsError ResourceNotFoundException */
export function profileOf(state: AppConfigState, call: Call): Profile {
  const app = byId(state.applications, 'Application', param(call, 'app'));
  const ours = state.profiles.filter(({ ApplicationId }) => ApplicationId === app.Id);
  return byId(ours, 'ConfigurationProfile', param(call, 'profile'));
}

/** A hosted version by its number or label. @throws AwsError ResourceNotFoundException */
export function findVersion(state: AppConfigState, profile: Profile, numberOrLabel: string): Stored {
  const found = versionsOf(state, profile).find(
    ({ version }) => String(version.VersionNumber) === numberOrLabel || version.VersionLabel === numberOrLabel,
  );
  if (found === undefined) throw notFound('HostedConfigurationVersion', numberOrLabel);
  return found;
}

/** @param content Base64 @throws AwsError BadRequestException for flags that break AWS's rules */
export function assertValid(profile: Profile, content: string): void {
  if (profile.Type !== FLAG_TYPE) return;
  const faults = flagFaults(Buffer.from(content, 'base64').toString('utf8'));
  if (faults.length === 0) return;
  const InvalidConfiguration = faults.map((Reason) => ({ Type: 'FeatureFlags', Reason }));
  throw badRequest(`The feature flags are invalid: ${faults.join('; ')}`, {
    ...{ Reason: 'InvalidConfiguration', Details: { InvalidConfiguration } },
  });
}

function versionsOf(state: AppConfigState, profile: Profile): readonly Stored[] {
  return state.versions.filter(({ version }) => version.ConfigurationProfileId === profile.Id).reverse();
}

async function createVersion(state: AppConfigState, invoke: Invoke, call: Call): Promise<ServiceResponse> {
  const profile = profileOf(state, call);
  const application = byId(state.applications, 'Application', profile.ApplicationId);
  const headers = readMembers(call.headers, HeadersSchema);
  if (call.body.length > MAX_CONTENT_BYTES) {
    const members = { Measure: 'KILOBYTES', Limit: MAX_CONTENT_BYTES / 1024, Size: call.body.length / 1024 };
    throw new AwsError('PayloadTooLargeException', 'The configuration is larger than 2,048 KB.', 413, members);
  }
  nextVersion(state, profile, headers);
  const previous = versionsOf(state, profile)[0]?.content;
  const { content } = await runExtensions(state, invoke, {
    ...{ point: 'PRE_CREATE_HOSTED_CONFIGURATION_VERSION', application, profile },
    content: call.body.toString('base64'),
    members: { Description: headers.description ?? '', ...(previous !== undefined && { PreviousContent: previous }) },
  });
  assertValid(profile, content);
  const version = {
    ApplicationId: application.Id,
    ConfigurationProfileId: profile.Id,
    // Looked up again: another version may have come first while the extensions ran.
    VersionNumber: nextVersion(state, profile, headers),
    Description: headers.description,
    ContentType: headers['content-type'],
    VersionLabel: headers.versionlabel,
  };
  state.versions.push({ version, content });
  return raw(201, { version, content });
}

/** @throws AwsError ConflictException when the caller saw another latest version or the label is taken */
function nextVersion(state: AppConfigState, profile: Profile, headers: z.infer<typeof HeadersSchema>): number {
  const versions = versionsOf(state, profile);
  const latest = versions[0]?.version.VersionNumber ?? 0;
  const { 'latest-version-number': expected = latest, versionlabel: label } = headers;
  if (expected !== latest) throw conflict(`The latest version number is ${latest}, not ${expected}`);
  if (label !== undefined && versions.some(({ version }) => version.VersionLabel === label)) {
    throw conflict(`The version label ${label} is taken`);
  }
  return latest + 1;
}

function raw(status: number, { version, content }: Stored): ServiceResponse {
  const headers = {
    'application-id': version.ApplicationId,
    'configuration-profile-id': version.ConfigurationProfileId,
    'version-number': String(version.VersionNumber),
    'content-type': version.ContentType,
    ...(version.Description !== undefined && { description: version.Description }),
    ...(version.VersionLabel !== undefined && { versionlabel: version.VersionLabel }),
  };
  return { status, headers, body: Buffer.from(content, 'base64') };
}
